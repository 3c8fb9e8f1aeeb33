package import AirlockModel
package import AirlockPorts
internal import Synchronization

/// One branch of a repository in memory, together with the mirror that fetches from it.
///
/// Commits hold whole trees of text files; what was pushed is seen with the next fetch.
package final class MemoryRepository: Sendable {
    /// What stands in a commit, by path.
    package typealias Files = [String: String]

    struct Commit {
        let record: CommitRecord
        let files: Files
        /// The name of each file's content.
        let objects: [String: ObjectID]
    }

    struct Content {
        var commits: [CommitID: Commit] = [:]
        /// The branch at the remote.
        var branch: CommitID?
        /// What the mirror knows of the branch.
        var fetched: FetchedHead?
        /// Fetches that the remote lets wait; nil while it answers.
        var waiting: [CheckedContinuation<Void, Never>]?
        /// How the next fetches fail, the first one first.
        var failures: [SourceError] = []
        var counts = ReadCounts()
        /// The commit that was begun last without an end.
        var unended: (commit: CommitID, readings: UnendedReadings)?
        /// Objects that the mirror lacks.
        var lost: Set<ObjectID> = []
        /// Commits that hold what is never read, with what is said of them.
        var unacceptable: [CommitID: String] = [:]
        /// Every content that was ever committed.
        var blobs: [ObjectID: [UInt8]] = [:]
        /// The name of each of them: most files of a commit are those of the one before.
        var names: [String: ObjectID] = [:]

        /// The name of a content, computed once; keeps the content too.
        mutating func store(_ text: String) -> ObjectID {
            if let known = names[text] { return known }
            let name = MemoryRepository.object(text)
            names[text] = name
            blobs[name] = Array(text.utf8)
            return name
        }
    }

    let content = Mutex(Content())
    let now: @Sendable () -> Timestamp

    /// A repository without a commit.
    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// Lets the remote answer no fetch until ``answer()``.
    package func hang() { content.withLock { $0.waiting = $0.waiting ?? [] } }

    /// How many fetches wait for an answer.
    package var hanging: Int { content.withLock { $0.waiting?.count ?? 0 } }

    /// Lets the remote answer, also those that wait.
    package func answer() {
        let waiting = content.withLock { content in
            defer { content.waiting = nil }
            return content.waiting ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The newest commit of the branch at the remote; nil before the first.
    package var head: CommitID? { content.withLock { $0.branch } }

    /// The first parent of a commit; nil for the first one.
    package func parent(of commit: CommitID) -> CommitID? {
        content.withLock { $0.commits[commit]?.record.parents.first }
    }

    /// The files of a commit; empty for one that is not known.
    package func files(of commit: CommitID?) -> Files {
        content.withLock { content in commit.flatMap { content.commits[$0]?.files } ?? [:] }
    }

    /// Puts a commit on the branch whose tree is `files`.
    @discardableResult
    package func commit(
        _ files: Files, author: String = "ada@example.org", subject: String = "change"
    ) -> CommitID {
        add(tree(of: files), parents: [head].compactMap(\.self), author: author, subject: subject)
    }

    /// Puts a merge commit on the branch: its second parent is a commit of its own beside it.
    @discardableResult
    package func merge(
        _ files: Files, author: String = "ada@example.org", subject: String = "merge"
    ) -> CommitID {
        let base = head
        let tree = self.tree(of: files)
        let side = add(
            tree, parents: [base].compactMap(\.self), author: author, subject: "side")
        return add(
            tree, parents: [base, side].compactMap(\.self), author: author, subject: subject)
    }

    /// Moves the branch to any commit, as a force-push does.
    package func reset(to commit: CommitID?) { content.withLock { $0.branch = commit } }

    /// Lets the next fetches fail, one with each error.
    package func failNextFetches(_ errors: [SourceError]) {
        content.withLock { $0.failures += errors }
    }

    /// Lets the mirror lack the content of `path` at the head until ``mend()``.
    package func lose(_ path: String) {
        guard let text = files(of: head)[path] else { return }
        content.withLock { _ = $0.lost.insert(Self.object(text)) }
    }

    /// Lets a commit hold what is never read, as a name with control characters is; for good.
    package func spoil(_ commit: CommitID, _ why: String) {
        content.withLock { $0.unacceptable[commit] = why }
    }

    /// Lets remote and mirror lose a commit for good, as after a rewrite and a new clone.
    package func forget(_ commit: CommitID) {
        content.withLock { $0.commits[commit] = nil }
    }

    /// Ends failures of fetches and lost objects.
    package func mend() {
        content.withLock { content in
            content.failures = []
            content.lost = []
        }
    }

    /// What a commit holds, with the name of each content.
    private struct Tree {
        let files: Files
        let objects: [String: ObjectID]
        /// What of it enters the name of a commit.
        let spelled: String
    }

    private func tree(of files: Files) -> Tree {
        let objects: [String: ObjectID] = content.withLock { content in
            var objects: [String: ObjectID] = [:]
            for (path, text) in files { objects[path] = content.store(text) }
            return objects
        }
        let lines = objects.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return Tree(files: files, objects: objects, spelled: lines.joined(separator: "\n"))
    }

    private func add(
        _ tree: Tree, parents: [CommitID], author: String, subject: String
    ) -> CommitID {
        let time = now()
        return content.withLock { content in
            let head = "commit \(content.commits.count)\n\(author)\n\(subject)"
            let body = tree.objects.isEmpty ? "" : "\n" + tree.spelled
            let id = Self.identity(
                head + body + parents.map(\.description).joined(), CommitID.init)
            let record = CommitRecord(
                id: id, parents: parents, authorName: author, authorEmail: author,
                committerEmail: author, committed: time, subject: subject)
            content.commits[id] = Commit(
                record: record, files: tree.files, objects: tree.objects)
            content.branch = id
            return id
        }
    }

    /// The name of a content.
    static func object(_ text: String) -> ObjectID { identity(text, ObjectID.init) }

    private static func identity<Identity>(
        _ text: String, _ make: (String) -> Identity?
    ) -> Identity {
        guard let id = make(String(Digest(of: text.utf8).description.prefix(40))) else {
            preconditionFailure("a digest has 64 digits")
        }
        return id
    }
}
