import AirlockModel
import Foundation
import Glibc

/// The world's file: one record a line behind a checksum, only ever appended to, on disk before anything
/// is answered.
///
/// Several processes append, each under the file's lock; readers take what is new and never lock.
final class WorldFile {
    /// Why the file cannot be used.
    enum Fault: Error, CustomStringConvertible {
        case system(String, String, Int32)
        /// A line in the middle is not what was written.
        case damaged(String, line: Int)

        var description: String {
            switch self {
            case .system(let what, let path, let code):
                "cannot \(what) \(path): \(String(cString: strerror(code)))"
            case .damaged(let path, let line):
                "\(path) line \(line) is damaged; move the file away to begin a new world"
            }
        }
    }

    /// Digits of the checksum in front of each line.
    private static let checksumDigits = 16
    /// How much is read at a time, in bytes.
    private static let chunk = 1 << 20

    let path: String
    private var descriptor: Int32 = -1
    private var isWritable = false
    /// Bytes that were taken over.
    private var offset = 0
    private var lines = 0
    private let encoder = JSONEncoder()
    private let decoder = JSONDecoder()

    init(path: String) {
        self.path = path
        encoder.outputFormatting = .withoutEscapingSlashes
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Records that were appended since the last call; none while there is no file.
    func readNew() throws(Fault) -> [WorldRecord] {
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 {
                guard errno == ENOENT else { throw .system("open", path, errno) }
                return []
            }
        }
        return try take(isAlone: false)
    }

    /// Appends what `decide` makes of everything that is in the file, and flushes it.
    ///
    /// - Parameter decide: Gets the records that others appended; answers with those to append.
    func append(
        _ decide: (_ news: [WorldRecord]) -> [WorldRecord]
    ) throws(Fault) {
        try openForWriting()
        guard flock(descriptor, LOCK_EX) == 0 else { throw .system("lock", path, errno) }
        defer { flock(descriptor, LOCK_UN) }
        let records = decide(try take(isAlone: true))
        guard !records.isEmpty else { return }
        var bytes: [UInt8] = []
        for record in records { bytes += try line(record) }
        try write(bytes)
        offset += bytes.count
        lines += records.count
    }

    /// Begins again at the first line.
    func rewind() {
        offset = 0
        lines = 0
    }

    private func openForWriting() throws(Fault) {
        guard !isWritable else { return }
        if descriptor >= 0 { close(descriptor) }
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw .system("make", folder, errno)
        }
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        isWritable = true
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw .system("open", folder, errno) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw .system("flush", folder, errno) }
    }

    /// Reads whole lines from where the last reading ended.
    ///
    /// - Parameter isAlone: Under the lock a line without an end was torn by a kill, and is cut off.
    private func take(isAlone: Bool) throws(Fault) -> [WorldRecord] {
        var records: [WorldRecord] = []
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(offset + rest.count))
            guard count >= 0 else { throw .system("read", path, errno) }
            guard count > 0 else { break }
            rest += buffer[..<count]
            var start = 0
            while let end = rest[start...].firstIndex(of: 0x0A) {
                lines += 1
                records.append(try record(rest[start..<end]))
                start = end + 1
            }
            offset += start
            rest.removeFirst(start)
        }
        if isAlone, !rest.isEmpty {
            guard ftruncate(descriptor, off_t(offset)) == 0 else {
                throw .system("cut", path, errno)
            }
        }
        return records
    }

    private func line(_ record: WorldRecord) throws(Fault) -> [UInt8] {
        do {
            let json = Array(try encoder.encode(record))
            return Self.checksum(json) + [0x20] + json + [0x0A]
        } catch { throw .system("encode a record for", path, EINVAL) }
    }

    private func record(_ line: ArraySlice<UInt8>) throws(Fault) -> WorldRecord {
        let json = Array(line.dropFirst(Self.checksumDigits + 1))
        guard Array(line.prefix(Self.checksumDigits)) == Self.checksum(json) else {
            throw .damaged(path, line: lines)
        }
        do { return try decoder.decode(WorldRecord.self, from: Data(json)) } catch {
            throw .damaged(path, line: lines)
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        Array(Digest(of: bytes).description.utf8.prefix(checksumDigits))
    }

    private func write(_ bytes: [UInt8]) throws(Fault) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                let code = errno
                // Half a record would be damage once something follows it.
                guard ftruncate(descriptor, off_t(offset)) == 0 else {
                    throw .system("cut", path, errno)
                }
                throw .system("write", path, code)
            }
            sent += count
        }
        guard fdatasync(descriptor) == 0 else { throw .system("flush", path, errno) }
    }
}
