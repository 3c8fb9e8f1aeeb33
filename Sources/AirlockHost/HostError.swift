/// Why the machine could not give what was asked.
package enum HostError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file of the system cannot be read.
    case unreadable(path: String, reason: String)
    /// Neither `$XDG_STATE_HOME` nor a home directory says where state belongs.
    case noHome
    /// The control socket's path is too long for the kernel and there is no runtime directory.
    case socketPathTooLong(path: String, limit: Int)
    /// The process may have too little of something to do its work.
    case limited(ProcessLimit, has: UInt, needs: UInt)

    /// What failed, where, and what to do.
    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "cannot read \(path): \(reason); mount /proc and try again"
        case .noHome:
            "there is no home directory to keep state in; set HOME or pass --state DIR"
        case .socketPathTooLong(let path, let limit):
            "\(path) is over the kernel's \(limit) bytes for a socket; "
                + "set XDG_RUNTIME_DIR or pass a shorter --state DIR"
        case .limited(let limit, let has, let needs):
            "this process may have \(limit.phrase(of: has)), and Airlock needs \(limit.phrase(of: needs)); "
                + "raise it with `\(limit.shell(to: needs))`, or with \(limit.unit)=\(needs) of its systemd unit"
        }
    }
}
