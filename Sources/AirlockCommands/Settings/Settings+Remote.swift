import AirlockGit

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
        switch self[.insecureTransport] {
        case "true": access.allowsInsecure = true
        case "false": access.allowsInsecure = false
        default:
            throw Failure(
                "insecureTransport is \(self[.insecureTransport])", advice: "write true or false")
        }
        return access
    }

    private func path(_ key: Key) -> String? { self[key].isEmpty ? nil : self[key] }
}
