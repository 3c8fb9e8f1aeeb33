import AirlockPorts
import Glibc

/// The mirror as this process has it open; it never leaves the actor that opened it.
final class OpenedMirror {
    let repository: Repository
    let identity: Identity

    /// Which folder it is, whatever its path.
    struct Identity: Hashable {
        private let device: UInt
        private let inode: UInt

        /// Nil when there is no folder at `path`.
        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
        }
    }

    init(_ path: String, _ identity: Identity) throws(SourceError) {
        try Libgit2.start()
        self.identity = identity
        do throws(GitError) {
            repository = try Repository(opening: path)
        } catch {
            throw error.reading(path)
        }
    }
}
