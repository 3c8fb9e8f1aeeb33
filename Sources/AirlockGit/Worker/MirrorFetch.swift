import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One fetch into the mirror; runs in the worker, the only writer of the mirror.
enum MirrorFetch {
    /// Refuses to make a mirror in another user's folder, who could not write it any more; of one that is there
    /// the library asks whose it is.
    private static func refuseForeign(
        _ paths: MirrorPaths, in state: String
    ) throws(SourceError) {
        var status = stat()
        guard lstat(paths.repository, &status) != 0, stat(state, &status) == 0,
            status.st_uid != geteuid()
        else { return }
        throw .failed(
            "\(state) belongs to another user than uid \(geteuid()); run Airlock as its owner")
    }

    /// Fetches the branch and notes it.
    ///
    /// The answer is what the remote has now: a reference of the mirror never stands in for a branch
    /// that is missing or was deleted, and a forced push moves nothing, as each commit is kept under
    /// its own name.
    /// - Throws: ``SourceError``. The mirror's record is then as it was.
    static func run(_ request: FetchRequest) throws(SourceError) -> WorkerResult {
        try Libgit2.start()
        let address = try RemoteAddress(
            request.remote, allowsInsecure: request.access.allowsInsecure)
        let paths = MirrorPaths(state: request.state)
        try refuseForeign(paths, in: request.state)
        let lock = try MirrorLock(
            paths.lock, patience: .milliseconds(request.lockPatienceMilliseconds))
        defer { _ = lock }
        let waited = lock.waited.milliseconds
        var record = try MirrorRecord(rewriting: paths.record)
        let mirror = try open(paths)
        try StateFile.sweep(paths.packs)
        try StateFile.sweepLocks(paths.repository)
        RemotePush.dropReferences(mirror)
        let commit = try receive(request, address, into: mirror, paths)
        record.note(
            MirrorRecord.Fetched(
                remote: request.remote, branch: request.branch, commit: commit,
                fetched: request.asked),
            for: request.purpose, planAge: .milliseconds(request.planAgeMilliseconds))
        try record.write(to: paths.record)
        try prune(mirror, keep: record.references)
        return WorkerResult(commit: commit, waitedMilliseconds: waited)
    }

    /// Opens the mirror and makes it at the first fetch.
    ///
    /// - Throws: ``SourceError/corrupt(_:)`` also where the folder of the packs is gone: what is received
    ///   could not be written, which would look like a fault of the remote.
    static func open(_ paths: MirrorPaths) throws(SourceError) -> Repository {
        let mirror = try open(paths.repository, unfinished: paths.unfinished)
        if access(paths.packs, F_OK) != 0, errno == ENOENT {
            throw .corrupt(
                "\(paths.packs) is not there; remove \(paths.repository) and fetch again, "
                    + "it is only a copy")
        }
        return mirror
    }

    /// Opens a repository of the state directory, and makes it where there is none. Called under the mirror's lock.
    static func open(
        _ path: String, unfinished: String
    ) throws(SourceError) -> Repository {
        let isThere = access(path, F_OK) == 0 || errno != ENOENT
        if !isThere { try StateFile.remove(folder: unfinished) }
        do throws(GitError) {
            if !isThere {
                // Made beside and renamed, so that a kill leaves no half-made one.
                try Repository.create(at: unfinished)
                guard rename(unfinished, path) == 0 else {
                    throw GitError(
                        code: -1, category: GIT_ERROR_OS, doing: "create",
                        text: String(cString: strerror(errno)))
                }
            }
            return try Repository(opening: path)
        } catch {
            throw error.reading(path)
        }
    }

    /// Opens the repository of a remote that is a folder.
    static func open(folder: String) throws(SourceError) -> Repository {
        do throws(GitError) {
            return try Repository(opening: folder)
        } catch {
            throw error.asking(folder)
        }
    }

    /// Copies what the remote's branch has now, and gives its commit a reference.
    private static func receive(
        _ request: FetchRequest, _ address: RemoteAddress, into mirror: borrowing Repository,
        _ paths: MirrorPaths
    ) throws(SourceError) -> CommitID {
        let head: CommitID
        switch address.place {
        case .folder(let path): head = try copy(request, from: path, into: mirror, paths)
        case .server: head = try ServerFetch.receive(request, from: address, into: mirror)
        }
        try GitSource.translating(mirror) { mirror throws(GitError) in
            // A branch of a hostile remote may point at something that is no commit.
            _ = try mirror.tree(of: head)
            try mirror.refer(request.purpose.reference(to: head), to: head)
        }
        return head
    }

    /// Copies what the branch of a repository on this machine has.
    private static func copy(
        _ request: FetchRequest, from folder: String, into mirror: borrowing Repository,
        _ paths: MirrorPaths
    ) throws(SourceError) -> CommitID {
        let origin = try open(folder: folder)
        let head: CommitID?
        do throws(GitError) {
            head = try origin.target(of: "refs/heads/\(request.branch)")
        } catch {
            throw error.asking(folder)
        }
        guard let head else { throw .branchMissing(request.branch.description) }
        if !mirror.contains(GitObjectID(head)) {
            let pack = LocalPack(
                maximumObjects: request.maximumObjects, maximumBytes: request.maximumBytes)
            try pack.write(head, from: origin, to: mirror, folder: paths.packs)
        }
        return head
    }

    /// Removes our references that the record no longer has: plans of yesterday, heads of long ago.
    private static func prune(
        _ mirror: borrowing Repository, keep: Set<String>
    ) throws(SourceError) {
        try GitSource.translating(mirror) { mirror throws(GitError) in
            for name in try mirror.references() where !keep.contains(name) {
                let isOurs = FetchPurpose.allCases.contains { name.hasPrefix($0.folder) }
                if isOurs { try mirror.removeReference(name) }
            }
        }
    }
}
