package import AirlockModel
import FoundationEssentials
import Glibc

/// Who holds the lock of a state directory; it stands in the lock file.
package struct LockHolder: Hashable, Sendable, Codable, CustomStringConvertible {
    package let pid: Int
    package let uid: Int
    /// RFC 3339 in UTC.
    package let since: String
    package let host: String

    /// This process.
    package init(since: Timestamp) {
        pid = Int(getpid())
        uid = Int(getuid())
        self.since = since.rfc3339
        var name = [CChar](repeating: 0, count: 256)
        host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            : "unknown"
    }

    package var description: String { "pid \(pid), uid \(uid), since \(since), on \(host)" }

    /// The content of the lock file.
    func fileBytes() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) + [0x0A] }

    /// What a lock file says, as one phrase; a file that was not written yet has no name in it.
    static func describe(file bytes: [UInt8]) -> String {
        do {
            return try JSONDecoder().decode(LockHolder.self, from: Data(bytes)).description
        } catch {
            return "a process that has not given its name yet"
        }
    }
}

extension LockHolder {
    /// Who holds the lock of a state directory at this moment; nil where nobody does, or where this user
    /// cannot see the process.
    ///
    /// Never takes the lock itself, not even for a moment: a writer that starts then would be refused. The
    /// process that the file names holds it for as long as it has the file open.
    package static func current(in directory: StateDirectory) -> LockHolder? {
        do {
            guard let bytes = try DurableFile.read(directory.lock, limit: 4096) else { return nil }
            let holder = try JSONDecoder().decode(LockHolder.self, from: Data(bytes))
            var (named, open) = (stat(), stat())
            guard stat(directory.lock, &named) == 0 else { return nil }
            let folder = "/proc/\(holder.pid)/fd"
            for name in try DurableFile.names(in: folder) ?? []
            where stat("\(folder)/\(name)", &open) == 0
                && open.st_ino == named.st_ino && open.st_dev == named.st_dev
            { return holder }
            return nil
        } catch {
            // A process of another user, or a file that is just being written: there is nothing to tell.
            return nil
        }
    }
}
