import Foundation

/// A file that a person names on the command line.
struct InputFile {
    /// The largest file that is read in bytes; a plan of ten thousand lanes has a tenth of it.
    private static let maximumBytes = 256 << 20

    let path: String

    init(_ path: String) { self.path = path }

    /// The whole file.
    ///
    /// - Throws: ``Failure`` when there is none, or it cannot be read, or it is too large.
    func bytes() throws -> [UInt8] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure("there is no file \(path)", advice: "check the path")
        }
        guard !isFolder.boolValue, FileManager.default.isReadableFile(atPath: path) else {
            throw Failure("\(path) cannot be read as a file", advice: "check the path and its mode")
        }
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { handle.closeFile() }
        let bytes = try handle.read(upToCount: Self.maximumBytes + 1) ?? Data()
        guard bytes.count <= Self.maximumBytes else {
            throw Failure("\(path) is over 256 MiB", advice: "check the path")
        }
        return Array(bytes)
    }
}
