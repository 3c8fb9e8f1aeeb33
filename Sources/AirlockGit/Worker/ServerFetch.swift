import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One fetch from a git server; runs in the worker, which can be killed at any moment.
///
/// libgit2 calls back on the thread of the fetch, which is the only one that has this value.
final class ServerFetch {
    /// References that a server may advertise.
    private static let maximumReferences = 1_000_000

    private let server: RemoteAddress.Server
    private let access: RemoteAccess
    private let request: FetchRequest
    private let token: Secret?
    /// Calls for credentials so far: libgit2 asks again and again with the same answer.
    private var asked = 0
    /// Why a callback stopped the fetch; told instead of what libgit2 makes of it.
    private var reason: SourceError?

    /// Reads what lets Airlock in.
    init(_ server: RemoteAddress.Server, _ request: FetchRequest) throws(SourceError) {
        self.server = server
        self.request = request
        access = request.access
        switch server.scheme {
        case .https, .http:
            token = try AccessFiles.token(access)
            if let file = access.certificates, alk_git_certificates(file) != 0 {
                throw .failed("\(file) holds no certificates in PEM form; check gitCAFile")
            }
        case .ssh:
            token = nil
            guard let key = access.sshKey else {
                throw .failed("ssh:// needs a key; name its file in gitSSHKey")
            }
            try AccessFiles.checkKey(key)
            let home = try AccessFiles.prepareHome(
                access, state: request.state, ownHome: Self.ownHome)
            setenv("HOME", home, 1)
        case .git: token = nil
        }
    }

    /// The home that the worker was started with.
    private static let ownHome: String? = getenv("HOME").map { String(cString: $0) }

    /// Asks what the branch has, and receives it where the mirror lacks it.
    func receive(into mirror: borrowing Repository) throws(SourceError) -> CommitID {
        let payload = Unmanaged.passUnretained(self).toOpaque()
        let result: Result<CommitID, GitError> = withExtendedLifetime(self) {
            do throws(GitError) {
                return .success(try receive(into: mirror, payload))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let commit): return commit
        case .failure(let error): throw reason ?? explained(error)
        }
    }

    private func receive(
        into mirror: borrowing Repository, _ payload: UnsafeMutableRawPointer
    ) throws(GitError) -> CommitID {
        let url = server.url
        let remote = try mirror.with { repository throws(GitError) in
            try GitHandle("name the remote", release: git_remote_free) {
                git_remote_create_anonymous(&$0, repository, url)
            }
        }
        return try remote.with { remote throws(GitError) in
            var options = git_remote_connect_options()
            git_remote_connect_options_init(
                &options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
            options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
            options.callbacks = callbacks(payload)
            try GitError.check(
                git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options), "connect")
            defer { git_remote_disconnect(remote) }
            let commit = try advertised(by: remote)
            if !mirror.contains(GitObjectID(commit)) { try download(commit, from: remote, payload) }
            return commit
        }
    }

    /// What this connection advertises for the branch: an older reference of the mirror never stands in.
    private func advertised(by remote: OpaquePointer) throws(GitError) -> CommitID {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try GitError.check(git_remote_ls(&heads, &count, remote), "read the references")
        guard count <= Self.maximumReferences else {
            throw stop(
                .tooLarge(what: "the advertisement", limit: "\(Self.maximumReferences) references"))
        }
        let wanted = "refs/heads/\(request.branch)"
        for index in 0..<count {
            guard let head = heads?[index]?.pointee, let name = head.name,
                strcmp(name, wanted) == 0
            else { continue }
            return GitObjectID(head.oid).commit
        }
        throw stop(.branchMissing(request.branch.description))
    }

