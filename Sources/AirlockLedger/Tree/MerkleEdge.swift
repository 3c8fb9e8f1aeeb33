/// The right edge of a tiled log: what is needed to append to it and to know its root.
package struct MerkleEdge: Hashable, Sendable {
    /// For each level the hashes of its last tile, fewer than 256.
    package private(set) var levels: [[MerkleHash]]
    /// The number of entries.
    package private(set) var size: Int

    /// A log without entries.
    package init() {
        levels = []
        size = 0
    }

    /// The edge of a log of `size` entries from its partial tiles, level 0 first; nil when their
    /// widths do not fit the size.
    package init?(size: Int, levels: [[MerkleHash]]) {
        let needed = Self.levelCount(ofSize: size)
        guard
            levels.count == needed,
            levels.indices.allSatisfy({
                levels[$0].count == (size >> (8 * $0)) % TilePath.fullWidth
            })
        else { return nil }
        self.levels = levels
        self.size = size
    }

    /// The number of levels that have at least one hash.
    package static func levelCount(ofSize size: Int) -> Int {
        var (level, rest) = (0, size)
        while rest > 0 {
            level += 1
            rest >>= 8
        }
        return level
    }

    /// A tile that became full.
    package struct Completed: Hashable, Sendable {
        package let path: TilePath
        package let hashes: [MerkleHash]
    }

    /// Takes the next entry's hash.
    /// - Returns: The tiles that it made full, level 0 first; mostly none.
    package mutating func append(_ leaf: MerkleHash) -> [Completed] {
        size += 1
        var completed: [Completed] = []
        var (hash, level) = (leaf, 0)
        while true {
            if level == levels.count { levels.append([]) }
            levels[level].append(hash)
            guard levels[level].count == TilePath.fullWidth else { return completed }
            let index = (size >> (8 * (level + 1))) - 1
            completed.append(
                Completed(
                    path: TilePath(.hashes(level: level), index: index), hashes: levels[level]))
            hash = MerkleTree.root(of: levels[level])
            levels[level] = []
            level += 1
        }
    }

    /// The root over all entries.
    package var root: MerkleHash {
        var result: MerkleHash?
        for hashes in levels {
            for peak in Self.peaks(of: hashes).reversed() {
                result = result.map { .node(peak, $0) } ?? peak
            }
        }
        return result ?? .empty
    }

    /// The partial tiles, level 0 first.
    package var partials: [Completed] {
        levels.enumerated().compactMap { level, hashes in
            guard !hashes.isEmpty else { return nil }
            let index = size >> (8 * (level + 1))
            return Completed(
                path: TilePath(.hashes(level: level), index: index, width: hashes.count),
                hashes: hashes)
        }
    }

    /// The roots of the perfect subtrees of a partial tile, left to right.
    private static func peaks(of hashes: [MerkleHash]) -> [MerkleHash] {
        var peaks: [MerkleHash] = []
        var start = 0
        for bit in stride(from: 7, through: 0, by: -1) where hashes.count & (1 << bit) != 0 {
            peaks.append(MerkleTree.root(of: hashes[start..<start + (1 << bit)]))
            start += 1 << bit
        }
        return peaks
    }
}
