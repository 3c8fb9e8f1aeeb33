import AirlockPorts
import Glibc

/// The right to write the mirror; held by one process at a time, given back when it ends.
struct MirrorLock: ~Copyable {
    private let file: Int32
    /// How long another holder was waited for.
    let waited: Duration

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - path: The lock file; it is made when absent and never removed.
    ///   - patience: Longest wait for another holder.
    /// - Throws: ``SourceError/busy`` after that.
    init(_ path: String, patience: Duration) throws(SourceError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StateFile.failure("open", path) }
        let begin = ContinuousClock.now
        let end = begin + patience
        let pauseMicroseconds: UInt32 = 20_000
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                defer { close(file) }
                throw StateFile.failure("lock", path)
            }
            guard ContinuousClock.now < end else {
                close(file)
                throw .busy
            }
            usleep(pauseMicroseconds)
        }
        self.file = file
        waited = ContinuousClock.now - begin
    }

    deinit { close(file) }
}
