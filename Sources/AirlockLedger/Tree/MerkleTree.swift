/// Roots and proofs of the tree of RFC 6962, from hashes that are at hand.
package enum MerkleTree {
    /// The root over consecutive hashes; ``MerkleHash/empty`` for none.
    package static func root(of hashes: some Collection<MerkleHash>) -> MerkleHash {
        var range = CompactRange()
        for hash in hashes { range.append(hash) }
        return range.root
    }

    /// The largest power of two that is less than `count`; RFC 6962 calls it k.
    package static func split(_ count: Int) -> Int {
        precondition(count > 1, "a tree of one entry has no two halves")
        return 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    /// The audit path of an entry, from its sibling up; RFC 6962 section 2.1.1.
    /// - Parameter subtree: The root over a range of entries.
    package static func inclusion<Failure: Error>(
        of index: Int, size: Int, subtree: (Range<Int>) throws(Failure) -> MerkleHash
    ) throws(Failure) -> [MerkleHash] {
        precondition((0..<size).contains(index), "the entry is not in the tree")
        var range = 0..<size
        var path: [MerkleHash] = []
        while range.count > 1 {
            let middle = range.lowerBound + split(range.count)
            if index < middle {
                path.append(try subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// The proof that a tree of `old` entries is the beginning of one of `new`; RFC 6962 section 2.1.2.
    /// - Parameter subtree: The root over a range of entries.
    package static func consistency<Failure: Error>(
        from old: Int, to new: Int, subtree: (Range<Int>) throws(Failure) -> MerkleHash
    ) throws(Failure) -> [MerkleHash] {
        precondition((1...max(new, 1)).contains(old), "there is nothing to prove")
        var range = 0..<new
        var path: [MerkleHash] = []
        var isWhole = true
        while old != range.upperBound {
            let middle = range.lowerBound + split(range.count)
            if old <= middle {
                path.append(try subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
                isWhole = false
            }
        }
        if !isWhole { path.append(try subtree(range)) }
        return path.reversed()
    }
}

/// The roots of the perfect subtrees that a tree is made of, left to right.
///
/// Appending costs one hash on average and log₂ n at most; the root costs log₂ n.
package struct CompactRange: Hashable, Sendable {
    /// The number of hashes that were appended.
    package private(set) var count = 0
    private var peaks: [MerkleHash] = []

    package init() {}

    /// Takes the next hash to the right.
    package mutating func append(_ hash: MerkleHash) {
        var carried = hash
        for _ in 0..<(~count).trailingZeroBitCount {
            carried = .node(peaks.removeLast(), carried)
        }
        peaks.append(carried)
        count += 1
    }

    /// The root over everything that was appended.
    package var root: MerkleHash {
        guard let last = peaks.last else { return .empty }
        return peaks.dropLast().reversed().reduce(last) { .node($1, $0) }
    }
}
