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
