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
///
/// Started by hand: Foundation's `Process` keeps its files open, and loses the end of a program when many
/// start and end at the same time.
final class RunningProgram: Sendable {
    let pid: pid_t
    private let folder: String
    private let started = ContinuousClock.now
    private let ended: AsyncStream<Void>
    /// What `waitpid` said; nil while it runs.
    private let status = Mutex<Int32?>(nil)

    /// Starts a program whose output goes to files, so that nothing can block on a full pipe.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], folder: String,
        directory: String
    ) throws {
        self.folder = folder + "/" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: self.folder, withIntermediateDirectories: true)
        pid = try Self.spawn(
            ["/usr/bin/env", "-C", directory, path] + arguments,
            environment.map { "\($0.key)=\($0.value)" }, output: self.folder)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        let (pid, program) = (pid, self)
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            program.status.withLock { $0 = status }
            continuation.finish()
        }
    }

    /// - Parameter output: The folder of the files `output` and `errors`.
    private static func spawn(
        _ words: [String], _ environment: [String], output: String
    ) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        for (descriptor, name) in [(Int32(1), "output"), (2, "errors")] {
            posix_spawn_file_actions_addopen(
                &files, descriptor, "\(output)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
        try closeOthers(&files)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        let (argv, envp) = (
            words.map { strdup($0) } + [nil], environment.map { strdup($0) } + [nil]
        )
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &files, &attributes, argv, envp)
        guard code == 0 else {
            throw StageError("\(words[0]) does not start: \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Has a program inherit nothing but what it is given: it would hold the pipes of other tests' programs
    /// open, and those wait for the end of their input.
    ///
    /// The function is in glibc since 2.34, in a part of the header that Swift does not see.
    private static func closeOthers(_ files: inout posix_spawn_file_actions_t) throws {
        typealias CloseFrom =
            @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw StageError("this C library cannot close what a program would inherit")
        }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&files, 3)
    }

    /// Sends a signal to this process alone.
    func signal(_ number: Int32) { kill(pid, number) }

    var isRunning: Bool { status.withLock { $0 == nil } }

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
        guard let status = status.withLock({ $0 }) else { throw StageError("its end was lost") }
        let signal = status & 0x7f
        let outcome = Outcome(
            code: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: try String(contentsOfFile: folder + "/output", encoding: .utf8),
            errors: try errors(), took: took)
        guard !isLate else {
            throw StageError("not ended within \(limit)\n\(outcome.output)\n\(outcome.errors)")
        }
        return outcome
    }
}
