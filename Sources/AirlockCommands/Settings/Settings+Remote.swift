import AirlockGit
import AirlockHost
import AirlockModel
import Foundation

extension Settings.Entry {
    /// The value as a person may see it.
    var shown: String { key == .repo ? RemoteAccess.shown(value) : value }
}

extension Settings {
    /// How a git server lets Airlock in.
    ///
    /// - Throws: ``Failure`` for a value that is none of its kind.
    func remoteAccess() throws -> RemoteAccess {
        var access = RemoteAccess()
        access.tokenFile = path(.gitTokenFile)
        access.tokenUser = self[.gitTokenUser]
        access.certificates = path(.gitCAFile)
        access.sshKey = path(.gitSSHKey)
        access.knownHosts = path(.gitKnownHosts)
        access.pushTokenFile = path(.gitPushTokenFile)
        access.pushSSHKey = path(.gitPushSSHKey)
        access.allowsInsecure = try isTrue(.insecureTransport)
        return access
    }

    /// Whether Airlock may push: it was told so, or has a credential for nothing else.
    ///
    /// - Throws: ``Failure`` for a value that is none of its kind.
    func mayPush() throws -> Bool {
        let isAllowed = try isTrue(.gitPush)
        return isAllowed || path(.gitPushTokenFile) != nil || path(.gitPushSSHKey) != nil
    }

    /// Who Airlock's commits say they are by.
    ///
    /// - Throws: ``Failure`` for a value that git would not take.
    func gitIdentity() throws -> GitIdentity {
        guard let identity = GitIdentity(self[.gitIdentity]) else {
            throw Failure(
                "gitIdentity is \(self[.gitIdentity].visible)",
                advice: "write Name <name@example.org>")
        }
        return identity
    }

    /// What signs Airlock's commits; nil for unsigned ones.
    ///
    /// - Throws: ``Failure`` when the key cannot be used.
    func commitSigner() throws -> KeyFileSigner? {
        try path(.gitSigningKey).map(KeyFileSigner.init)
    }

    private func isTrue(_ key: Key) throws -> Bool {
        switch self[key] {
        case "true": return true
        case "false": return false
        default:
            throw Failure("\(key.rawValue) is \(self[key])", advice: "write true or false")
        }
    }

    private func path(_ key: Key) -> String? { self[key].isEmpty ? nil : self[key] }
}

extension Settings {
    /// What is followed with these settings.
    var follows: FollowedBranch {
        let repo = self[.repo]
        return FollowedBranch(
            repo: Self.comparable(repo), branch: self[.branch],
            spelled: repo.contains("://") ? nil : URL(filePath: repo).standardizedFileURL.path)
    }

    /// The same as far as the caller said it, for a process that may follow something else.
    var asked: FollowedBranch {
        var asked = follows
        if !isSaid(.repo) { asked.repo = nil }
        if !isSaid(.branch) { asked.branch = nil }
        return asked
    }

    /// One spelling for a folder, however it is reached, and a URL without what lets anyone in.
    private static func comparable(_ repo: String) -> String {
        let scheme = "file://"
        let place = repo.hasPrefix(scheme) ? String(repo.dropFirst(scheme.count)) : repo
        var text =
            place.contains("://")
            ? RemoteAccess.shown(place)
            : URL(filePath: place).standardizedFileURL.resolvingSymlinksInPath()
                .path(percentEncoded: false)
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
