import FoundationEssentials

/// One breach of a house rule and where it is.
struct Violation: Hashable, CustomStringConvertible {
    let path: String
    let line: Int?
    let what: String

    var description: String {
        "\(path)\(line.map { ":\($0)" } ?? ""): \(what)"
    }
}

/// The repository that this test belongs to, read from disk.
enum Repository {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The Swift files of the product, sorted by path.
    static func sources() throws -> [SwiftText] { try swiftFiles(below: "Sources") }

    /// The Swift files of the tests, sorted by path.
    static func tests() throws -> [SwiftText] { try swiftFiles(below: "Tests") }

    static func text(of path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    /// Names in a folder, sorted; empty when there is none.
    static func names(in folder: String) throws -> [String] {
        let path = folder.isEmpty ? root : root + "/" + folder
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private static func swiftFiles(below folder: String) throws -> [SwiftText] {
        try paths(below: folder).filter { $0.hasSuffix(".swift") }.map {
            SwiftText(path: $0, try text(of: $0))
        }
    }

    /// Every file below a folder, sorted by path.
    static func paths(below folder: String) throws -> [String] {
        var found: [String] = []
        for name in try names(in: folder) {
            let path = folder + "/" + name
            var isFolder = false
            guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder)
            else { continue }
            found += isFolder ? try paths(below: path) : [path]
        }
        return found
    }
}
