import AirlockModel
import AirlockPorts

/// Compares two trees by walking both in their common order; folders with the same name are skipped.
///
/// The cost follows the folders that differ, not the size of the repository. A full diff
/// (`git_diff_tree_to_tree`) measured four times slower on 25,000 folders.
struct TreeComparison {
    private let limits: GitLimits
    /// Folders of the comparison before this one: what was its head is mostly this one's base.
    private let known: [GitObjectID: RawTree]
    /// Large folders that were seen, for the next comparison.
    private(set) var seen: [GitObjectID: RawTree] = [:]
    private var changes: [TreeChange] = []
    private var entriesSeen = 0
    private var kept = 0
    private(set) var treesRead = 0

    /// Folders with fewer entries are read again as fast as they are kept.
    private static let leastKept = 64
    /// The most entries that are kept, at about 100 bytes each.
    private static let mostKept = 500_000
    /// The most bytes of a path that a message spells.
    private static let toldBytes = 200

    /// - Parameter known: What the comparison before this one had ``seen``.
    init(limits: GitLimits, known: [GitObjectID: RawTree] = [:]) {
        self.limits = limits
        self.known = known
    }

    /// The differences from `base` to `head` below the read paths, sorted by the bytes of the path.
    ///
    /// - Throws: ``SourceError/tooLarge(what:limit:)`` over a cap, ``SourceError/unacceptable(_:)`` for
    ///   a name that no checkout could have.
    mutating func delta(
        from base: GitObjectID?, to head: GitObjectID, in repository: borrowing Repository
    ) throws(SourceError) -> TreeDelta {
        changes = []
        try walk(Folder(path: [], depth: 0), base, head, repository)
        changes.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return TreeDelta(changes: changes)
    }

    private struct Folder {
        let path: [UInt8]
        let depth: Int
    }

    private mutating func walk(
        _ folder: Folder, _ base: GitObjectID?, _ head: GitObjectID?,
        _ repository: borrowing Repository
    ) throws(SourceError) {
        if base == head { return }
        guard folder.depth <= limits.treeDepth else {
            throw .tooLarge(
                what: "folder \(GitText.escaped(folder.path))", limit: "\(limits.treeDepth) levels")
        }
        let (old, new) = try entries(base, head, folder, repository)
        var (left, right) = (old.startIndex, new.startIndex)
        while left < old.endIndex || right < new.endIndex {
            let before = left < old.endIndex ? old[left] : nil
            let after = right < new.endIndex ? new[right] : nil
            switch (before, after) {
            case (let before?, let after?) where before.precedes(after):
                left += 1
                try remove(before, folder, repository)
            case (let before?, let after?) where after.precedes(before):
                right += 1
                try add(after, folder, repository)
                _ = before
            case (let before?, let after?):
                left += 1
                right += 1
                try replace(before, after, folder, repository)
            case (let before?, nil):
                left += 1
                try remove(before, folder, repository)
            case (nil, let after?):
                right += 1
                try add(after, folder, repository)
            case (nil, nil): return
            }
        }
    }

    /// The entries of both folders, without those that are the same at either end.
    private mutating func entries(
        _ base: GitObjectID?, _ head: GitObjectID?, _ folder: Folder,
        _ repository: borrowing Repository
    ) throws(SourceError) -> (old: [RawTree.Entry], new: [RawTree.Entry]) {
        let old = try tree(base, repository)
        let new = try tree(head, repository)
        if let head, let new { keep(new, as: head) }
        var found: (old: [RawTree.Entry], new: [RawTree.Entry])
        if let old, let new {
            found = RawTree.differing(old, new)
        } else {
            found = (old?.entries ?? [], new?.entries ?? [])
        }
        if folder.depth == 0 {
            found.old.removeAll { !ReadPaths.includes(root: $0.name) }
            found.new.removeAll { !ReadPaths.includes(root: $0.name) }
        }
        return found
    }

    private mutating func keep(_ tree: RawTree, as id: GitObjectID) {
        guard tree.count >= Self.leastKept, kept + tree.count <= Self.mostKept else { return }
        kept += tree.count
        seen[id] = tree
    }

    private mutating func tree(
        _ id: GitObjectID?, _ repository: borrowing Repository
    ) throws(SourceError) -> RawTree? {
        guard let id else { return nil }
        let tree: RawTree
        if let there = known[id] {
            tree = there
        } else {
            tree = try RawTree(id, in: repository, limit: limits.treeBytes)
            treesRead += 1
        }
        entriesSeen += tree.count
        guard entriesSeen <= limits.treeEntries else {
            throw .tooLarge(
                what: "the tree of the commit", limit: "\(limits.treeEntries) entries")
        }
        return tree
    }

    private mutating func replace(
        _ before: RawTree.Entry, _ after: RawTree.Entry, _ folder: Folder,
        _ repository: borrowing Repository
    ) throws(SourceError) {
        if before.object == after.object && before.kind == after.kind { return }
        if before.isTree && after.isTree {
            try walk(child(after, folder, checked: true), before.object, after.object, repository)
        } else {
            // Git's order tells a folder from a file of the same name, so both are plain here.
            try add(after, folder, repository)
        }
    }

    private mutating func add(
        _ entry: RawTree.Entry, _ folder: Folder, _ repository: borrowing Repository
    ) throws(SourceError) {
        let child = try child(entry, folder, checked: true)
        if entry.isTree { return try walk(child, nil, entry.object, repository) }
        guard let kind = entry.kind else {
            throw .unacceptable(
                "\(Self.told(child.path)) has mode \(String(entry.mode, radix: 8)), "
                    + "which git does not know; add it again as a file")
        }
        changes.append(
            .set(TreeEntry(path: text(child.path), object: entry.object.object, kind: kind)))
    }

    private mutating func remove(
        _ entry: RawTree.Entry, _ folder: Folder, _ repository: borrowing Repository
    ) throws(SourceError) {
        let child = try child(entry, folder, checked: false)
        if entry.isTree { return try walk(child, entry.object, nil, repository) }
        changes.append(.remove(path: text(child.path)))
    }

    private func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

    /// The path of an entry; names that come into force are checked, names that go are only bounded.
    private func child(
        _ entry: RawTree.Entry, _ folder: Folder, checked: Bool
    ) throws(SourceError) -> Folder {
        let path = folder.path.isEmpty ? entry.name : folder.path + [UInt8(ascii: "/")] + entry.name
        guard path.count <= limits.pathBytes else {
            throw .tooLarge(
                what: "path \(GitText.escaped(path.prefix(80)))…",
                limit: "\(limits.pathBytes) bytes")
        }
        if checked, let reason = Self.refusal(of: entry.name) {
            throw .unacceptable("\(Self.told(path)): \(reason); rename it")
        }
        return Folder(path: path, depth: folder.depth + 1)
    }

    /// The path as a message spells it, cut where it is long: the audit log keeps the message.
    private static func told(_ path: [UInt8]) -> String {
        GitText.escaped(path.prefix(toldBytes)) + (path.count > toldBytes ? "…" : "")
    }

    /// Why a name is refused; nil for a plain one.
    private static func refusal(of name: [UInt8]) -> String? {
        if name.isEmpty || name.contains(UInt8(ascii: "/")) { return "not a file name" }
        if name == Array(".".utf8) || name == Array("..".utf8) { return "leaves its folder" }
        guard let text = String(validating: name, as: UTF8.self) else { return "not UTF-8" }
        if text.lowercased() == ".git" { return "git's own folder" }
        let steers = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        return steers ? "has control characters" : nil
    }
}
