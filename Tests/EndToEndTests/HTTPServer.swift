import AirlockTestSupport
import Foundation

/// The repository of a stage, served over HTTP.
final class HTTPServer {
    let url: String
    private let process: ChildProcess

    /// - Parameter options: More options of `git_server.py`, such as a token that it asks for, or a fault.
    init(_ stage: Stage, _ options: String...) throws {
        process = try ChildProcess(
            [
                "/usr/bin/python3",
                Stage.package + "/Tests/AirlockGitTests/Servers/git_server.py", stage.root,
            ] + options, environment: ["PATH": "/usr/bin:/bin"], input: .pipe, output: .pipe)
        url = "http://127.0.0.1:\(String(decoding: process.line(), as: UTF8.self))/shop"
    }

    /// It serves until its input ends.
    func stop() {
        process.endInput()
        _ = process.end()
    }
}
