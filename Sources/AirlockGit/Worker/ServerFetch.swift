import AirlockModel
import AirlockPorts
import CLibgit2

/// One fetch from a git server; runs in the worker.
enum ServerFetch {
    /// Asks what the branch has, and receives it where the mirror lacks it.
    ///
    /// The reference is made by the caller, once the commit was looked at.
    static func receive(
        _ request: FetchRequest, from address: RemoteAddress, into mirror: borrowing Repository
    ) throws(SourceError) -> CommitID {
        let connection = try RemoteConnection(
            address, request.access, state: request.state,
            maximum: (request.maximumObjects, request.maximumBytes))
        let branch = "refs/heads/\(request.branch)"
        let head = try connection.with(
            GIT_DIRECTION_FETCH, in: mirror
        ) { remote, callbacks throws(GitError) in
            guard let head = try connection.advertised(branch, by: remote) else {
                throw connection.stop(.branchMissing(request.branch.description))
            }
            if !mirror.contains(GitObjectID(head)) {
                try connection.download(
                    branch, as: request.purpose.reference(to: head), from: remote, callbacks)
            }
            return head
        }
        // The server's fault and not the mirror's, which must not be put aside for it.
        guard mirror.contains(GitObjectID(head)) else {
            throw .unreachable("\(connection.name) names \(head.short) and did not send it")
        }
        return head
    }
}
