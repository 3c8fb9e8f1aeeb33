import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One fetch into the mirror; runs in the worker, the only writer of the mirror.
enum MirrorFetch {
    /// Fetches the branch and notes it.
    ///
    /// The answer is what the remote advertised in this very fetch. libgit2 reports success for a
    /// branch that is missing and leaves the reference of one that was deleted, so neither its code
    /// nor an old reference counts.
    /// - Throws: ``SourceError``. The mirror's record is then as it was.
    static func run(_ request: FetchRequest) throws(SourceError) -> CommitID {
        try Libgit2.start()
        let address = try RemoteAddress(request.remote)
        let paths = MirrorPaths(state: request.state)
        let lock = try MirrorLock(
            paths.lock, patience: .milliseconds(request.lockPatienceMilliseconds))
        defer { _ = lock }
        var record = try MirrorRecord(at: paths.record)
        let mirror = try open(paths)
        let commit = try receive(request, address, into: mirror)
        record.note(
            MirrorRecord.Fetched(
                remote: request.remote, branch: request.branch, commit: commit,
                fetched: request.asked),
            for: request.purpose, planAge: .milliseconds(request.planAgeMilliseconds))
        try record.write(to: paths.record)
        try prune(mirror, keep: record.references)
        return commit
    }

    /// Opens the mirror and makes it at the first fetch.
    private static func open(_ paths: MirrorPaths) throws(SourceError) -> Repository {
        do throws(GitError) {
            if access(paths.repository, F_OK) != 0 {
                // Made beside and renamed, so that a kill leaves no half-made mirror.
                try Repository.create(at: paths.unfinished)
                guard rename(paths.unfinished, paths.repository) == 0 else {
                    throw GitError(
                        code: -1, category: GIT_ERROR_OS, doing: "create",
                        text: String(cString: strerror(errno)))
                }
            }
            return try Repository(opening: paths.repository)
        } catch {
            throw error.reading(paths.repository)
        }
    }

    private static func receive(
        _ request: FetchRequest, _ address: RemoteAddress, into mirror: borrowing Repository
    ) throws(SourceError) -> CommitID {
        let received: Result<CommitID, SourceError>
        do throws(GitError) {
            received = try mirror.with { mirror throws(GitError) in
                let remote = try GitHandle("name the remote", release: git_remote_free) {
                    git_remote_create_anonymous(&$0, mirror, address.path)
                }
                return try remote.with { remote throws(GitError) in
                    try receive(request, from: remote)
                }
            }
        } catch {
            throw error.asking(address.path)
        }
        let commit = try received.get()
        do throws(GitError) {
            // A branch of a hostile remote may point at something that is no commit.
            _ = try mirror.commit(commit)
        } catch {
            throw error.reading(mirror.path)
        }
        return commit
    }

    private static func receive(
        _ request: FetchRequest, from remote: OpaquePointer
    ) throws(GitError) -> Result<CommitID, SourceError> {
        let meter = TransferMeter(
            maximumObjects: request.maximumObjects, maximumBytes: request.maximumBytes)
        var options = git_fetch_options()
        try GitError.check(
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)), "set up the fetch")
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        options.prune = GIT_FETCH_NO_PRUNE
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        meter.watch(&options.callbacks)
        return try withExtendedLifetime(meter) { () throws(GitError) in
            var connection = git_remote_connect_options()
            try GitError.check(
                git_remote_connect_options_init(
                    &connection, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)),
                "set up the connection")
            connection.callbacks = options.callbacks
            connection.follow_redirects = GIT_REMOTE_REDIRECT_NONE
            try GitError.check(
                git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &connection), "connect")
            defer { git_remote_disconnect(remote) }
            switch try advertised(request, by: remote) {
            case .failure(let error): return .failure(error)
            case .success(let commit):
                let code = download(request, commit, from: remote, &options)
                if let exceeded = meter.exceeded { return .failure(exceeded) }
                try GitError.check(code, "fetch \(request.branch)")
                return .success(commit)
            }
        }
    }

    /// The commit that the remote has for the branch now.
    private static func advertised(
        _ request: FetchRequest, by remote: OpaquePointer
    ) throws(GitError) -> Result<CommitID, SourceError> {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try GitError.check(git_remote_ls(&heads, &count, remote), "list the branches")
        guard count <= request.maximumReferences else {
            return .failure(
                .tooLarge(
                    what: "the remote's list of branches and tags",
                    limit: "\(request.maximumReferences) entries"))
        }
        let wanted = "refs/heads/\(request.branch)"
        for head in UnsafeBufferPointer(start: heads, count: count) {
            guard let head, let name = head.pointee.name, strcmp(name, wanted) == 0 else { continue }
            return .success(GitObjectID(head.pointee.oid).commit)
        }
        return .failure(.branchMissing(request.branch.description))
    }

    private static func download(
        _ request: FetchRequest, _ commit: CommitID, from remote: OpaquePointer,
        _ options: inout git_fetch_options
    ) -> Int32 {
        // With `+`: without it a forced push would keep the old commit and still succeed.
        let reference = request.purpose.reference(to: commit)
        let refspec = "+refs/heads/\(request.branch):\(reference)"
        return refspec.withCString { text in
            var strings: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: text)]
            return strings.withUnsafeMutableBufferPointer { buffer in
                var list = git_strarray(strings: buffer.baseAddress, count: 1)
                return git_remote_fetch(remote, &list, &options, "airlock: fetch")
            }
        }
    }

    /// Removes our references that the record no longer has: plans of yesterday, heads of long ago.
    private static func prune(
        _ mirror: borrowing Repository, keep: Set<String>
    ) throws(SourceError) {
        let path = mirror.path
        do throws(GitError) {
            try mirror.with { mirror throws(GitError) in
                var names = git_strarray()
                try GitError.check(git_reference_list(&names, mirror), "list references")
                defer { git_strarray_dispose(&names) }
                for name in UnsafeBufferPointer(start: names.strings, count: names.count) {
                    guard let name else { continue }
                    let text = String(cString: name)
                    let isOurs = FetchPurpose.allCases.contains { text.hasPrefix($0.folder) }
                    guard isOurs, !keep.contains(text) else { continue }
                    try GitError.check(git_reference_remove(mirror, name), "remove \(text)")
                }
            }
        } catch {
            throw error.reading(path)
        }
    }
}
