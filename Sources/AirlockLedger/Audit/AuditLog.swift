package import AirlockModel
import AirlockPorts

/// The audit log as files: verified, proved from and exported without the journal.
package struct AuditLog: Sendable {
    /// The largest file that is read, in bytes: a bundle of the largest entries.
    static let maximumFileBytes = TilePath.fullWidth * (2 + AuditEntry.maximumBytes)

    /// The folder with `checkpoint` and `tile`.
    package let path: String
    /// The ledger's folder when the log lies in one; a copied log has none.
    package let directory: StateDirectory?

    /// The log of a state directory.
    package init(_ directory: StateDirectory) {
        path = directory.audit
        self.directory = directory
    }

    /// A log that was copied elsewhere.
    package init(copy path: String) {
        self.path = path
        directory = nil
    }

    /// The public key under the log's name, from the ledger's private key.
    package func verifierKey() throws(AuditFault) -> VerifierKey {
        guard let directory else {
            throw .refused("a copied log has no key beside it: give the key")
        }
        let note = try checkpointNote()
        guard let file = try read(directory.auditKey, limit: 4096) else {
            throw .damaged(
                place: "keys/audit",
                what:
                    "the log's key is lost: restore it from a backup; who kept its public half gives it "
                    + "with `airlock audit verify --key`")
        }
        guard let key = SigningKey(file: file) else {
            throw .damaged(place: "keys/audit", what: "it is not a key")
        }
        let origin = note.text.prefix { $0 != 0x0A }
        guard let verifier = key.verifierKey(name: String(decoding: origin, as: UTF8.self)) else {
            throw .damaged(place: "audit/checkpoint", what: "its origin cannot be a key's name")
        }
        return verifier
    }

    /// The signed head of the log, checked against `key`; against the ledger's own when nil.
    package func checkpoint(key: VerifierKey? = nil) throws(AuditFault) -> Checkpoint {
        let key = if let key { key } else { try verifierKey() }
        return try Self.checkpoint(try checkpointBytes(), key)
    }

    /// The entries that match, in their order; every entry is held to the signed tree.
    package func entries(
        _ filter: AuditFilter, key: VerifierKey? = nil
    ) throws(AuditFault) -> [AuditEntry] {
        var found: [AuditEntry] = []
        try forEachEntry(of: try checkpoint(key: key)) { entry, _ throws(AuditFault) in
            guard filter.matches(entry.draft) else { return }
            found.append(entry)
        }
        return filter.last.map { Array(found.suffix($0)) } ?? found
    }

    /// Hands out every entry as one line of JSON with its newline, each held to the signed tree.
    ///
    /// - Throws: ``AuditFault/damaged(place:what:)`` with the first entry that is not the signed one,
    ///   after those before it were handed out.
    package func export(
        key: VerifierKey? = nil, line: ([UInt8]) throws(AuditFault) -> Void
    ) throws(AuditFault) {
        try forEachEntry(of: try checkpoint(key: key)) { _, bytes throws(AuditFault) in
            try line(bytes + [0x0A])
        }
    }

    /// Reads all entries that a checkpoint covers, a bundle at a time.
    ///
    /// The leaf hashes are held to the signed root before the first entry is handed out, and each
    /// bundle to its leaf hashes.
    func forEachEntry(
        of checkpoint: Checkpoint, _ body: (AuditEntry, [UInt8]) throws(AuditFault) -> Void
    ) throws(AuditFault) {
        let width = TilePath.fullWidth
        let size = checkpoint.size
        try checkLeaves(of: checkpoint)
        for index in 0..<(size + width - 1) / width {
            let count = min(width, size - index * width)
            let bundle = try provenBundle(index: index, count: count)
            for (offset, bytes) in bundle.entries.enumerated() {
                try body(
                    try Self.entry(bytes, sequence: index * width + offset, in: bundle.path), bytes)
            }
        }
    }

    /// The first `count` entries of a bundle, from whichever form of it is there.
    func bundle(
        index: Int, count: Int
    ) throws(AuditFault) -> (path: TilePath, bytes: [UInt8], entries: [[UInt8]]) {
        let (path, bytes) = try tile(.entries, index: index, width: count)
        switch EntryBundle.entries(in: bytes) {
        case .failure(let misfit):
            throw .damaged(
                place: "audit/\(path) offset \(misfit.offset)",
                what: "no whole entry begins here")
        case .success(let entries):
            guard entries.count == path.width else {
                throw .damaged(
                    place: "audit/\(path)",
                    what: "it has \(entries.count) entries in place of \(path.width)")
            }
            return (path, bytes, entries.prefix(count).map(Array.init))
        }
    }

    /// The first `count` entries of a bundle, which must be those of the leaf hashes beside it.
    ///
    /// - Throws: ``AuditFault/damaged(place:what:)`` with the first entry of another hash.
    func provenBundle(
        index: Int, count: Int
    ) throws(AuditFault) -> (path: TilePath, entries: [[UInt8]]) {
        let (path, _, entries) = try bundle(index: index, count: count)
        let (tile, leaves) = try leaves(index: index, count: count)
        for (offset, bytes) in entries.enumerated() where MerkleHash.leaf(bytes) != leaves[offset] {
            throw .damaged(
                place: "audit/\(path) entry \(offset)",
                what: "its hash is not that in audit/\(tile)")
        }
        return (path, entries)
    }

    /// The first `count` hashes of a tile of leaves, from whichever form of it is there.
    private func leaves(
        index: Int, count: Int
    ) throws(AuditFault) -> (path: TilePath, hashes: [MerkleHash]) {
        let (path, bytes) = try tile(.hashes(level: 0), index: index, width: count)
        guard let hashes = [MerkleHash](tileBytes: bytes), hashes.count == path.width else {
            throw .damaged(
                place: "audit/\(path)",
                what: "\(bytes.count) bytes in place of \(path.width * MerkleHash.byteCount)")
        }
        return (path, Array(hashes.prefix(count)))
    }

    /// Holds the leaf hashes to the signed root.
    private func checkLeaves(of checkpoint: Checkpoint) throws(AuditFault) {
        let width = TilePath.fullWidth
        var range = CompactRange()
        for index in 0..<(checkpoint.size + width - 1) / width {
            let count = min(width, checkpoint.size - index * width)
            for hash in try leaves(index: index, count: count).hashes { range.append(hash) }
        }
        guard range.root == checkpoint.root else {
            throw .damaged(
                place: "audit/tile/0",
                what: "its hashes do not lead to the signed root: "
                    + "`airlock audit verify` names the place")
        }
    }

    /// A tile or bundle of at least that width: the full form serves where a partial one is gone.
    func tile(
        _ content: TilePath.Content, index: Int, width: Int
    ) throws(AuditFault) -> (path: TilePath, bytes: [UInt8]) {
        let wanted = TilePath(content, index: index, width: width)
        for candidate in [wanted, TilePath(content, index: index)] {
            let file = "\(path)/\(candidate)"
            if let bytes = try read(file, limit: Self.maximumFileBytes) {
                return (candidate, bytes)
            }
        }
        throw .damaged(place: "audit/\(wanted)", what: "it is missing")
    }

    /// Reads an entry that must be the one with that number.
    static func entry(
        _ bytes: [UInt8], sequence: Int, in path: TilePath
    ) throws(AuditFault) -> AuditEntry {
        let place = "audit/\(path) entry \(sequence % TilePath.fullWidth)"
        let entry: AuditEntry
        do throws(AuditEntryError) {
            entry = try AuditEntry(bytes: bytes)
        } catch {
            throw .damaged(place: place, what: "it is not an entry: \(error)")
        }
        guard entry.sequence == sequence else {
            throw .damaged(place: place, what: "it is entry \(entry.sequence), not \(sequence)")
        }
        return entry
    }

    static func checkpoint(_ note: [UInt8], _ key: VerifierKey) throws(AuditFault) -> Checkpoint {
        do throws(NoteError) {
            return try Checkpoint(note: note, key: key)
        } catch {
            throw .damaged(place: "audit/checkpoint", what: "it is not signed by \(key): \(error)")
        }
    }

    private func checkpointNote() throws(AuditFault) -> SignedNote {
        let bytes = try checkpointBytes()
        do throws(NoteError) {
            return try SignedNote(bytes)
        } catch {
            throw .damaged(place: "audit/checkpoint", what: "\(error)")
        }
    }

    /// The bytes of the file `checkpoint`.
    func checkpointBytes() throws(AuditFault) -> [UInt8] {
        let file = "\(path)/checkpoint"
        guard let bytes = try read(file, limit: SignedNote.maximumBytes) else {
            throw .missing(path: file)
        }
        return bytes
    }

    /// The content of a file; nil when there is none.
    func read(_ file: String, limit: Int) throws(AuditFault) -> [UInt8]? {
        do throws(LedgerError) {
            return try DurableFile.read(file, limit: limit)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
