import AirlockModel
import Glibc

/// Where files of this user belong when no setting says otherwise.
///
/// Follows the XDG Base Directory Specification 0.8: relative paths in its variables are ignored.
package struct SettingsPaths: Hashable, Sendable {
    /// Longest path of a Unix socket in bytes: `sun_path` holds 108 with the closing zero.
    package static let longestSocketPath = 107

    private let environment: [String: String]

    /// Looks paths up in these environment variables.
    package init(environment: [String: String]) { self.environment = environment }

    /// The default of `--state`: systemd's `$STATE_DIRECTORY` for a service, else below
    /// `$XDG_STATE_HOME`, else `~/.local/state/airlock`.
    ///
    /// - Throws: ``HostError/noHome``.
    package func stateDirectory() throws(HostError) -> String {
        // systemd gives several directories as one list with colons; the unit's first is ours.
        let service = environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        if let service, service.hasPrefix("/") { return service }
        if let state = absolute("XDG_STATE_HOME") { return Self.join(state, "airlock") }
        guard let home = absolute("HOME") ?? LocalUser.account(of: geteuid())?.home else {
            throw .noHome
        }
        return Self.join(home, ".local/state/airlock")
    }

    /// The control socket of a state directory: in it, or in `$XDG_RUNTIME_DIR` under a name made of
    /// the directory's path when that is too long for a socket.
    ///
    /// Every process that names the same directory gets the same path, also through symlinks.
    /// - Throws: ``HostError/socketPathTooLong(path:limit:)``.
    package func controlSocket(in state: String) throws(HostError) -> String {
        let directory = Self.resolved(state)
        let inside = Self.join(directory, "control.sock")
        if inside.utf8.count <= Self.longestSocketPath { return inside }
        if let runtime = absolute("XDG_RUNTIME_DIR") {
            let digest = Digest(of: directory.utf8).description.prefix(32)
            let outside = Self.join(runtime, "airlock-\(digest).sock")
            if outside.utf8.count <= Self.longestSocketPath { return outside }
        }
        throw .socketPathTooLong(path: inside, limit: Self.longestSocketPath)
    }

    private func absolute(_ name: String) -> String? {
        environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The path without symlinks, or as it is while nothing is there.
    private static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }
}
