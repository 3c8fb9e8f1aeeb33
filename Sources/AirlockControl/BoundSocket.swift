import Glibc

/// A Unix socket that is bound with mode 0600 from its first moment.
struct BoundSocket {
    /// The longest path in bytes; `sun_path` holds one more for the closing zero.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    let descriptor: Int32
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a socket at `path` and replaces one that nobody listens at any more.
    ///
    /// The caller holds the ledger's lock, so two processes never do this at once.
    /// - Throws: ``ControlError/held(path:)``, ``ControlError/notASocket(path:)``,
    ///   ``ControlError/pathTooLong(path:limit:)`` or ``ControlError/failed(call:reason:)``.
    init(replacingStaleAt path: String) throws(ControlError) {
        try Self.removeStale(path)
        let descriptor = try Self.open()
        // On Linux the mode of an unbound socket, less the umask, becomes that of the bound file:
        // unlike chmod after bind there is no moment in which others can connect.
        guard fchmod(descriptor, 0o600) == 0 else {
            throw Self.closing(descriptor, Self.failure("fchmod"))
        }
        guard try Self.withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw Self.closing(descriptor, Self.failure("bind"))
        }
        var facts = stat()
        guard lstat(path, &facts) == 0 else {
            throw Self.closing(descriptor, Self.failure("lstat"))
        }
        self.descriptor = descriptor
        self.path = path
        device = facts.st_dev
        inode = facts.st_ino
    }

    /// Removes the file, unless another process has put its own in its place.
    func removeFile() {
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_dev == device, facts.st_ino == inode else {
            return
        }
        unlink(path)
    }

    private static func removeStale(_ path: String) throws(ControlError) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else {
            if errno == ENOENT { return }
            throw failure("lstat")
        }
        guard facts.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let probe = try open()
        defer { close(probe) }
        let code = try withAddress(path) { Glibc.connect(probe, $0, $1) }
        // A full backlog (EAGAIN) also means that someone is there.
        if code == 0 || errno == EAGAIN { throw .held(path: path) }
        guard errno == ECONNREFUSED || errno == ENOENT else { throw failure("connect") }
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("unlink") }
    }

    private static func open() throws(ControlError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket") }
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(ControlError) -> Int32 {
        let bytes = Array(path.utf8)
        guard bytes.count <= longestPath else {
            throw .pathTooLong(path: path, limit: longestPath)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failure(_ call: String) -> ControlError {
        .failed(call: call, reason: String(cString: strerror(errno)))
    }

    private static func closing(_ descriptor: Int32, _ error: ControlError) -> ControlError {
        close(descriptor)
        return error
    }
}
