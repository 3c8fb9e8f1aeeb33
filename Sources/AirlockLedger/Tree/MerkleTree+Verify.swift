extension MerkleTree {
    /// Whether `leaf` is entry `index` of the tree with that size and root; RFC 9162 section 2.1.3.2.
    package static func isIncluded(
        _ leaf: MerkleHash, at index: Int, size: Int, path: [MerkleHash], root: MerkleHash
    ) -> Bool {
        guard index >= 0, index < size else { return false }
        var (position, last) = (index, size - 1)
        var result = leaf
        for hash in path {
            guard last != 0 else { return false }
            if position & 1 == 1 || position == last {
                result = .node(hash, result)
                while position & 1 == 0 && position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                result = .node(result, hash)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && result == root
    }

    /// Whether the old tree is the beginning of the new one; RFC 9162 section 2.1.4.2.
    ///
    /// Two trees of one size are consistent when their roots are equal and the path is empty; the
    /// empty tree is the beginning of every tree.
    package static func isConsistent(
        old: (size: Int, root: MerkleHash), new: (size: Int, root: MerkleHash), path: [MerkleHash]
    ) -> Bool {
        guard old.size >= 0, old.size <= new.size else { return false }
        if old.size == new.size { return path.isEmpty && old.root == new.root }
        if old.size == 0 { return path.isEmpty && old.root == .empty }
        var hashes = path[...]
        if old.size.nonzeroBitCount == 1 { hashes = [old.root] + hashes }
        guard let first = hashes.popFirst() else { return false }
        var (position, last) = (old.size - 1, new.size - 1)
        while position & 1 == 1 {
            position >>= 1
            last >>= 1
        }
        var (oldResult, newResult) = (first, first)
        for hash in hashes {
            guard last != 0 else { return false }
            if position & 1 == 1 || position == last {
                oldResult = .node(hash, oldResult)
                newResult = .node(hash, newResult)
                while position & 1 == 0 && position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                newResult = .node(newResult, hash)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && oldResult == old.root && newResult == new.root
    }
}
