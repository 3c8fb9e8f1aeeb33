import Glibc

/// The user that this process acts as.
package struct LocalUser: Hashable, Sendable {
    /// The effective user id.
    package let uid: UInt32
    /// The login name, for messages; `uid:N` where the system knows none.
    package let name: String

    /// Whether nothing on this machine is denied to the user.
    package var isRoot: Bool { uid == 0 }

    /// Names a user; tests make any they like.
    package init(uid: UInt32, name: String) {
        self.uid = uid
        self.name = name
    }

    /// The user of this process, as the kernel and the user database say.
    package static var current: LocalUser {
        let uid = geteuid()
        return LocalUser(uid: uid, name: account(of: uid)?.name ?? "uid:\(uid)")
    }

    /// The login name and home directory that the user database has for `uid`.
    static func account(of uid: UInt32) -> (name: String, home: String)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var strings = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(uid, &entry, &strings, strings.count, &found) == 0, found != nil,
            let name = entry.pw_name, let home = entry.pw_dir
        else { return nil }
        return (String(cString: name), String(cString: home))
    }
}
