/// Compares every tile file with the tree that the entries give.
///
/// Whether an entry or a tile is wrong can be said only when the signed root is known to follow from
/// the entries; so the first difference is kept until the end.
struct TileComparison {
    private let log: AuditLog
    private let size: Int
    /// The right edge of what was taken.
    private(set) var edge = MerkleEdge()
    /// The first place at which an entry does not give the hash of its tile.
    private var firstEntry: AuditFault?
    /// The first hash of a tile that is not what the entries give.
    private var firstHash: AuditFault?
    /// The first older partial form that is not the beginning of its tile.
    private var firstPartial: AuditFault?

    init(log: AuditLog, size: Int) {
        self.log = log
        self.size = size
    }

    /// Takes the entries of the next bundle.
    mutating func take(_ entries: [[UInt8]], of path: TilePath) throws(AuditFault) {
        let leaves = entries.map { MerkleHash.leaf($0) }
        try compareEntries(leaves, of: path)
        for leaf in leaves {
            for tile in edge.append(leaf) { try compare(tile.hashes, of: tile.path) }
        }
        try comparePartials(of: path, count: entries.count) { width in
            EntryBundle.bytes(of: entries.prefix(width))
        }
    }

    /// Says what is wrong, if anything, once all entries were taken.
    mutating func finish(signedRoot: MerkleHash) throws(AuditFault) {
        for tile in edge.partials { try compare(tile.hashes, of: tile.path) }
        if edge.root == signedRoot {
            if let fault = firstHash ?? firstPartial { throw fault }
            return
        }
        throw firstEntry ?? firstHash
            ?? .damaged(
                place: "audit/checkpoint",
                what: "its root is not that of the \(size) entries: one of them was replaced")
    }

    /// Keeps the first entry that its level 0 tile does not know.
    private mutating func compareEntries(
        _ leaves: [MerkleHash], of bundle: TilePath
    ) throws(AuditFault) {
        guard firstEntry == nil else { return }
        let (path, bytes) = try log.tile(
            .hashes(level: 0), index: bundle.index, width: leaves.count)
        let known = Self.hashes(bytes)
        for (offset, leaf) in leaves.enumerated()
        where offset >= known.count || known[offset] != leaf {
            firstEntry = .damaged(
                place: "audit/\(bundle) entry \(offset)",
                what: "its hash is not that in audit/\(path)")
            return
        }
    }

    private mutating func compare(
        _ hashes: [MerkleHash], of path: TilePath
    ) throws(AuditFault) {
        let (found, bytes) = try log.tile(path.content, index: path.index, width: path.width)
        if firstHash == nil {
            firstHash = Self.difference(Self.hashes(bytes), hashes, bytes.count, of: found)
        }
        try comparePartials(of: path, count: hashes.count) { width in
            Array(hashes.prefix(width)).tileBytes
        }
    }

    private static func difference(
        _ found: [MerkleHash], _ expected: [MerkleHash], _ bytes: Int, of path: TilePath
    ) -> AuditFault? {
        guard bytes == path.width * MerkleHash.byteCount else {
            return .damaged(
                place: "audit/\(path)",
                what: "\(bytes) bytes in place of \(path.width * MerkleHash.byteCount)")
        }
        let offset = expected.indices.first { found[$0] != expected[$0] }
        return offset.map {
            .damaged(
                place: "audit/\(path) hash \($0) (offset \($0 * MerkleHash.byteCount))",
                what: "it is not the hash of what it stands for")
        }
    }

    /// Compares the older partial forms of a tile that are still there.
    private mutating func comparePartials(
        of path: TilePath, count: Int, expected: (Int) -> [UInt8]
    ) throws(AuditFault) {
        let names = try log.namesIfFolder("\(log.path)/\(path.folderOfPartials)") ?? []
        for width in names.compactMap(Int.init).sorted() where width <= count {
            let partial = TilePath(path.content, index: path.index, width: width)
            guard partial.isPartial,
                let bytes = try log.read(
                    "\(log.path)/\(partial)", limit: AuditLog.maximumFileBytes)
            else { continue }
            let wanted = expected(width)
            guard bytes != wanted, firstPartial == nil else { continue }
            let offset = zip(bytes, wanted).enumerated().first { $1.0 != $1.1 }?.offset
            firstPartial = .damaged(
                place: "audit/\(partial) offset \(offset ?? min(bytes.count, wanted.count))",
                what: "it is not the beginning of its tile")
        }
    }

    private static func hashes(_ bytes: [UInt8]) -> [MerkleHash] {
        let whole = bytes.count / MerkleHash.byteCount * MerkleHash.byteCount
        return [MerkleHash](tileBytes: Array(bytes[..<whole])) ?? []
    }
}
