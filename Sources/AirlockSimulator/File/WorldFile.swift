import AirlockModel
import FoundationEssentials
import Glibc

/// The world's file: one record a line behind a checksum, only ever appended to, on disk before anything
/// is answered.
///
/// Several processes append, each under the file's lock; readers take what is new and never lock.
final class WorldFile {
    /// What was appended since the last reading.
    struct News {
        /// Another file lies there than before: what was known of the old one does not count.
        var isAnotherFile = false
        var records: [WorldRecord] = []
    }

    /// How much is read at a time, in bytes.
    private static let chunk = 1 << 20
    /// How often another file may take the place of this one while it is opened.
    private static let openings = 10

    let path: String
    private var descriptor: Int32 = -1
    private var isWritable = false
    /// Bytes that were taken over.
    private var offset = 0
    private var lines = 0
    private let form = WorldLine()
    /// What was read last; kept, because it is filled for every look.
    private var buffer = [UInt8](repeating: 0, count: chunk)

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Records that were appended since the last call; none while there is no file.
    func readNew() throws(Fault) -> News {
        var news = News()
        if descriptor >= 0, try !isInPlace() {
            shut()
            news.isAnotherFile = true
        }
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            if descriptor < 0 {
                guard errno == ENOENT else { throw .system("open", path, errno) }
                return news
            }
            try checkMode()
        }
        try take(&news, isAlone: false)
        return news
    }

    /// Appends what `decide` makes of everything that is in the file, and flushes it.
    ///
    /// - Parameter decide: Gets what others appended; answers with the records to append.
    /// - Returns: Whether anything was appended.
    func append(_ decide: (News) -> [WorldRecord]) throws(Fault) -> Bool {
        var news = News()
        try lock(&news)
        defer { flock(descriptor, LOCK_UN) }
        try take(&news, isAlone: true)
        let records = decide(news)
        guard !records.isEmpty else { return false }
        var bytes: [UInt8] = []
        for record in records { bytes += try form.line(record, path: path) }
        try write(bytes)
        offset += bytes.count
        lines += records.count
        return true
    }

    /// Begins again at the first line.
    func rewind() {
        offset = 0
        lines = 0
    }

    // MARK: Opening

    private func lock(_ news: inout News) throws(Fault) {
        for _ in 0..<Self.openings {
            if try !openForWriting() { news.isAnotherFile = true }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else { throw .system("lock", path, errno) }
            }
            if try isInPlace() { return }
            shut()
            news.isAnotherFile = true
        }
        throw .system("keep hold of", path, EBUSY)
    }

    /// Whether `path` still names the open file, and nothing that was read has gone from it.
    private func isInPlace() throws(Fault) -> Bool {
        let mine = try status(of: descriptor)
        var named = stat()
        guard lstat(path, &named) == 0 else {
            guard errno == ENOENT else { throw .system("look at", path, errno) }
            return false
        }
        return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
            && mine.st_size >= offset
    }

    private func shut() {
        close(descriptor)
        descriptor = -1
        isWritable = false
        rewind()
    }

    /// Returns whether it is still the file that was read.
    private func openForWriting() throws(Fault) -> Bool {
        guard !isWritable else { return true }
        let folder = Self.folder(of: path)
        let isNew = mkdir(folder, 0o700) == 0
        guard isNew || errno == EEXIST else { throw .system("make", folder, errno) }
        let opened = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw .system("open", path, errno) }
        let read = descriptor
        descriptor = opened
        defer { if read >= 0 { close(read) } }
        try checkMode()
        // A name is on disk when its folder is.
        try Self.flush(folder)
        if isNew { try Self.flush(Self.folder(of: folder)) }
        isWritable = true
        guard read >= 0 else { return true }
        let (before, now) = (try status(of: read), try status(of: opened))
        if before.st_ino == now.st_ino, before.st_dev == now.st_dev { return true }
        rewind()
        return false
    }

    private func checkMode() throws(Fault) {
        let mode = try status(of: descriptor).st_mode
        guard mode & 0o077 == 0, mode & S_IFMT == S_IFREG else {
            shut()
            throw .open(path)
        }
    }

    private func status(of descriptor: Int32) throws(Fault) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("look at", path, errno) }
        return status
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func flush(_ folder: String) throws(Fault) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", folder, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("flush", folder, errno) }
    }

    // MARK: Reading and writing

    /// Reads whole lines from where the last reading ended; all or, on an error, none.
    ///
    /// - Parameter isAlone: Under the lock a line without an end was torn by a kill, and is cut off.
    private func take(_ news: inout News, isAlone: Bool) throws(Fault) {
        var place = offset
        var count = lines
        var rest: [UInt8] = []
        while true {
            let read = pread(descriptor, &buffer, buffer.count, off_t(place + rest.count))
            guard read >= 0 else {
                if errno == EINTR { continue }
                throw .system("read", path, errno)
            }
            guard read > 0 else { break }
            rest += buffer[..<read]
            let taken = try form.records(in: rest, after: count, path: path)
            news.records += taken.records
            count += taken.records.count
            place += taken.bytes
            rest.removeFirst(taken.bytes)
            guard rest.count <= WorldLine.longest else {
                throw .damaged(path, line: count + 1)
            }
        }
        if isAlone, !rest.isEmpty {
            guard ftruncate(descriptor, off_t(place)) == 0 else {
                throw .system("cut", path, errno)
            }
        }
        offset = place
        lines = count
    }

    private func write(_ bytes: [UInt8]) throws(Fault) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw takingBack("write", errno) }
            sent += count
        }
        guard fdatasync(descriptor) == 0 else { throw takingBack("flush", errno) }
    }

    /// Nothing of what failed may stay: it would be carried out although it was refused.
    private func takingBack(_ what: String, _ code: Int32) -> Fault {
        guard ftruncate(descriptor, off_t(offset)) == 0 else { return .unsure(what, path, code) }
        return .system(what, path, code)
    }
}
