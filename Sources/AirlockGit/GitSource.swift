package import AirlockModel
package import AirlockPorts
import CLibgit2
import FoundationEssentials
import Glibc

/// One branch of a git repository, read from a bare mirror in the state directory.
///
/// Fetching is done by a child process, reading here; nothing is ever checked out. Reading takes no
/// lock, so it goes on while another process fetches.
package actor GitSource: CommitSource {
    /// Wall time, for the record of what was fetched when.
    package typealias WallClock = @Sendable () -> Timestamp

    let remote: String
    let branch: BranchName
    let access: RemoteAccess
    let limits: GitLimits
    let paths: MirrorPaths
    let now: WallClock
    let supervisor: FetchSupervisor
    let signer: (any CommitSigner)?
    private let executor = BlockingExecutor(label: "airlock.git")
    private var opened: OpenedMirror?
    private(set) var counters = ReadCounts()
    /// How long the plan that is made may still wait for another process that writes the mirror; one
    /// for all of its fetches, because who asks waits for all of them together.
    var planPatience: Duration
    /// Large folders of the newest commit that was compared.
    private var knownTrees: [GitObjectID: RawTree] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Names a source; nothing is opened, made or asked yet.
    ///
    /// - Parameters:
    ///   - remote: An absolute path or a URL: `file`, `https`, `ssh`, `http` or `git`.
    ///   - branch: The branch that is deployed.
    ///   - directory: The state directory, which exists and is the caller's alone.
    ///   - access: How a server lets Airlock in.
    ///   - worker: How the fetch worker is started.
    ///   - signer: Signs what is pushed; nil pushes unsigned commits.
    ///   - limits: The most that is read.
    ///   - now: Wall time, for the record of what was fetched when.
    /// - Throws: ``SourceError/unsupportedRemote(_:)``.
    package init(
        remote: String, branch: BranchName, directory: String,
        access: RemoteAccess = RemoteAccess(), worker: WorkerCommand = .currentExecutable,
        signer: (any CommitSigner)? = nil, limits: GitLimits = .standard,
        now: @escaping WallClock
    ) throws(SourceError) {
        _ = try RemoteAddress(remote, allowsInsecure: access.allowsInsecure)
        self.access = access
        self.signer = signer
        self.remote = remote
        self.branch = branch
        self.limits = limits
        planPatience = limits.planLockWait
        self.now = now
        paths = MirrorPaths(state: directory)
        supervisor = FetchSupervisor(worker: worker)
    }

    /// Ends the fetch worker and returns when it is gone.
    package func close() async { await supervisor.stop() }

    /// Adds to what was read.
    func note(trees: Int) { counters.trees += trees }

    package func readCounts() async -> ReadCounts { counters }

    package func fetch(limit: Duration) async throws(SourceError) -> FetchedHead {
        // Less than the whole, so that the answer is "busy" and the worker need not be killed.
        try await fetch(branch, for: .head, lockPatience: limit * 3 / 4, limit: limit).head
    }

    /// Moves the mirror to `mirror.git.aside`; what is there already stays, and the mirror goes.
    package func putAside() async throws(SourceError) {
        try changingMirror { paths in
            guard Glibc.access(paths.repository, F_OK) == 0 else { return }
            guard Glibc.access(paths.aside, F_OK) != 0 else {
                return try FileManager.default.removeItem(atPath: paths.repository)
            }
            try FileManager.default.moveItem(atPath: paths.repository, toPath: paths.aside)
        }
    }

    package func takeBack() async throws(SourceError) {
        guard Glibc.access(paths.aside, F_OK) == 0 else { return }
        try changingMirror { paths in
            if Glibc.access(paths.repository, F_OK) == 0 {
                try FileManager.default.removeItem(atPath: paths.repository)
            }
            try FileManager.default.moveItem(atPath: paths.aside, toPath: paths.repository)
        }
    }

    /// Moves what was put aside to `mirror.git.damaged`, where a person can look at it.
    package func dropAside() async throws(SourceError) {
        guard Glibc.access(paths.aside, F_OK) == 0 else { return }
        try changingMirror { paths in
            if Glibc.access(paths.damaged, F_OK) == 0 {
                try FileManager.default.removeItem(atPath: paths.damaged)
            }
            try FileManager.default.moveItem(atPath: paths.aside, toPath: paths.damaged)
        }
    }

    /// Runs `change` while nobody fetches; the mirror is opened anew after it.
    private func changingMirror(
        _ change: (MirrorPaths) throws -> Void
    ) throws(SourceError) {
        let lock = try MirrorLock(paths.lock, patience: limits.planLockWait)
        defer { _ = lock }
        opened = nil
        do { try change(paths) } catch {
            throw .failed("\(paths.repository) cannot be put aside or taken back: \(error)")
        }
    }

    package func lastFetch() async throws(SourceError) -> FetchedHead? {
        try recorded(.head, branch)
    }

    package func descends(
        _ commit: CommitID, from ancestor: CommitID
    ) async throws(SourceError) -> Bool {
        try reading { repository throws(SourceError) in
            try Self.translating(repository) { repository throws(GitError) in
                // One that is absent is told by its name, and not as damage of what lies between.
                for end in [commit, ancestor] { _ = try repository.commit(end) }
                return try repository.descends(commit, from: ancestor)
            }
        }
    }

    package func record(of commit: CommitID) async throws(SourceError) -> CommitRecord {
        let limits = limits
        return try reading { repository throws(SourceError) in
            try repository.record(of: commit, limits: limits)
        }
    }

    package func firstParentLine(
        from base: CommitID, to head: CommitID, limit: Int
    ) async throws(SourceError) -> [CommitID]? {
        try reading { repository throws(SourceError) in
            try repository.firstParentLine(from: base, to: head, limit: limit)
        }
    }

    package func delta(
        from base: CommitID?, to head: CommitID
    ) async throws(SourceError) -> TreeDelta {
        var comparison = TreeComparison(limits: limits, known: knownTrees)
        defer {
            counters.trees += comparison.treesRead
            if !comparison.seen.isEmpty { knownTrees = comparison.seen }
        }
        return try reading { repository throws(SourceError) in
            let trees = try Self.translating(repository) { repository throws(GitError) in
                (
                    base: try base.map { id throws(GitError) in try repository.tree(of: id) },
                    head: try repository.tree(of: head)
                )
            }
            return try comparison.delta(from: trees.base, to: trees.head, in: repository)
        }
    }

    package func blobs(
        _ objects: [ObjectID]
    ) async throws(SourceError) -> [ObjectID: [UInt8]] {
        var contents: [ObjectID: [UInt8]] = [:]
        var total = 0
        defer { counters.blobs += contents.count }
        let limits = limits
        try reading { repository throws(SourceError) in
            for object in objects where contents[object] == nil {
                guard let bytes = try repository.smallBlob(object, limits: limits) else { continue }
                total += bytes.count
                guard total <= limits.totalBlobBytes else {
                    throw .tooLarge(
                        what: "what the files hold together",
                        limit: GitLimits.bytes(limits.totalBlobBytes))
                }
                contents[object] = bytes
            }
        }
        return contents
    }
}

