import AirlockModel
import AirlockPorts
import CLibgit2

/// Merges two commits without writing anything.
struct MergeInMemory {
    private let limits: GitLimits
    private(set) var treesRead = 0

    /// What a merge would change on the commit that it goes onto.
    struct Result {
        var delta = TreeDelta(changes: [])
        var conflicts: [String] = []
        var blobs: [ObjectID: [UInt8]] = [:]
    }

    init(limits: GitLimits) { self.limits = limits }

    /// The merge of `head` onto `base`; already merged is no change, a descendant is its own tree.
    ///
    /// - Throws: ``SourceError/failed(_:)`` when the two have no common ancestor.
    mutating func result(
        of head: CommitID, onto base: CommitID, in repository: borrowing Repository
    ) throws(SourceError) -> Result {
        let relation = try GitSource.translating(repository) { repository throws(GitError) in
            (
                isMerged: try repository.descends(base, from: head),
                isForward: try repository.descends(head, from: base),
                base: try repository.tree(of: base), head: try repository.tree(of: head)
            )
        }
        if relation.isMerged { return Result() }
        if relation.isForward {
            return Result(delta: try compare(relation.base, relation.head, repository))
        }
        return try merge(head, onto: base, tree: relation.base, repository)
    }

    private mutating func compare(
        _ base: GitObjectID, _ head: GitObjectID, _ repository: borrowing Repository
    ) throws(SourceError) -> TreeDelta {
        var comparison = TreeComparison(limits: limits)
        defer { treesRead += comparison.treesRead }
        return try comparison.delta(from: base, to: head, in: repository)
    }

    /// Uses a second handle on the mirror whose new objects stay in memory and go with it.
    private mutating func merge(
        _ head: CommitID, onto base: CommitID, tree: GitObjectID,
        _ repository: borrowing Repository
    ) throws(SourceError) -> Result {
        try requireCommonAncestor(head, base, repository)
        let scratch = try Self.scratch(repository.path)
        let merged = try GitSource.translating(scratch) { scratch throws(GitError) in
            try Self.merge(head, onto: base, scratch)
        }
        switch merged {
        case .conflicts(let paths): return Result(conflicts: paths)
        case .tree(let result):
            let delta = try compare(tree, result, scratch)
            return Result(delta: delta, blobs: try newBlobs(delta, scratch, besides: repository))
        }
    }

    private static func scratch(_ path: String) throws(SourceError) -> Repository {
        do throws(GitError) {
            let scratch = try Repository(opening: path)
            try scratch.keepNewObjectsInMemory()
            return scratch
        } catch {
            throw error.reading(path)
        }
    }

    private enum Merged {
        case tree(GitObjectID)
        case conflicts([String])
    }

    private static func merge(
        _ head: CommitID, onto base: CommitID, _ scratch: borrowing Repository
    ) throws(GitError) -> Merged {
        let ours = try scratch.commit(base)
        let theirs = try scratch.commit(head)
        var options = git_merge_options()
        try GitError.check(
            git_merge_options_init(&options, UInt32(GIT_MERGE_OPTIONS_VERSION)), "set up the merge")
        return try scratch.with { repository throws(GitError) in
            let index = try GitHandle("merge \(head) onto \(base)", release: git_index_free) {
                out in
                ours.with { ours in
                    theirs.with { theirs in
                        git_merge_commits(&out, repository, ours, theirs, &options)
                    }
                }
            }
            return try index.with { index throws(GitError) in
                guard git_index_has_conflicts(index) == 0 else {
                    return .conflicts(try conflicts(of: index))
                }
                var oid = git_oid()
                try GitError.check(
                    git_index_write_tree_to(&oid, index, repository), "make the merged tree")
                return .tree(GitObjectID(oid))
            }
        }
    }

    private typealias Side = UnsafePointer<git_index_entry>?
    private typealias Sides = (Side, Side, Side)

    private static func conflicts(of index: OpaquePointer) throws(GitError) -> [String] {
        let iterator = try GitHandle(
            "list conflicts", release: git_index_conflict_iterator_free
        ) {
            git_index_conflict_iterator_new(&$0, index)
        }
        let paths = try iterator.with { iterator throws(GitError) in
            var paths: Set<String> = []
            while true {
                var (ancestor, ours, theirs): Sides = (nil, nil, nil)
                let code = git_index_conflict_next(&ancestor, &ours, &theirs, iterator)
                if code == GIT_ITEROVER.rawValue { return paths }
                try GitError.check(code, "list conflicts")
                for case let side? in [ancestor, ours, theirs] {
                    guard let path = side.pointee.path else { continue }
                    paths.insert(GitText.clean(path, bytes: GitLimits.standard.pathBytes))
                }
            }
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func requireCommonAncestor(
        _ head: CommitID, _ base: CommitID, _ repository: borrowing Repository
    ) throws(SourceError) {
        var (one, two, found) = (GitObjectID(head).oid, GitObjectID(base).oid, git_oid())
        let code = repository.with { git_merge_base(&found, $0, &one, &two) }
        guard code != GIT_ENOTFOUND.rawValue else {
            throw .failed(
                "\(head.short) and \(base.short) have no common ancestor, so git would not merge "
                    + "them; base the branch on the deployed one")
        }
        try GitSource.translating(repository) { _ throws(GitError) in
            _ = try GitError.check(code, "compare commits \(head) and \(base)")
        }
    }

    /// The contents that exist only in the merge.
    private func newBlobs(
        _ delta: TreeDelta, _ scratch: borrowing Repository, besides mirror: borrowing Repository
    ) throws(SourceError) -> [ObjectID: [UInt8]] {
        var blobs: [ObjectID: [UInt8]] = [:]
        for case .set(let entry) in delta.changes where entry.kind != .submodule {
            guard blobs[entry.object] == nil, !mirror.contains(GitObjectID(entry.object)) else {
                continue
            }
            blobs[entry.object] = try scratch.blob(entry.object, limits: limits)
        }
        return blobs
    }
}
