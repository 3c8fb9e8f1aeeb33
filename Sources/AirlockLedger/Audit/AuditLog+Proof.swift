/// Proofs that need no log: c2sp.org/tlog-proof@v1, kept in files that end with `.tlog-proof`.
extension AuditLog {
    private static let proofHeader = "c2sp.org/tlog-proof@v1"
    /// Most hashes in a proof: a tree of 2⁶³ entries.
    private static let maximumPath = 63

    /// The text that proves to anyone with the key that an entry is in the log.
    ///
    /// - Throws: ``AuditFault/damaged(place:what:)`` also when the entry that lies in its bundle is not
    ///   the one that was signed: a proof of it would prove nothing about what `export` writes.
    package func prove(_ sequence: Int, key: VerifierKey? = nil) throws(AuditFault) -> String {
        let key = if let key { key } else { try verifierKey() }
        let note = try checkpointBytes()
        let checkpoint = try Self.checkpoint(note, key)
        guard (0..<checkpoint.size).contains(sequence) else {
            throw .refused(
                "there is no entry \(sequence): the log has \(checkpoint.size), the first is 0")
        }
        var reader = SubtreeReader(log: self, size: checkpoint.size)
        let path = try MerkleTree.inclusion(
            of: sequence, size: checkpoint.size
        ) { range throws(AuditFault) in try reader.root(of: range) }
        let leaf = try reader.root(of: sequence..<sequence + 1)
        guard
            MerkleTree.isIncluded(
                leaf, at: sequence, size: checkpoint.size, path: path, root: checkpoint.root)
        else {
            throw .damaged(
                place: "audit/tile",
                what: "the tiles do not lead to the signed root: verify the log")
        }
        let (index, width) = (sequence / TilePath.fullWidth, TilePath.fullWidth)
        _ = try provenBundle(index: index, count: min(width, checkpoint.size - index * width))
        let hashes = path.map { Base64.encode($0.bytes) + "\n" }.joined()
        return "\(Self.proofHeader)\nindex \(sequence)\n\(hashes)\n"
            + String(decoding: note, as: UTF8.self)
    }

    /// Checks that the log begins with what an older checkpoint of it covers.
    ///
    /// - Parameter note: The older `checkpoint` file, kept where the log's keeper cannot change it.
    /// - Returns: The older checkpoint.
    /// - Throws: ``AuditFault/damaged(place:what:)`` when the log is another one, or shorter.
    package func extends(
        _ note: [UInt8], key: VerifierKey? = nil
    ) throws(AuditFault) -> Checkpoint {
        let key = if let key { key } else { try verifierKey() }
        let older = try Self.checkpoint(note, key)
        let newer = try Self.checkpoint(try checkpointBytes(), key)
        guard older.size <= newer.size else {
            throw .damaged(
                place: "audit/checkpoint",
                what: "it covers \(newer.size) entries, the older one \(older.size): the log was "
                    + "cut short")
        }
        var path: [MerkleHash] = []
        if older.size > 0 {
            var reader = SubtreeReader(log: self, size: newer.size)
            path = try MerkleTree.consistency(
                from: older.size, to: newer.size
            ) { range throws(AuditFault) in try reader.root(of: range) }
        }
        guard
            MerkleTree.isConsistent(
                old: (older.size, older.root), new: (newer.size, newer.root), path: path)
        else {
            throw .damaged(
                place: "audit/checkpoint",
                what:
                    "the log does not begin with the \(older.size) entries of the older checkpoint")
        }
        return older
    }

    /// Checks a proof without the log.
    ///
    /// - Returns: The number of the entry and the signed head in which it is.
    /// - Throws: ``AuditFault/damaged(place:what:)`` when the text proves nothing about `entry`.
    package static func verifyProof(
        _ text: String, entry: [UInt8], key: VerifierKey
    ) throws(AuditFault) -> (sequence: Int, checkpoint: Checkpoint) {
        let bytes = Array(text.utf8)
        let blank = bytes.indices.dropLast().first { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }
        guard let blank else { throw .damaged(place: "proof", what: "it has no checkpoint") }
        var lines = String(decoding: bytes[..<blank], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == proofHeader[...] else {
            throw .damaged(place: "proof line 1", what: "it is not \(proofHeader)")
        }
        if lines.first?.hasPrefix("extra ") == true { lines.removeFirst() }
        guard
            let line = lines.popFirst(), line.hasPrefix("index "),
            let sequence = Int(line.dropFirst(6)), line == "index \(sequence)"
        else { throw .damaged(place: "proof", what: "its index is missing") }
        var path: [MerkleHash] = []
        for line in lines {
            guard let bytes = Base64.decode(String(line)), let hash = MerkleHash(bytes),
                path.count < maximumPath
            else { throw .damaged(place: "proof hash \(path.count + 1)", what: "it is not a hash") }
            path.append(hash)
        }
        let checkpoint = try checkpoint(Array(bytes[(blank + 2)...]), key)
        guard
            MerkleTree.isIncluded(
                .leaf(entry), at: sequence, size: checkpoint.size, path: path,
                root: checkpoint.root)
        else {
            throw .damaged(
                place: "proof", what: "the entry is not number \(sequence) of the signed log")
        }
        return (sequence, checkpoint)
    }
}

/// The roots of ranges of entries, from the tiles of a log.
struct SubtreeReader {
    private let log: AuditLog
    private let size: Int
    private var tiles: [TilePath: [MerkleHash]] = [:]

    init(log: AuditLog, size: Int) {
        self.log = log
        self.size = size
    }

    /// The root over a range that a proof asks for: perfect subtrees left to right.
    mutating func root(of range: Range<Int>) throws(AuditFault) -> MerkleHash {
        let count = range.count
        if count.nonzeroBitCount == 1, range.lowerBound.isMultiple(of: count) {
            return try perfect(range)
        }
        let middle = range.lowerBound + MerkleTree.split(count)
        let left = try root(of: range.lowerBound..<middle)
        return .node(left, try root(of: middle..<range.upperBound))
    }

    private mutating func perfect(_ range: Range<Int>) throws(AuditFault) -> MerkleHash {
        let height = range.count.trailingZeroBitCount
        let (level, within) = (height / 8, height % 8)
        let first = range.lowerBound >> (8 * level)
        let index = first / TilePath.fullWidth
        let hashes = try tile(level: level, index: index)
        let start = first % TilePath.fullWidth
        guard start + 1 << within <= hashes.count else {
            throw .damaged(
                place: "audit/\(TilePath(.hashes(level: level), index: index))", what: "too short")
        }
        return MerkleTree.root(of: hashes[start..<start + 1 << within])
    }

    private mutating func tile(level: Int, index: Int) throws(AuditFault) -> [MerkleHash] {
        let width = min(TilePath.fullWidth, size >> (8 * level) - index * TilePath.fullWidth)
        let path = TilePath(.hashes(level: level), index: index, width: width)
        if let known = tiles[path] { return known }
        let bytes = try log.tile(.hashes(level: level), index: index, width: width).bytes
        guard let hashes = [MerkleHash](tileBytes: bytes) else {
            throw .damaged(place: "audit/\(path)", what: "it is not a whole number of hashes")
        }
        tiles[path] = hashes
        return hashes
    }
}
