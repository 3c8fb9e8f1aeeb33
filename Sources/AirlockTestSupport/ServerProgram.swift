package import AirlockModel
import Foundation
import Testing

/// A script that serves on loopback ports while a test runs; it is ended by its own input, and waited for.
///
/// Its first line of output is a JSON object of port numbers by name.
package final class ServerProgram: @unchecked Sendable {
    // After the initialiser only `command` and `deinit` touch the process; a test sends one command at a time.
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
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
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [Self.scripts + name, folder]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = try Self.line(of: output)
        ports = try JSONDecoder().decode([String: Int].self, from: line)
    }

    deinit {
        do {
            try input.fileHandleForWriting.close()
            _ = process.end()
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
    package func command(_ text: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((text + "\n").utf8))
        _ = try Self.line(of: output)
    }

    private static func line(of pipe: Pipe) throws -> Data {
        var line = Data()
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1), byte != Data([0x0A]) {
            if byte.isEmpty { break }
            line += byte
        }
        return line
    }

    private static let scripts =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Tests/AirlockPrometheusTests/Servers/"
}
