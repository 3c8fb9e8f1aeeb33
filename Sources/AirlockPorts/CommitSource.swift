package import AirlockModel

/// Where desired state comes from: one branch of one git repository.
///
/// Reading never checks out and never runs anything that the repository holds.
package protocol CommitSource: Sendable {
    /// Asks the remote for the branch and stores what it has.
    ///
    /// - Parameter limit: Longest wall time allowed; the fetch is given up after it.
    /// - Throws: ``SourceError``. What was fetched before stays as it is.
    func fetch(limit: Duration) async throws(SourceError) -> FetchedHead

    /// Puts what is stored aside because it is damaged, so that the next fetch begins anew.
    ///
    /// What was put aside before, also by another process, is kept instead, until ``dropAside()``.
    func putAside() async throws(SourceError)

    /// Puts what was put aside back, because what was fetched since is no better; else does nothing.
    func takeBack() async throws(SourceError)

    /// Lets go of what was put aside, because the newest commit can be read again.
    func dropAside() async throws(SourceError)

    /// What the last good fetch found; nil when there was none.
    func lastFetch() async throws(SourceError) -> FetchedHead?

    /// Whether `commit` is `ancestor` or one of its descendants.
    func descends(_ commit: CommitID, from ancestor: CommitID) async throws(SourceError) -> Bool

    /// What a stored commit says of itself.
    func record(of commit: CommitID) async throws(SourceError) -> CommitRecord

    /// The commits after `base` up to `head` along first parents, oldest first.
    ///
    /// - Parameter limit: Nil is answered when there are more, or when `base` is not on the line.
    func firstParentLine(
        from base: CommitID, to head: CommitID, limit: Int
    ) async throws(SourceError) -> [CommitID]?

    /// The files below the read paths that differ between two commits; all of them when `base` is nil.
    func delta(from base: CommitID?, to head: CommitID) async throws(SourceError) -> TreeDelta

    /// Contents of blobs; one over its cap is left out.
    ///
    /// - Throws: ``SourceError/tooLarge(what:limit:)`` for what is over the cap on all of them together.
    func blobs(_ objects: [ObjectID]) async throws(SourceError) -> [ObjectID: [UInt8]]

    /// The beginnings of reading `commit` that had no end: each process of them died meanwhile.
    func unendedReadings(of commit: CommitID) async throws(SourceError) -> UnendedReadings

    /// Notes that `commit` is read from `time` on; it outlives the process, though not the power.
    func beginReading(_ commit: CommitID, at time: Timestamp) async throws(SourceError)

    /// Notes that what was read last is read, whatever came of it.
    func endReading() async throws(SourceError)

    /// What was read from the object database since the start.
    func readCounts() async -> ReadCounts

    /// What the branch would be after merging `branch`; nothing is written that outlives the call but
    /// the fetched objects.
    func proposal(
        branch: BranchName, limit: Duration
    ) async throws(SourceError) -> ProposedMerge
}

/// How often a process began to read a commit and did not live to its end.
package struct UnendedReadings: Hashable, Sendable {
    package var count: Int
    /// When the last of them began; nil for none.
    package var last: Timestamp?

    package init(count: Int = 0, last: Timestamp? = nil) {
        self.count = count
        self.last = last
    }
}

/// What was read from the object database since the start; it proves that work follows the change.
package struct ReadCounts: Hashable, Sendable {
    /// Tree objects read.
    package var trees = 0
    /// Blob objects read.
    package var blobs = 0

    package init() {}
}

/// Why a source could not answer.
package enum SourceError: Error, Hashable, Sendable {
    /// The remote did not answer in time.
    case timedOut(after: Duration)
    /// The remote cannot be reached or refused.
    case unreachable(String)
    /// The remote has no such branch.
    case branchMissing(String)
    /// Another process writes the mirror.
    case busy
    /// An object that should be there is not.
    case objectMissing(String)
    /// Something is over a cap; `what` names it, `limit` with its unit.
    case tooLarge(what: String, limit: String)
    /// The commit holds what is never read, such as a name with control characters.
    case unacceptable(String)
    /// The URL or path is not one that this version fetches from.
    case unsupportedRemote(String)
    /// The remote did not take what was pushed.
    case rejected(String)
    /// The mirror is not what was written there.
    case corrupt(String)
    /// The file system or libgit2 failed.
    case failed(String)
}

extension SourceError {
    /// Whether what is stored is damaged, so that fetching it anew can help.
    package var isDamage: Bool {
        switch self {
        case .corrupt, .objectMissing: true
        case .timedOut, .unreachable, .branchMissing, .busy, .tooLarge, .unacceptable,
            .unsupportedRemote, .rejected, .failed:
            false
        }
    }

    /// Whether a stored commit is what is wrong, so that reading it again says the same for ever and only
    /// another commit helps.
    package var isOfCommit: Bool {
        switch self {
        case .tooLarge, .unacceptable: true
        case .timedOut, .unreachable, .branchMissing, .busy, .objectMissing, .unsupportedRemote,
            .rejected, .corrupt, .failed:
            false
        }
    }
}
