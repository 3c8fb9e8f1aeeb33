import AirlockTestSupport
import Foundation
import Synchronization

/// What a program that ended left behind.
struct Outcome: Sendable {
    let code: Int32
    let output: String
    let errors: String
    let took: Duration

    /// The output as a JSON object.
    func json() throws -> [String: Any] {
        let tree = try JSONSerialization.jsonObject(with: Data(output.utf8))
        guard let object = tree as? [String: Any] else {
            throw StageError("not an object: \(output)")
        }
        return object
    }

    /// The output as lines of JSON objects.
    func jsonLines() throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            let tree = try JSONSerialization.jsonObject(with: Data(line.utf8))
            guard let object = tree as? [String: Any] else { throw StageError("odd line: \(line)") }
            return object
        }
    }
}

/// Why a test could not go on.
struct StageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A process that a test started; it is always waited for.
final class RunningProgram: Sendable {
    private let child: ChildProcess
    private let folder: String
    private let started = ContinuousClock.now
    private let ended: AsyncStream<Void>
    /// How it ended; nil while it runs.
    private let code = Mutex<Int32?>(nil)

    /// Starts a program whose output goes to files, so that nothing can block on a full pipe.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], folder: String,
        directory: String
    ) throws {
        self.folder = folder + "/" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: self.folder, withIntermediateDirectories: true)
        child = try ChildProcess(
            [path] + arguments, environment: environment, directory: directory,
            output: .file(self.folder + "/output"), errors: .file(self.folder + "/errors"),
            isGroup: true)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        let (child, program) = (child, self)
        Thread.detachNewThread {
            let code = child.end()
            program.code.withLock { $0 = code }
            continuation.finish()
        }
    }

    var pid: pid_t { child.pid }

    /// Sends a signal to this process alone.
    func signal(_ number: Int32) { child.signal(number) }

    var isRunning: Bool { code.withLock { $0 == nil } }

    /// What the process wrote to stderr so far.
    func errors() throws -> String {
        try String(contentsOfFile: folder + "/errors", encoding: .utf8)
    }

    /// Waits until the process has ended; kills it and throws after `limit`.
    func outcome(within limit: Duration) async throws -> Outcome {
        let pid = pid
        let watchdog = Task {
            do { try await Task.sleep(for: limit) } catch { return false }
            kill(pid, SIGKILL)
            return true
        }
        for await _ in ended {}
        watchdog.cancel()
        let isLate = await watchdog.value
        let took = started.duration(to: .now)
        guard let code = code.withLock({ $0 }) else { throw StageError("its end was lost") }
        let outcome = Outcome(
            code: code,
            output: try String(contentsOfFile: folder + "/output", encoding: .utf8),
            errors: try errors(), took: took)
        guard !isLate else {
            throw StageError("not ended within \(limit)\n\(outcome.output)\n\(outcome.errors)")
        }
        return outcome
    }
}
