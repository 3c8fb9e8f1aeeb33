import Foundation

/// A file that a person names for a verb to write.
enum OutputFile {
    /// Writes a whole text. A new file is whole or not there; what is there already is written as a shell would
    /// with `>`: its mode and its links stay, and so do devices and pipes.
    static func write(_ bytes: Data, to path: String) throws {
        let isThere = FileManager.default.fileExists(atPath: path)
        try bytes.write(to: URL(filePath: path), options: isThere ? [] : .atomic)
    }
}