extension GitSource {
    /// Has the worker fetch a branch, and says how long it waited for the mirror's lock.
    func fetch(
        _ branch: BranchName, for purpose: FetchPurpose, lockPatience: Duration, limit: Duration
    ) async throws(SourceError) -> (head: FetchedHead, waited: Duration) {
        let asked = now()
        let request = FetchRequest(
            state: paths.state, remote: remote, branch: branch, purpose: purpose, asked: asked,
            lockPatienceMilliseconds: lockPatience.milliseconds,
            planAgeMilliseconds: limits.planAge.milliseconds,
            maximumObjects: limits.fetchedObjects, maximumBytes: limits.fetchedBytes,
            access: access)
        let result = try await supervisor.ask(.fetch(request), limit: limit)
        guard let commit = result.commit else { throw .failed("the fetch worker named no commit") }
        return (
            FetchedHead(commit: commit, fetched: asked),
            .milliseconds(result.waitedMilliseconds ?? 0)
        )
    }

    /// What the last good fetch of a branch found and the mirror still has.
    func recorded(
        _ purpose: FetchPurpose, _ branch: BranchName
    ) throws(SourceError) -> FetchedHead? {
        let record = try MirrorRecord(at: paths.record)
        guard let entry = record.latest(purpose, of: branch, at: remote),
            Glibc.access(paths.repository, F_OK) == 0,
            try reading({ repository throws(SourceError) in
                repository.contains(GitObjectID(entry.commit))
            })
        else { return nil }
        return FetchedHead(commit: entry.commit, fetched: entry.fetched)
    }

    /// Lends the open mirror for one synchronous piece of work.
    ///
    /// - Throws: ``SourceError/objectMissing(_:)`` when nothing was fetched yet.
    func reading<Value>(
        _ body: (borrowing Repository) throws(SourceError) -> Value
    ) throws(SourceError) -> Value {
        let mirror = try openedMirror()
        return try body(mirror.repository)
    }

    /// The mirror, opened anew when another one was put in its place.
    private func openedMirror() throws(SourceError) -> OpenedMirror {
        guard let identity = OpenedMirror.Identity(of: paths.repository) else {
            opened = nil
            throw .objectMissing("\(paths.repository) is not there; nothing was fetched yet")
        }
        if let opened, opened.identity == identity { return opened }
        let fresh = try OpenedMirror(paths.repository, identity)
        opened = fresh
        return fresh
    }

    /// Runs libgit2 calls on the mirror and says in the port's words what went wrong.
    static func translating<Value>(
        _ repository: borrowing Repository,
        _ body: (borrowing Repository) throws(GitError) -> Value
    ) throws(SourceError) -> Value {
        do throws(GitError) {
            return try body(repository)
        } catch {
            throw error.reading(repository.path)
        }
    }
}
