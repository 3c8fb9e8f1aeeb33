import AirlockGit
import AirlockHost
import AirlockManifest
import AirlockModel
import Foundation
import Glibc

/// The files of a folder that a fleet is read from; links are named, never followed.
struct WorkingDirectory {
    /// The deepest folder that is visited: as deep as a commit is read, so that both name the same files.
    private static let maximumDepth = GitLimits.standard.treeDepth
    /// The largest file that is read in bytes; one byte more tells that it is too large.
    private static let maximumFileBytes = (1 << 20) + 1

    let path: String

    /// Reads everything below the read paths, sorted by path.
    ///
    /// - Throws: ``Failure`` when the folder is not there, holds too many files or is too deep.
    func files() throws -> [FleetValidation.File] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw Failure("there is no folder \(path)", advice: "name the one with fleet.yaml") }
        var files: [FleetValidation.File] = []
        for root in FleetValidation.roots.sorted() { try visit(root, depth: 1, into: &files) }
        return files
    }

    /// The first bytes of a file; Foundation's handle takes memory for all of it.
    private static func head(of path: String, _ limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                "\(path) cannot be read: \(String(cString: strerror(errno)))",
                advice: "check its rights")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + count }, limit - count)
            }
            if more <= 0 { break }
            count += more
        }
        return Array(bytes.prefix(count))
    }

    private func visit(
        _ name: String, depth: Int, into files: inout [FleetValidation.File]
    ) throws {
        let place = "\(path)/\(name)"
        var status = stat()
        guard lstat(place, &status) == 0 else {
            let reason = errno
            if reason == ENOENT { return }
            throw Failure(
                "\(place.visible) cannot be read: \(String(cString: strerror(reason)))",
                advice: "check its rights, or move it out of \(path)")
        }
        guard files.count < ManifestLimits.files else {
            throw Failure(
                "\(path) has more than \(ManifestLimits.files) files",
                advice: "move other files out")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            guard depth <= Self.maximumDepth else {
                throw Failure(
                    "\(place.visible) lies below more than \(Self.maximumDepth) levels of folders",
                    advice: "move it up, or out of \(path)")
            }
            for child in try FileManager.default.contentsOfDirectory(atPath: place).sorted() {
                try visit("\(name)/\(child)", depth: depth + 1, into: &files)
            }
        case S_IFLNK:
            files.append(FleetValidation.File(path: name, kind: .symlink, bytes: []))
        case S_IFREG:
            guard FleetValidation.reads(name, kind: .file) else { return }
            let limit = min(Int(status.st_size), Self.maximumFileBytes)
            files.append(FleetValidation.File(path: name, bytes: try Self.head(of: place, limit)))
        default: return
        }
    }
}
