import AirlockHost
import Foundation
import Glibc

/// A file that a person names for a verb to write.
enum OutputFile {
    /// Writes a whole text, or nothing. Links lead to what is written, an old file leaves its mode to the new one, and
    /// devices and pipes are written into.
    ///
    /// - Parameter option: The option that names the file, for the advice.
    /// - Throws: ``Failure`` with the reason of the system.
    static func write(_ bytes: some Sequence<UInt8>, to path: String, option: String) throws {
        func failure(_ reason: String) -> Failure {
            Failure("\(path.visible) cannot be written: \(reason)", advice: "check \(option)")
        }
        var status = stat()
        let isThere = stat(path, &status) == 0
        // Into what this process prints to it is printed: a file would go on where the other half is, or be replaced.
        let printed = isThere ? printed(to: status) : nil
        let isReplaced = printed == nil && (!isThere || status.st_mode & S_IFMT == S_IFREG)
        let target = isReplaced ? followed(path) : path
        let place =
            isReplaced
            ? "\(target).\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).new" : path
        let descriptor =
            if let printed {
                dup(printed)
            } else if isReplaced {
                open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isThere ? 0o600 : 0o666)
            } else { open(place, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        do {
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try file.write(contentsOf: Data(bytes))
        } catch {
            if isReplaced { unlink(place) }
            throw failure(error.localizedDescription)
        }
        guard isReplaced else { return }
        let isDone =
            (!isThere || chmod(place, status.st_mode & 0o7777) == 0) && rename(place, target) == 0
        guard isDone else {
            let reason = String(cString: strerror(errno))
            unlink(place)
            throw failure(reason)
        }
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
