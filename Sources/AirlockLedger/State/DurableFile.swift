import AirlockPorts
import Glibc

/// Files that outlive a loss of power: written, synced, renamed, and their folder synced.
enum DurableFile {
    /// The mode of every file of the state directory.
    static let mode: mode_t = 0o600

    /// The content of a file; nil when there is none.
    /// - Parameter limit: Most bytes that are read; a larger file is refused.
    static func read(_ path: String, limit: Int) throws(LedgerError) -> [UInt8]? {
        // Without waiting: nobody writes to a pipe that lies there instead of the file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("open", path)
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw fault("read", path) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw .corrupt(what: "\(path) is no regular file; put the file back from a backup")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw fault("read", path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else {
                throw .corrupt(what: "\(path) is larger than \(limit) bytes")
            }
        }
    }

    /// Puts a whole file in place of what was there; never leaves a part of it under its name.
    ///
    /// The folder is not synced; see ``sync(folder:)``.
    /// - Parameter draft: A path in the same file system that nobody else uses.
    static func replace(
        _ path: String, with bytes: [UInt8], draft: String
    ) throws(LedgerError) {
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw fault("create", draft) }
        do throws(LedgerError) {
            try write(bytes, to: descriptor, path: draft)
            guard fsync(descriptor) == 0 else { throw fault("sync", draft) }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw fault("close", draft) }
        try rename(draft, to: path)
    }

    /// Writes a whole file and syncs nothing.
    static func write(_ bytes: [UInt8], to path: String) throws(LedgerError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw fault("create", path) }
        do throws(LedgerError) { try write(bytes, to: descriptor, path: path) } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw fault("close", path) }
    }

    /// Gives a file another name; the folder is not synced.
    static func rename(_ path: String, to other: String) throws(LedgerError) {
        guard Glibc.rename(path, other) == 0 else { throw fault("rename to", other) }
    }

    /// Makes everything durable that was written to the file system in which a folder lies.
    static func sync(fileSystemOf path: String) throws(LedgerError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("open", path) }
        defer { close(descriptor) }
        guard syncFileSystem(descriptor) == 0 else { throw fault("sync", path) }
    }

    /// `syncfs` of Linux, which glibc shows to C alone with `_GNU_SOURCE`.
    private static let syncFileSystem: @convention(c) (Int32) -> Int32 = {
        guard let symbol = dlsym(nil, "syncfs") else {
            return { _ in
                errno = ENOSYS
                return -1
            }
        }
        return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
    }()

    /// Makes a file that someone else wrote durable under another name in the same folder.
    static func adopt(_ draft: String, as path: String) throws(LedgerError) {
        let descriptor = open(draft, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("open", draft) }
        let isSynced = fsync(descriptor) == 0
        close(descriptor)
        guard isSynced else { throw fault("sync", draft) }
        try rename(draft, to: path)
        try sync(folder: folder(of: path))
    }

    /// Writes all of `bytes` at the current place of an open file.
    static func write(
        _ bytes: [UInt8], to descriptor: Int32, path: String
    ) throws(LedgerError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw fault("write", path) }
            written += count
        }
    }

    /// Makes the names in a folder durable.
    static func sync(folder path: String) throws(LedgerError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw fault("sync", path) }
    }

    /// Makes a folder and those above it, mode 0700.
    /// - Returns: The folders whose names must be synced, because something was made in them.
    @discardableResult
    static func makeFolder(_ path: String) throws(LedgerError) -> [String] {
        if mkdir(path, 0o700) == 0 { return [folder(of: path)] }
        switch errno {
        case EEXIST: return []
        case ENOENT:
            let above = folder(of: path)
            guard above != path else { throw fault("create", path) }
            let made = try makeFolder(above)
            // Below /proc, or through a link that leads nowhere, it stays absent however often it is made.
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw fault("create", path) }
            return made + [above]
        default: throw fault("create", path)
        }
    }

    /// The folder in which `path` lies.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether there is a regular file of that size, or of any size.
    static func exists(_ path: String, bytes: Int? = nil) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return bytes.map { $0 == Int(status.st_size) } ?? true
    }

    /// The names in a folder, sorted; nil when there is no such folder.
    static func names(in path: String) throws(LedgerError) -> [String]? {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("list", path)
        }
        defer { closedir(folder) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw fault("list", path) }
        return names.sorted()
    }

    /// Removes a file or an empty folder; one that is gone already is no fault.
    static func remove(_ path: String) throws(LedgerError) {
        guard Glibc.remove(path) == 0 || errno == ENOENT else { throw fault("remove", path) }
    }

    /// What the system said about the last call, as an error.
    static func fault(_ verb: String, _ path: String) -> LedgerError {
        .storage("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