    /// Receives the branch's objects; the reference is made by the caller, once the commit was looked at.
    private func download(
        _ commit: CommitID, from remote: OpaquePointer, _ payload: UnsafeMutableRawPointer
    ) throws(GitError) {
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        options.callbacks = callbacks(payload)
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        let refspec = "+refs/heads/\(request.branch):\(request.purpose.reference(to: commit))"
        let code = refspec.withCString { text in
            var texts: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: text)]
            return texts.withUnsafeMutableBufferPointer { buffer in
                var list = git_strarray(strings: buffer.baseAddress, count: 1)
                return git_remote_download(remote, &list, &options)
            }
        }
        try GitError.check(code, "receive")
    }

    // MARK: Callbacks

    private func callbacks(_ payload: UnsafeMutableRawPointer) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = payload
        callbacks.credentials = { made, url, user, allowed, payload in
            guard let payload, let made else { return GIT_EUSER.rawValue }
            return Unmanaged<ServerFetch>.fromOpaque(payload).takeUnretainedValue()
                .credential(made, url, user, allowed)
        }
        callbacks.certificate_check = { certificate, isValid, host, payload in
            guard let payload else { return GIT_EUSER.rawValue }
            return Unmanaged<ServerFetch>.fromOpaque(payload).takeUnretainedValue()
                .check(certificate, isValid: isValid == 1)
        }
        callbacks.transfer_progress = { progress, payload in
            guard let payload, let progress else { return GIT_EUSER.rawValue }
            return Unmanaged<ServerFetch>.fromOpaque(payload).takeUnretainedValue()
                .progress(progress.pointee)
        }
        return callbacks
    }

    private func credential(
        _ made: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>,
        _ url: UnsafePointer<CChar>?, _ user: UnsafePointer<CChar>?, _ allowed: UInt32
    ) -> Int32 {
        // Only the server that was named is answered, and only where libgit2 is still on its URL.
        guard let url, String(cString: url) == server.url else {
            reason = .unreachable(
                "the server sent Airlock elsewhere; credentials go to \(server.host) alone")
            return GIT_EUSER.rawValue
        }
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 {
            return git_credential_username_new(made, server.user ?? "git")
        }
        asked += 1
        guard asked == 1 else {
            reason = .unreachable(refused)
            return GIT_EUSER.rawValue
        }
        if allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, let token {
            return token.with { git_credential_userpass_plaintext_new(made, access.tokenUser, $0) }
        }
        if allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0, let key = access.sshKey {
            let name = user.map { String(cString: $0) } ?? server.user ?? "git"
            return git_credential_ssh_key_new(made, name, nil, key, nil)
        }
        reason = .unreachable(
            "\(server.host) asks for credentials; name the token's file in gitTokenFile")
        return GIT_EUSER.rawValue
    }

    private var refused: String {
        server.scheme == .ssh
            ? "\(server.host) does not accept the key \(access.sshKey ?? ""); add its public half there"
            : "\(server.host) does not accept the token; check that it is valid and may read"
    }

    /// Never answers 0: that would accept what libgit2 found to be wrong.
    private func check(
        _ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool
    ) -> Int32 {
        if isValid { return GIT_PASSTHROUGH.rawValue }
        let isHostKey = certificate?.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2
        reason = .unreachable(
            isHostKey
                ? "the host key of \(server.host) is not among the known ones, or is another than "
                    + "before; compare it with the server's own word before you change gitKnownHosts"
                : "the certificate of \(server.host) is signed by nobody known here; name the file of "
                    + "its authority in gitCAFile")
        return GIT_ECERTIFICATE.rawValue
    }

    private func progress(_ progress: git_indexer_progress) -> Int32 {
        if Int(progress.total_objects) > request.maximumObjects {
            reason = .tooLarge(what: "the fetch", limit: "\(request.maximumObjects) objects")
        } else if progress.received_bytes > request.maximumBytes {
            reason = .tooLarge(
                what: "the fetch", limit: GitLimits.bytes(request.maximumBytes))
        }
        return reason == nil ? 0 : GIT_EUSER.rawValue
    }

    private func stop(_ reason: SourceError) -> GitError {
        self.reason = reason
        return GitError(code: GIT_EUSER.rawValue, category: GIT_ERROR_CALLBACK, doing: "fetch")
    }

    private func explained(_ error: GitError) -> SourceError {
        if let tooLarge = error.tooLarge { return tooLarge }
        if error.code == GIT_EAUTH.rawValue { return .unreachable(refused) }
        let local = [GIT_ERROR_ODB, GIT_ERROR_REPOSITORY, GIT_ERROR_CONFIG, GIT_ERROR_REFERENCE]
        if local.contains(where: { Int32($0.rawValue) == error.category }) {
            return error.reading(request.state)
        }
        return .unreachable("\(error.doing) at \(server.host): \(error.text)")
    }
}
