import AirlockModel
import AirlockPorts
import CLibgit2
import FoundationEssentials

/// The copy of the audit log's checkpoint that a remote keeps in a reference of its own.
///
/// Each checkpoint is a commit upon the one before, so that a remote that answers an older one, or
/// another one of the same size, gives itself away.
enum RemoteLog {
    /// The most that the history of checkpoints may hold.
    static let maximum = (objects: 1_000_000, bytes: 256 << 20)
    /// The file that each commit holds.
    static let file = "checkpoint"
    /// The longest checkpoint in bytes.
    private static let maximumNote = 64 << 10

    /// Fetches the reference and reads its checkpoint.
    static func read(_ request: LogRequest) throws(SourceError) -> WorkerResult {
        try Libgit2.start()
        let paths = MirrorPaths(state: request.state)
        let address = try RemoteAddress(
            request.remote, allowsInsecure: request.access.allowsInsecure)
        let lock = try MirrorLock(
            paths.lock, patience: .milliseconds(request.lockPatienceMilliseconds))
        defer { _ = lock }
        let mirror = try MirrorFetch.open(paths)
        let connection = try RemoteConnection(
            address, request.access, state: request.state, maximum: maximum)
        let head = try connection.with(
            GIT_DIRECTION_FETCH, in: mirror, state: request.state
        ) { remote, callbacks throws(GitError) -> CommitID? in
            let name = LogRequest.reference
            guard let head = try connection.advertised(name, by: remote) else { return nil }
            if !mirror.contains(GitObjectID(head)) {
                try connection.download(name, as: name, from: remote, callbacks)
            }
            return head
        }
        guard let head else { return WorkerResult() }
        guard mirror.contains(GitObjectID(head)) else {
            throw .unreachable("\(connection.name) names \(head.short) and did not send it")
        }
        let note = try note(of: head, in: mirror, from: connection.name)
        try GitSource.translating(mirror) { mirror throws(GitError) in
            try mirror.refer(LogRequest.reference, to: head)
        }
        return WorkerResult(commit: head, note: Data(note))
    }

    private static func note(
        of head: CommitID, in mirror: borrowing Repository, from remote: String
    ) throws(SourceError) -> [UInt8] {
        do {
            let tree = try RawTree(try mirror.tree(of: head), in: mirror, limit: maximumNote)
            if tree.count == 1, let entry = tree.entries.first, entry.kind == .file,
                entry.name == Array(file.utf8), try mirror.size(of: entry.object) <= maximumNote
            {
                return try mirror.read(entry.object).bytes
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
