import AirlockGit
import AirlockModel

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
                "gitIdentity is \(self[.gitIdentity])", advice: "write Name <name@example.org>")
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
