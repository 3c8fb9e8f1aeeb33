import AirlockModel
import AirlockPorts
import CLibgit2
import FoundationEssentials
import Glibc

/// The copy of the audit log's checkpoint that a remote keeps in a reference of its own.
///
/// Each checkpoint is a commit upon the one before, and which one was seen last is remembered, so that a
/// remote that answers an older one gives itself away.
enum RemoteLog {
    /// The most that the history of checkpoints may hold: one a minute for six years.
    static let maximum = (objects: 10_000_000, bytes: 4 << 30)
    /// The file that each commit holds.
    static let file = "checkpoint"
    /// The longest checkpoint in bytes.
    private static let maximumNote = 64 << 10

    /// Looks at the reference and reads its checkpoint.
    static func read(_ request: LogRequest) throws(SourceError) -> WorkerResult {
        try Libgit2.start()
        let paths = MirrorPaths(state: request.state)
        let address = try RemoteAddress(
            request.remote, allowsInsecure: request.access.allowsInsecure)
        let lock = try MirrorLock(
            paths.lock, patience: .milliseconds(request.lockPatienceMilliseconds))
        defer { _ = lock }
        switch address.place {
        case .folder(let folder):
            let origin = try MirrorFetch.open(folder: folder)
            let head: CommitID?
            do throws(GitError) { head = try origin.target(of: LogRequest.reference) } catch {
                throw error.asking(folder)
            }
            return try result(head, in: origin, from: folder, request, paths)
        case .server(let server):
            let head = try fetch(request, address, paths)
            if let head, try !isWhole(head, in: try open(paths)) {
                // Half of it came once; nothing of it is worth keeping.
                do { try FileManager.default.removeItem(atPath: paths.log) } catch {
                    throw .failed("\(paths.log) cannot be removed: \(error)")
                }
                _ = try fetch(request, address, paths)
            }
            return try result(head, in: try open(paths), from: server.host, request, paths)
        }
    }

    /// The repository in which copies of checkpoints are kept.
    static func open(_ paths: MirrorPaths) throws(SourceError) -> Repository {
        try MirrorFetch.open(paths.log, unfinished: paths.log + ".new")
    }

    /// Receives what the server has beyond the repository.
    private static func fetch(
        _ request: LogRequest, _ address: RemoteAddress, _ paths: MirrorPaths
    ) throws(SourceError) -> CommitID? {
        let local = try open(paths)
        try StateFile.sweepLocks(paths.log)
        RemotePush.dropReferences(local)
        let connection = try RemoteConnection(
            address, request.access, state: request.state, maximum: maximum)
        let head = try connection.with(
            GIT_DIRECTION_FETCH, in: local
        ) { remote, callbacks throws(GitError) -> CommitID? in
            let name = LogRequest.reference
            guard let head = try connection.advertised(name, by: remote) else { return nil }
            if !local.contains(GitObjectID(head)) {
                try connection.download(name, as: name, from: remote, callbacks)
            }
            return head
        }
        guard let head, local.contains(GitObjectID(head)) else { return head }
        try GitSource.translating(local) { local throws(GitError) in
            try local.refer(LogRequest.reference, to: head)
        }
        return head
    }

    /// Holds what the remote has against what it had, and reads the note.
    private static func result(
        _ head: CommitID?, in repository: borrowing Repository, from remote: String,
        _ request: LogRequest, _ paths: MirrorPaths
    ) throws(SourceError) -> WorkerResult {
        let seen = try SeenLog.read(paths, of: request.remote)
        guard let head else {
            guard let seen else { return WorkerResult() }
            throw setBack("it is gone", seen, remote, paths)
        }
        guard try isWhole(head, in: repository) else {
            throw .unreachable("\(remote) names \(head.short) and did not send all of it")
        }
        let note = try note(of: head, in: repository, from: remote)
        if let seen, seen != head {
            let path = repository.path
            let goesOn: Bool
            do throws(GitError) {
                goesOn =
                    repository.contains(GitObjectID(seen))
                    ? try repository.descends(head, from: seen) : false
            } catch {
                throw error.reading(path)
            }
            guard goesOn else { throw setBack("it is at \(head.short)", seen, remote, paths) }
        }
        if seen != head { try SeenLog(remote: request.remote, commit: head).write(paths) }
        return WorkerResult(commit: head, note: Data(note))
    }

    private static func setBack(
        _ now: String, _ seen: CommitID, _ remote: String, _ paths: MirrorPaths
    ) -> SourceError {
        .rejected(
            "\(LogRequest.reference) at \(remote) was set back: \(now), and was at \(seen.short); find out "
                + "who did it, and remove \(paths.logSeen) to begin again from there")
    }

    /// Whether the commit and the note in it are there.
    private static func isWhole(
        _ head: CommitID, in repository: borrowing Repository
    ) throws(SourceError) -> Bool {
        guard repository.contains(GitObjectID(head)) else { return false }
        do {
            let tree = try RawTree(
                try repository.tree(of: head), in: repository, limit: maximumNote)
            return tree.entries.allSatisfy { repository.contains($0.object) }
        } catch {
            return false
        }
    }

    private static func note(
        of head: CommitID, in repository: borrowing Repository, from remote: String
    ) throws(SourceError) -> [UInt8] {
        do {
            let tree = try RawTree(
                try repository.tree(of: head), in: repository, limit: maximumNote)
            if tree.count == 1, let entry = tree.entries.first, entry.kind == .file,
                entry.name == Array(file.utf8),
                try repository.size(of: entry.object) <= maximumNote
            {
                return try repository.read(entry.object).bytes
            }
        } catch let error as SourceError {
            throw error
        } catch {
            throw .unreachable("\(remote) did not send all of \(head.short)")
        }
        throw .rejected(
            "\(LogRequest.reference) at \(remote) holds something else than a checkpoint of Airlock at "
                + "\(head.short); look who wrote it")
    }
}

/// Which copy of the audit log was seen last, and at which remote.
struct SeenLog: Codable {
    let remote: String
    let commit: CommitID

    /// What was seen at a remote; nil for another one, or none.
    static func read(_ paths: MirrorPaths, of remote: String) throws(SourceError) -> CommitID? {
        guard let bytes = try StateFile.read(paths.logSeen) else { return nil }
        let seen: SeenLog
        do { seen = try JSONDecoder().decode(SeenLog.self, from: Data(bytes)) } catch {
            throw .failed("\(paths.logSeen) is not readable; remove it to begin again")
        }
        return seen.remote == remote ? seen.commit : nil
    }

    func write(_ paths: MirrorPaths) throws(SourceError) {
        let bytes: Data
        do { bytes = try JSONEncoder().encode(self) } catch {
            throw .failed("\(paths.logSeen) cannot be written: \(error)")
        }
        try StateFile.replace(paths.logSeen, with: Array(bytes))
    }
}
