import AirlockModel
import AirlockPorts
import CLibgit2

/// One push of one commit to one reference; runs in the worker.
enum RemotePush {
    /// Pushes, and notes a copy of the audit log.
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
        let isLog = request.reference == LogRequest.reference
        switch address.place {
        case .folder(let folder): try push(request, into: folder)
        case .server:
            // Checkpoints stay in a repository of their own; what a branch is made of stays in memory.
            let local = isLog ? try RemoteLog.open(paths) : try MirrorFetch.open(paths)
            try StateFile.sweepLocks(local.path)
            try push(request, from: local, to: address, keepsObjects: isLog)
        }
        if isLog { try SeenLog(remote: request.remote, commit: request.commit).write(paths) }
        return request.commit
    }

    /// Writes the commit into a repository of this machine.
    ///
    /// libgit2's own transport for folders would copy every branch, and moves references unseen.
    private static func push(
        _ request: PushRequest, into folder: String
    ) throws(SourceError) {
        let origin = try MirrorFetch.open(folder: folder)
        func target(_ name: String) throws(SourceError) -> CommitID? {
            do throws(GitError) { return try origin.target(of: name) } catch {
                throw error.asking(folder)
            }
        }
        let found = try target(request.reference)
        if found == request.commit { return }
        guard found == request.previous else { throw moved(request, found, at: folder) }
        for name in folders(of: request.reference) where try target(name) != nil {
            throw blocked(request, by: name, at: folder)
        }
        let objects = try objects(of: request, in: origin)
        let isDone: Bool
        do throws(GitError) {
            for object in objects { try origin.write(object) }
            isDone = try origin.refer(
                request.reference, to: request.commit, from: request.previous)
        } catch {
            throw error.asking(folder)
        }
        guard isDone else { throw moved(request, try target(request.reference), at: folder) }
    }

    private static func push(
        _ request: PushRequest, from local: borrowing Repository, to address: RemoteAddress,
        keepsObjects: Bool
    ) throws(SourceError) {
        dropReferences(local)
        defer { dropReferences(local) }
        let objects = try objects(of: request, in: local)
        try GitSource.translating(local) { local throws(GitError) in
            if !keepsObjects { try local.keepNewObjectsInMemory() }
            for object in objects { try local.write(object) }
            // libgit2 pushes references and not objects.
            try local.refer(folder + request.commit.description, to: request.commit)
        }
        let connection = try RemoteConnection(
            address, request.access, state: request.state, maximum: RemoteLog.maximum)
        try connection.with(GIT_DIRECTION_PUSH, in: local) { remote, callbacks throws(GitError) in
            let found = try connection.advertised(request.reference, by: remote)
            // A push that was given up may have arrived.
            if found == request.commit { return }
            guard found == request.previous else {
                throw connection.stop(moved(request, found, at: connection.name))
            }
            for name in folders(of: request.reference)
            where try connection.advertised(name, by: remote) != nil {
                throw connection.stop(blocked(request, by: name, at: connection.name))
            }
            try upload(request, to: remote, callbacks)
        }
    }

    /// The names of which none may be a reference where this one is to be: git keeps them as folders.
    private static func folders(of reference: String) -> [String] {
        let parts = reference.split(separator: "/")
        return (3..<max(3, parts.count)).map { parts[..<$0].joined(separator: "/") }
    }

    private static func blocked(
        _ request: PushRequest, by name: String, at remote: String
    ) -> SourceError {
        .rejected(
            "\(remote) has \(name), beside which there can be no \(request.reference); rename or remove that branch"
        )
    }

    /// The reference is not what it should be before.
    private static func moved(
        _ request: PushRequest, _ found: CommitID?, at remote: String
    ) -> SourceError {
        let now = found.map { "it is at \($0.short)" } ?? "it is gone"
        return .rejected(
            request.previous == nil
                ? "\(request.reference) exists at \(remote) already; choose another name"
                : "\(request.reference) at \(remote) was moved by somebody else: \(now)")
    }

    /// The commit and all that is new in it, as the asker made it.
    private static func objects(
        of request: PushRequest, in repository: borrowing Repository
    ) throws(SourceError) -> [NewObject] {
        var builder = CommitBuilder(limits: .standard)
        _ = try builder.tree(
            parent: request.base, changing: request.files.mapValues { $0.map(Array.init) },
            in: repository)
        let commit = builder.commit(Array(request.payload), signature: request.signature)
        guard commit == request.commit else {
            throw .failed("commit \(request.commit) came out as \(commit); report this")
        }
        return builder.objects
    }

    /// Where the references are that a push needs while it runs.
    private static let folder = "refs/airlock/push/"

    /// Removes what a push needed, also one that was killed.
    ///
    /// A failure is left to the next fetch or push, which tries again.
    static func dropReferences(_ repository: borrowing Repository) {
        do throws(GitError) {
            for name in try repository.references() where name.hasPrefix(folder) {
                try repository.removeReference(name)
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
