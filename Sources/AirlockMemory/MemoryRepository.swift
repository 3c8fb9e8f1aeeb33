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
    }

    struct Content {
        var commits: [CommitID: Commit] = [:]
        /// The branch at the remote.
        var branch: CommitID?
        /// What the mirror knows of the branch.
        var fetched: FetchedHead?
        /// How the next fetches fail, the first one first.
        var failures: [SourceError] = []
        var counts = ReadCounts()
        /// Objects that the mirror lacks.
        var lost: Set<ObjectID> = []
        /// Every content that was ever committed.
        var blobs: [ObjectID: [UInt8]] = [:]
    }

    let content = Mutex(Content())
    let now: @Sendable () -> Timestamp

    /// A repository without a commit.
    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

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
        add(files, parents: [head].compactMap(\.self), author: author, subject: subject)
    }

    /// Puts a merge commit on the branch: its second parent is a commit of its own beside it.
    @discardableResult
    package func merge(
        _ files: Files, author: String = "ada@example.org", subject: String = "merge"
    ) -> CommitID {
        let base = head
        let side = add(
            files, parents: [base].compactMap(\.self), author: author, subject: "side")
        return add(
            files, parents: [base, side].compactMap(\.self), author: author, subject: subject)
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

    private func add(
        _ files: Files, parents: [CommitID], author: String, subject: String
    ) -> CommitID {
        let time = now()
        return content.withLock { content in
            let tree = files.sorted { $0.key < $1.key }
                .map { "\($0.key) \(Self.object($0.value))" }
            let text = ["commit \(content.commits.count)", author, subject] + tree
            let id = Self.identity(
                text.joined(separator: "\n") + parents.map(\.description).joined(), CommitID.init)
            let record = CommitRecord(
                id: id, parents: parents, authorName: author, authorEmail: author,
                committerEmail: author, committed: time, subject: subject)
            content.commits[id] = Commit(record: record, files: files)
            content.branch = id
            for file in files.values { content.blobs[Self.object(file)] = Array(file.utf8) }
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
