/// What a log signs: its origin, its size and its root (c2sp.org/tlog-checkpoint).
package struct Checkpoint: Hashable, Sendable {
    package let origin: String
    /// The number of entries.
    package let size: Int
    package let root: MerkleHash

    package init(origin: String, size: Int, root: MerkleHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// The text that is signed; ends with a newline.
    package var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    /// Reads the text of a note; extension lines are allowed and have no meaning here.
    package init?(text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard
            lines.count >= 4, lines.last?.isEmpty == true,
            lines.dropLast().allSatisfy({ !$0.isEmpty }),
            let size = Int(lines[1]), size >= 0, String(size) == lines[1],
            let bytes = Base64.decode(String(lines[2])), let root = MerkleHash(bytes)
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root)
    }

    /// Reads a signed checkpoint and checks that it is by `key` and about the log of its name.
    package init(note bytes: [UInt8], key: VerifierKey) throws(NoteError) {
        let note = try SignedNote(bytes)
        _ = try note.verified(by: [key])
        guard let checkpoint = Checkpoint(text: note.text) else {
            throw .malformed("the text is not a checkpoint")
        }
        guard checkpoint.origin == key.name else {
            throw .malformed("the origin is \(checkpoint.origin), the key is of \(key.name)")
        }
        self = checkpoint
    }
}
