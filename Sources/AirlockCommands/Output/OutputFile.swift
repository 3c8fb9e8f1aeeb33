import AirlockHost
import Foundation
import Glibc
import SystemPackage

/// A file that a person names for a verb to write.
enum OutputFile {
    /// Writes a whole text, or nothing. Links lead to what is written, an old file leaves its mode to the new one, and
    /// devices and pipes are written into.
    ///
    /// - Parameter option: The option that names the file, for the advice.
    /// - Throws: ``Failure`` with the reason of the system.
    static func write(_ bytes: some Sequence<UInt8>, to path: String, option: String) throws {
        let data = Data(bytes)
        do throws(Errno) {
            var status = stat()
            let isThere = stat(path, &status) == 0
            if isThere, let printed = printed(to: status) {
                // A file of its own would go on where the other half is, or be replaced.
                try put(data, into: dup(printed))
            } else if isThere, status.st_mode & S_IFMT != S_IFREG {
                try put(data, into: open(path, O_WRONLY | O_CLOEXEC))
            } else {
                try replace(followed(path), by: data, mode: isThere ? status.st_mode & 0o7777 : nil)
            }
        } catch {
            throw Failure(
                "\(path.visible) cannot be written: \(error.description)", advice: "check \(option)"
            )
        }
    }

    /// Writes beside the file, then takes its place.
    ///
    /// - Parameter mode: That of the old file; nil for what the process gives to a new one.
    private static func replace(_ target: String, by data: Data, mode: mode_t?) throws(Errno) {
        let place = "\(target).\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).new"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let descriptor = open(place, flags, mode == nil ? 0o666 : 0o600)
        do throws(Errno) {
            try put(data, into: descriptor)
            if let mode { try done(chmod(place, mode)) }
            try done(rename(place, target))
        } catch {
            if descriptor >= 0 { unlink(place) }
            throw error
        }
    }

    /// Writes all of it and closes the descriptor.
    ///
    /// - Parameter descriptor: Negative where there was none to be had, as the system says it.
    private static func put(_ data: Data, into descriptor: Int32) throws(Errno) {
        try done(descriptor)
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter { _ = try file.writeAll(data) }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// What a call of the system that failed left as its reason.
    private static func done(_ result: Int32) throws(Errno) {
        if result < 0 { throw Errno(rawValue: errno) }
    }

    /// Standard output or standard error, where it goes to a file; nil where neither does.
    private static func printed(to file: stat) -> Int32? {
        [STDOUT_FILENO, STDERR_FILENO].first { descriptor in
            var printed = stat()
            return fstat(descriptor, &printed) == 0 && printed.st_dev == file.st_dev
                && printed.st_ino == file.st_ino
        }
    }

    /// What a chain of links leads to, which need not be there. One without an end is no place to write to.
    private static func followed(_ path: String) -> String {
        var target = path
        for _ in 0..<40 {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(target, &buffer, buffer.count)
            guard count > 0 else { return target }
            let link = String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
            target = link.hasPrefix("/") ? link : folder + link
        }
        return target
    }
}
