/// How a server lets Airlock in: files and names, never the secret bytes themselves.
///
/// The child that fetches reads the secrets; they are in no argument, message or URL.
package struct RemoteAccess: Codable, Hashable, Sendable {
    /// A file with the token for https and http; nil for the variable ``tokenVariable``, if it is set.
    package var tokenFile: String?
    /// The user that goes with the token.
    package var tokenUser = "x-access-token"
    /// A file with the certificates that are trusted besides the machine's.
    package var certificates: String?
    /// A file with an Ed25519 or ECDSA private key that has no passphrase.
    package var sshKey: String?
    /// A file with the host keys that are trusted; nil for `~/.ssh/known_hosts`.
    package var knownHosts: String?
    /// As ``tokenFile``, for pushing alone; nil for the one that fetches.
    package var pushTokenFile: String?
    /// As ``sshKey``, for pushing alone; nil for the one that fetches.
    package var pushSSHKey: String?
    /// Whether `http://` and `git://` may leave this machine.
    package var allowsInsecure = false

    /// The variable that holds the token where no file does.
    package static let tokenVariable = "AIRLOCK_GIT_TOKEN"

    package init() {}

    /// The same with what lets Airlock write.
    var forPushing: RemoteAccess {
        var access = self
        access.tokenFile = pushTokenFile ?? tokenFile
        access.sshKey = pushSSHKey ?? sshKey
        return access
    }

    /// A remote as a person may see it: without credentials, even where they make it refused.
    package static func shown(_ remote: String) -> String {
        remote.contains("@") || remote.contains("://") ? RemoteAddress.shown(remote) : remote
    }
}
