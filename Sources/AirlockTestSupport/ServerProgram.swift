package import AirlockModel
import Foundation
import Testing

/// A script that serves on loopback ports while a test runs; it is ended by its own input, and waited for.
///
/// Its first line of output is a JSON object of port numbers by name.
package final class ServerProgram: Sendable {
    private let process: ChildProcess
    /// What the script keeps its files in; goes with it.
    package let folder: String
    private let ports: [String: Int]

    /// Starts `name` of `Tests/AirlockPrometheusTests/Servers`.
    ///
    /// - Parameter files: What lies in its folder when it starts.
    package init(_ name: String, files: [String: String]) throws {
        folder = NSTemporaryDirectory() + "al-" + UUID().uuidString.prefix(13)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        for (file, text) in files {
            try text.write(toFile: folder + "/" + file, atomically: true, encoding: .utf8)
        }
        process = try ChildProcess(
            ["/usr/bin/python3", Self.scripts + name, folder],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder], input: .pipe, output: .pipe)
        ports = try JSONDecoder().decode([String: Int].self, from: process.line())
    }

    deinit {
        process.endInput()
        _ = process.end()
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record("\(folder) is left behind: \(error)")
        }
    }

    /// Where one of its servers answers.
    package func address(_ name: String) throws -> HTTPAddress {
        let port = try #require(ports[name])
        return try #require(HTTPAddress("http://127.0.0.1:\(port)"))
    }

    /// Writes a file that it reads.
    package func write(_ text: String, to file: String) throws {
        try text.write(toFile: folder + "/" + file, atomically: true, encoding: .utf8)
    }

    /// The lines of a file that it writes; none while there is no such file.
    package func lines(of file: String) throws -> [[String: Any]] {
        let path = folder + "/" + file
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// Gives it a command and waits until it is done.
    package func command(_ text: String) {
        process.write(text + "\n")
        _ = process.line()
    }

    private static let scripts =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Tests/AirlockPrometheusTests/Servers/"
}
