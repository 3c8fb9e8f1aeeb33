import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One conversation with a git server; runs in the worker, which can be killed at any moment.
///
/// libgit2 calls back on the thread of the conversation, which is the only one that has this value.
final class RemoteConnection {
    /// References that a server may advertise.
    private static let maximumReferences = 1_000_000

    /// The server's host.
    let name: String
    private let url: String
    private let isSSH: Bool
    /// Whether the server can redirect.
    private let isHTTP: Bool
    /// The user that the URL names.
    private let user: String?
    private let access: RemoteAccess
    private let token: Secret?
    /// The most that is received.
    private let maximum: (objects: Int, bytes: Int)
    /// Calls for credentials so far: libgit2 asks again and again with the same answer.
    private var asked = 0
    /// Up to where it was told that the transfer gets on.
    private var told = 0
    /// Why a callback stopped the conversation; told instead of what libgit2 makes of it.
    private var reason: SourceError?

    /// Reads what lets Airlock in.
    ///
    /// - Parameter maximum: The most that is received, in objects and in bytes.
    init(
        _ address: RemoteAddress, _ access: RemoteAccess, state: String,
        maximum: (objects: Int, bytes: Int)
    ) throws(SourceError) {
        self.access = access
        self.maximum = maximum
        guard case .server(let server) = address.place else {
            preconditionFailure("folders are opened, not connected to")
        }
        (name, url, user, isSSH) = (server.host, server.url, server.user, server.scheme == .ssh)
        isHTTP = server.scheme == .https || server.scheme == .http
        switch server.scheme {
        case .https, .http:
            token = try AccessFiles.token(access)
            if let file = access.certificates, Glibc.access(file, R_OK) != 0 {
                throw .failed(
                    "gitCAFile \(file) cannot be read: \(String(cString: strerror(errno)))")
            }
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
                access, state: state, ownHome: Self.ownHome)
            setenv("HOME", home, 1)
        case .git: token = nil
        }
    }

    /// The home that the worker was started with.
    private static let ownHome: String? = getenv("HOME").map { String(cString: $0) }

    /// Lends a connected remote that uses these callbacks; every failure is told in the port's words.
    func with<Value>(
        _ direction: git_direction, in mirror: borrowing Repository,
        _ body: (OpaquePointer, inout git_remote_callbacks) throws(GitError) -> Value
    ) throws(SourceError) -> Value {
        let payload = Unmanaged.passUnretained(self).toOpaque()
        let result: Result<Value, GitError> = withExtendedLifetime(self) {
            do throws(GitError) {
                return .success(try connected(direction, in: mirror, payload, body))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error):
            throw reason
                ?? explained(error, mirror: mirror.path, isPush: direction == GIT_DIRECTION_PUSH)
        }
    }

    private func connected<Value>(
        _ direction: git_direction, in mirror: borrowing Repository,
        _ payload: UnsafeMutableRawPointer,
        _ body: (OpaquePointer, inout git_remote_callbacks) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        let url = url
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
            var callbacks = callbacks(payload)
            options.callbacks = callbacks
            // The option stops redirects to other hosts alone.
            if isHTTP { RedirectGuard.begin(with: name) }
            defer { if isHTTP { RedirectGuard.end() } }
            try GitError.check(git_remote_connect_ext(remote, direction, &options), "connect")
            defer { git_remote_disconnect(remote) }
            guard !isHTTP || RedirectGuard.hasSeenRequest else {
                throw stop(
                    .failed(
                        "libgit2 \(Libgit2.version) does not tell which requests it makes, and could follow "
                            + "a redirect unseen; report this"))
            }
            return try body(remote, &callbacks)
        }
    }

    /// What this connection advertises under a full name; nil when there is no such reference.
    ///
    /// A reference of the mirror never stands in for one of the server.
    func advertised(_ name: String, by remote: OpaquePointer) throws(GitError) -> CommitID? {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try GitError.check(git_remote_ls(&heads, &count, remote), "read the references")
        guard count <= Self.maximumReferences else {
            throw stop(
                .tooLarge(what: "the advertisement", limit: "\(Self.maximumReferences) references"))
        }
        for index in 0..<count {
            guard let head = heads?[index]?.pointee, let found = head.name, strcmp(found, name) == 0
            else { continue }
            return GitObjectID(head.oid).commit
        }
        return nil
    }

    /// Receives what one reference of the server has beyond the mirror.
    ///
    /// - Parameter local: What libgit2 is told the reference is called here; it is not written.
    func download(
        _ reference: String, as local: String, from remote: OpaquePointer,
        _ callbacks: git_remote_callbacks
    ) throws(GitError) {
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        options.callbacks = callbacks
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        let code = "+\(reference):\(local)".withCString { text in
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
            return Unmanaged<RemoteConnection>.fromOpaque(payload).takeUnretainedValue()
                .credential(made, url, user, allowed)
        }
        callbacks.certificate_check = { certificate, isValid, host, payload in
            guard let payload else { return GIT_EUSER.rawValue }
            return Unmanaged<RemoteConnection>.fromOpaque(payload).takeUnretainedValue()
                .check(certificate, isValid: isValid == 1)
        }
        callbacks.transfer_progress = { progress, payload in
            guard let payload, let progress else { return GIT_EUSER.rawValue }
            return Unmanaged<RemoteConnection>.fromOpaque(payload).takeUnretainedValue()
                .progress(progress.pointee)
        }
        callbacks.push_update_reference = { name, status, payload in
            guard let payload, let status else { return 0 }
            return Unmanaged<RemoteConnection>.fromOpaque(payload).takeUnretainedValue()
                .refused(name.map { String(cString: $0) } ?? "", String(cString: status))
        }
        return callbacks
    }

    /// The server took the objects and not the reference.
    private func refused(_ reference: String, _ why: String) -> Int32 {
        reason = .rejected(
            "\(name) does not take \(reference): \(GitText.escaped(Array(why.utf8.prefix(200))))")
        return GIT_EUSER.rawValue
    }

    private func credential(
        _ made: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>,
        _ url: UnsafePointer<CChar>?, _ user: UnsafePointer<CChar>?, _ allowed: UInt32
    ) -> Int32 {
        // Only the server that was named is answered, and only where libgit2 is still on its URL.
        guard let url, String(cString: url) == self.url else {
            reason = .unreachable(
                "the server sent Airlock elsewhere; credentials go to \(name) alone")
            return GIT_EUSER.rawValue
        }
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 {
            return git_credential_username_new(made, self.user ?? "git")
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
            let name = user.map { String(cString: $0) } ?? self.user ?? "git"
            return git_credential_ssh_key_new(made, name, nil, key, nil)
        }
        reason = .unreachable(refused)
        return GIT_EUSER.rawValue
    }

    private var refused: String {
        if isSSH {
            return
                "\(name) does not accept the key \(access.sshKey ?? ""); add its public half there"
        }
        guard token != nil else {
            return "\(name) asks for credentials; name the token's file in gitTokenFile"
        }
        return asked == 0
            ? "\(name) refuses access and asks for no token of the kind that Airlock sends (Basic)"
            : "\(name) does not accept the token; check that it is valid and may read"
    }

    /// Never answers 0: that would accept what libgit2 found to be wrong.
    private func check(
        _ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool
    ) -> Int32 {
        if isValid { return GIT_PASSTHROUGH.rawValue }
        let isHostKey = certificate?.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2
        reason = .unreachable(
            isHostKey
                ? "the host key of \(name) is not among the known ones, or is another than "
                    + "before; compare it with the server's own word before you change gitKnownHosts"
                : "the certificate of \(name) is not trusted: it is signed by nobody known here, is out of its "
                    + "time or names another host; name the file of its authority in gitCAFile, or look at "
                    + "it with `openssl s_client`")
        return GIT_ECERTIFICATE.rawValue
    }

    private func progress(_ progress: git_indexer_progress) -> Int32 {
        if Int(progress.total_objects) > maximum.objects {
            reason = .tooLarge(what: "the fetch", limit: "\(maximum.objects) objects")
        } else if progress.received_bytes > maximum.bytes {
            reason = .tooLarge(
                what: "the fetch", limit: GitLimits.bytes(maximum.bytes))
        }
        let done =
            progress.received_bytes / Self.progressBytes
            + Int(progress.indexed_objects + progress.indexed_deltas) / Self.progressObjects
        if done > told {
            told = done
            FetchWorker.tellProgress()
        }
        return reason == nil ? 0 : GIT_EUSER.rawValue
    }

    /// What counts as getting on: more than a server that only drips sends in the time of a fetch.
    private static let progressBytes = 1 << 20
    private static let progressObjects = 20_000

    /// Ends the conversation for a reason of our own.
    func stop(_ reason: SourceError) -> GitError {
        self.reason = reason
        return GitError(code: GIT_EUSER.rawValue, category: GIT_ERROR_CALLBACK, doing: "speak")
    }

    private func explained(_ error: GitError, mirror: String, isPush: Bool) -> SourceError {
        if let tooLarge = error.tooLarge { return tooLarge }
        if error.code == GIT_EAUTH.rawValue { return .unreachable(refused) }
        if let status = error.httpStatus {
            return .unreachable(
                "\(name) answers \(status)\(meaning(ofHTTP: status, isPush: isPush))")
        }
        let local = [GIT_ERROR_ODB, GIT_ERROR_REPOSITORY, GIT_ERROR_CONFIG, GIT_ERROR_REFERENCE]
        if local.contains(where: { Int32($0.rawValue) == error.category }) {
            return error.reading(mirror)
        }
        // What does not unpack came from the server or lies here: the packs have a sum of their own.
        let unpacking = [GIT_ERROR_ZLIB, GIT_ERROR_INDEXER]
        if unpacking.contains(where: { Int32($0.rawValue) == error.category }),
            let pack = PackSum.firstDamaged(
                in: mirror + "/objects/pack", onProgress: FetchWorker.tellProgress)
        {
            return .corrupt("\(pack) is not what was received: \(error.text)")
        }
        // Of what goes wrong on the way to the server, only a connection that nobody takes is of this class.
        if Int32(GIT_ERROR_OS.rawValue) == error.category,
            !error.text.hasPrefix("failed to connect")
        {
            return .failed("\(mirror) cannot be written: \(error.text)")
        }
        return .unreachable("\(error.doing) at \(name): \(error.text)")
    }

    /// What a status of HTTP says to somebody who runs Airlock, after a colon; empty where it says no more.
    private func meaning(ofHTTP status: Int, isPush: Bool) -> String {
        let place = access.tokenFile ?? RemoteAccess.tokenVariable
        switch status {
        case 403 where asked == 0:
            return ": it refuses access, and has asked for no token"
        case 403:
            return
                ": the token of \(place) may not \(isPush ? "write" : "read") there; give it that right"
        case 404:
            return ": there is no repository at this address"
                + (asked == 0 ? "" : ", or none that the token of \(place) may see")
        case 429: return ": it wants fewer requests for a while"
        case 500...599: return ": the fault is the server's own"
        default: return ""
        }
    }
}
