import AirlockPorts
import Glibc
import Synchronization

/// The lock on a state directory: held as long as the process lives or until it is released.
///
/// A killed process loses it with its file descriptors; children do not inherit it.
final class LedgerLock: Sendable {
    private let path: String
    private let descriptor: Mutex<Int32?>

    /// Takes the lock at once or says who has it.
    init(path: String, holder: LockHolder) throws(LedgerError) {
        self.path = path
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, DurableFile.mode)
        guard file >= 0 else { throw DurableFile.fault("open", path) }
        do throws(LedgerError) {
            try Self.take(file, path: path, holder: holder)
        } catch {
            close(file)
            throw error
        }
        descriptor = Mutex(file)
    }

    deinit { release() }

    /// Whether the lock is still that of the file with this name.
    var isHeld: Bool {
        descriptor.withLock { file in
            guard let file else { return false }
            var (ours, named) = (stat(), stat())
            return fstat(file, &ours) == 0 && stat(path, &named) == 0
                && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev
        }
    }

    /// Gives the lock back; the file stays.
    func release() {
        descriptor.withLock { file in
            if let open = file {
                // A child that is just being made holds the file too until it runs its program.
                flock(open, LOCK_UN)
                close(open)
            }
            file = nil
        }
    }

    private static func take(
        _ file: Int32, path: String, holder: LockHolder
    ) throws(LedgerError) {
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                let written = try DurableFile.read(path, limit: 4096) ?? []
                throw .locked(holder: LockHolder.describe(file: written))
            default: throw DurableFile.fault("lock", path)
            }
        }
        let content: [UInt8]
        do {
            content = try holder.fileBytes()
        } catch {
            throw .storage("cannot describe the holder of \(path): \(error)")
        }
        guard ftruncate(file, 0) == 0 else { throw DurableFile.fault("truncate", path) }
        try DurableFile.write(content, to: file, path: path)
        guard fsync(file) == 0 else { throw DurableFile.fault("sync", path) }
    }
}
