import AirlockManifest
import AirlockModel
import Foundation
import Glibc

/// The files of a folder that a fleet is read from; links are named, never followed.
struct WorkingDirectory {
    /// The deepest folder that is visited; the format needs three levels.
    private static let maximumDepth = 8
    /// The largest file that is read in bytes; one byte more tells that it is too large.
    private static let maximumFileBytes = (1 << 20) + 1

    let path: String

    /// Reads everything below the read paths, sorted by path.
    ///
    /// - Throws: ``Failure`` when the folder is not there or holds too many files.
    func files() throws -> [FleetValidation.File] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw Failure("there is no folder \(path)", advice: "name the one with fleet.yaml") }
        var files: [FleetValidation.File] = []
        for root in FleetValidation.roots.sorted() { try visit(root, depth: 1, into: &files) }
        return files
    }

    private func visit(
        _ name: String, depth: Int, into files: inout [FleetValidation.File]
    ) throws {
        let place = "\(path)/\(name)"
        var status = stat()
        guard lstat(place, &status) == 0 else { return }
        guard files.count < ManifestLimits.files, depth <= Self.maximumDepth else {
            throw Failure(
                "\(path) is too large or too deep for a fleet", advice: "move other files out")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            for child in try FileManager.default.contentsOfDirectory(atPath: place).sorted() {
                try visit("\(name)/\(child)", depth: depth + 1, into: &files)
            }
        case S_IFLNK:
            files.append(FleetValidation.File(path: name, kind: .symlink, bytes: []))
        case S_IFREG:
            guard FleetValidation.reads(name, kind: .file) else { return }
            let handle = try FileHandle(forReadingFrom: URL(filePath: place))
            defer { handle.closeFile() }
            let bytes = try handle.read(upToCount: Self.maximumFileBytes) ?? Data()
            files.append(FleetValidation.File(path: name, bytes: Array(bytes)))
        default: return
        }
    }
}
