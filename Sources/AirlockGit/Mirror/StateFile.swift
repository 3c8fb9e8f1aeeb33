import AirlockPorts
import FoundationEssentials
import Glibc

/// Small files of the state directory, readable by their owner alone.
enum StateFile {
    /// The most that is read back, in bytes.
    private static let maximumBytes = 4 << 20

    /// The bytes of a file; nil when it is absent.
    static func read(_ path: String) throws(SourceError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 && errno == ENOENT { return nil }
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= maximumBytes else {
                throw .tooLarge(what: path, limit: GitLimits.bytes(maximumBytes))
            }
        }
    }

    /// Writes a new file beside `path` and renames it over the old one.
    ///
    /// - Parameter flushed: Whether it is to outlive a loss of power; it always outlives the process.
    static func replace(
        _ path: String, with bytes: [UInt8], flushed: Bool = true
    ) throws(SourceError) {
        let fresh = path + ".new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", fresh) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                defer { close(file) }
                throw failure("write", fresh)
            }
            rest = rest.dropFirst(count)
        }
        let fault = flushed ? fsync(file) : 0
        guard close(file) == 0, fault == 0, rename(fresh, path) == 0 else {
            throw failure("write", path)
        }
    }

    /// Removes a file; one that is absent is fine.
    static func remove(_ path: String) throws(SourceError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    /// Removes what an interrupted fetch left among the packs; only the holder of the lock may.
    ///
    /// libgit2 writes a pack as `pack_…` and renames it to `pack-…` when it is whole.
    static func sweep(_ folder: String) throws(SourceError) {
        guard let names = names(in: folder) else {
            if errno == ENOENT { return }
            throw failure("list", folder)
        }
        for name in names where name.hasPrefix("pack_") {
            let path = "\(folder)/\(name)"
            guard unlink(path) == 0 else { throw failure("remove", path) }
        }
    }

    /// Removes what a killed process left of a folder with all that it holds; the caller holds the mirror's lock.
    static func remove(folder: String) throws(SourceError) {
        guard access(folder, F_OK) == 0 else { return }
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            throw .failed("cannot remove what a killed process left in \(folder): \(error)")
        }
    }

    /// What a folder holds, in no order; nil where it cannot be listed, and `errno` says why.
    static func names(in folder: String) -> [String]? {
        guard let listing = opendir(folder) else { return nil }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { bytes in
                    bytes.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                        String(cString: $0)
                    }
                })
        }
        return names
    }

    /// Removes lock files that a killed writer left in a bare repository; the caller holds the mirror's
    /// lock, so that nobody else writes there.
    ///
    /// - Throws: ``SourceError/failed(_:)``.
    static func sweepLocks(_ repository: String) throws(SourceError) {
        do {
            let top = try FileManager.default.contentsOfDirectory(atPath: repository)
            // A mirror without it is damaged, which is found where it is read.
            let hasReferences = FileManager.default.fileExists(atPath: repository + "/refs")
            let refs =
                hasReferences
                ? try FileManager.default.subpathsOfDirectory(atPath: repository + "/refs")
                    .map { "refs/" + $0 } : []
            for name in top + refs where name.hasSuffix(".lock") {
                try FileManager.default.removeItem(atPath: "\(repository)/\(name)")
            }
        } catch {
            throw .failed("cannot remove what a killed fetch left in \(repository): \(error)")
        }
    }

    /// The error of the last system call.
    static func failure(_ verb: String, _ path: String) -> SourceError {
        .failed("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
