import AirlockModel
import AirlockPorts
import CLibgit2

/// One push of one commit to one reference; runs in the worker.
enum RemotePush {
    /// Pushes; what is new is kept in memory and never written to the mirror.
    ///
    /// - Returns: The commit that the reference has now.
    /// - Throws: ``SourceError``; ``SourceError/rejected(_:)`` when the reference is not what it should be
    ///   before, or the remote does not take the push.
    static func run(_ request: PushRequest) throws(SourceError) -> CommitID {
        try Libgit2.start()
        let paths = MirrorPaths(state: request.state)
        let address = try RemoteAddress(
            request.remote, allowsInsecure: request.access.allowsInsecure)
        let lock = try MirrorLock(
            paths.lock, patience: .milliseconds(request.lockPatienceMilliseconds))
        defer { _ = lock }
        let mirror = try MirrorFetch.open(paths)
        dropReferences(mirror)
        try makeCommit(request, in: mirror)
        defer { dropReferences(mirror) }
        let connection = try RemoteConnection(
            address, request.access, state: request.state, maximum: RemoteLog.maximum)
        return try connection.with(
            GIT_DIRECTION_PUSH, in: mirror, state: request.state
        ) { remote, callbacks throws(GitError) in
            let found = try connection.advertised(request.reference, by: remote)
            // A push that was given up may have arrived.
            if found == request.commit { return request.commit }
            guard found == request.previous else {
                let now = found.map { "it is at \($0.short)" } ?? "it is gone"
                let name = request.reference
                throw connection.stop(
                    .rejected(
                        request.previous == nil
                            ? "\(name) exists at \(connection.name) already; choose another name"
                            : "\(name) at \(connection.name) was moved by somebody else: \(now)"))
            }
            try upload(request, to: remote, callbacks)
            return request.commit
        }
    }

    /// Makes the commit and all that is new in it, in memory.
    private static func makeCommit(
        _ request: PushRequest, in mirror: borrowing Repository
    ) throws(SourceError) {
        var builder = CommitBuilder(limits: .standard)
        _ = try builder.tree(
            parent: request.parent, changing: request.files.mapValues { $0.map(Array.init) },
            in: mirror)
        let commit = builder.commit(Array(request.payload), signature: request.signature)
        guard commit == request.commit else {
            throw .failed("commit \(request.commit) came out as \(commit); the mirror has changed")
        }
        try GitSource.translating(mirror) { mirror throws(GitError) in
            try mirror.keepNewObjectsInMemory()
            for object in builder.objects { try mirror.write(object) }
            // libgit2 pushes references and not objects; this one names what is in memory alone.
            try mirror.refer(folder + commit.description, to: commit)
        }
    }

    /// Where the references are that a push needs while it runs.
    private static let folder = "refs/airlock/push/"

    /// Removes what a push needed, also one that was killed.
    ///
    /// A failure is left to the next fetch or push, which tries again.
    static func dropReferences(_ mirror: borrowing Repository) {
        do throws(GitError) {
            for name in try mirror.references() where name.hasPrefix(folder) {
                try mirror.removeReference(name)
            }
        } catch {
            return
        }
    }

    private static func upload(
        _ request: PushRequest, to remote: OpaquePointer, _ callbacks: git_remote_callbacks
    ) throws(GitError) {
        var options = git_push_options()
        git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION))
        options.callbacks = callbacks
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.pb_parallelism = 1
        // Without a plus: only forward, whatever the server allows.
        let source = folder + request.commit.description
        let code = "\(source):\(request.reference)".withCString { text in
            var texts: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: text)]
            return texts.withUnsafeMutableBufferPointer { buffer in
                var list = git_strarray(strings: buffer.baseAddress, count: 1)
                return git_remote_upload(remote, &list, &options)
            }
        }
        try GitError.check(code, "push")
    }
}
