import Glibc

/// The file that a path named once: who goes on writing to one that was taken away writes for nobody.
struct NamedFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Nil where the path names none.
    init?(path: String) {
        var named = stat()
        guard stat(path, &named) == 0 else { return nil }
        (self.path, device, inode) = (path, named.st_dev, named.st_ino)
    }

    /// Whether the path still names it.
    var isThere: Bool {
        var named = stat()
        return stat(path, &named) == 0 && named.st_dev == device && named.st_ino == inode
    }
}
