import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

/// A repository, a home and a state directory of one test; all of it goes when the test ends.
///
/// Only the real binary is spoken to, and only as a person would: by arguments, variables and files.
final class Stage: Sendable {
    let root: String
    var repository: String { root + "/shop" }
    var state: String { root + "/state" }

    /// The program that was built beside this test bundle.
    static let binary: String =
        Bundle.main.executableURL.map {
            // The runner is …/debug/…xctest or swiftpm's helper; the bundle's folder holds the program.
            $0.deletingLastPathComponent().path + "/airlock"
        }.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
        ?? Stage.package + "/.build/debug/airlock"

    /// The folder with Package.swift.
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    static var isRoot: Bool { geteuid() == 0 }

    /// A stage whose repository holds `files` in a first commit.
    init(_ files: [String: String]? = Shop.files) async throws {
        await Turnstile.stages.enter()
        root = NSTemporaryDirectory() + "al-" + UUID().uuidString.prefix(13)
        for folder in ["", "/shop", "/home", "/programs"] {
            try FileManager.default.createDirectory(
                atPath: root + folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        guard let files else { return }
        try git("init", "--quiet", "--initial-branch", "main")
        try commit("The shop", files)
    }

    deinit {
        Turnstile.stages.leave()
        do { try FileManager.default.removeItem(atPath: root) } catch {
            Issue.record("\(root) could not be removed: \(error)")
        }
    }

    /// The whole environment of every program that is started here.
    var environment: [String: String] {
        [
            "HOME": root + "/home", "PATH": "/usr/bin:/bin", "TZ": "Europe/Berlin",
            "XDG_STATE_HOME": root + "/xdg", "XDG_RUNTIME_DIR": root + "/runtime",
            "AIRLOCK_REPO": repository, "AIRLOCK_STATE": state, "AIRLOCK_LOG_LEVEL": "debug",
        ]
    }

    // MARK: The program

    /// Runs a verb to its end.
    @discardableResult
    func airlock(
        _ arguments: String..., environment extra: [String: String?] = [:],
        within limit: Duration = .seconds(60)
    ) async throws -> Outcome {
        try await start(arguments, environment: extra).outcome(within: limit)
    }

    /// Runs a verb to its end.
    func airlock(_ arguments: [String]) async throws -> Outcome {
        try await start(arguments).outcome(within: .seconds(180))
    }

    /// Runs a verb that must succeed.
    @discardableResult
    func must(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Outcome {
        let outcome = try await start(arguments).outcome(within: .seconds(180))
        #expect(
            outcome.code == 0, "\(arguments): \(outcome.output)\(outcome.errors)",
            sourceLocation: sourceLocation)
        return outcome
    }

    /// Starts a verb.
    func start(
        _ arguments: [String], environment extra: [String: String?] = [:]
    ) throws -> RunningProgram {
        var variables = environment
        for (name, value) in extra { variables[name] = value }
        return try RunningProgram(
            Self.binary, arguments, environment: variables, folder: root + "/programs",
            directory: root)
    }

    /// Starts `airlock run`, and waits until it answers on its socket.
    func startReconciler(
        _ more: String..., environment: [String: String?] = [:]
    ) async throws -> RunningProgram {
        let root = Self.isRoot ? ["--allow-root"] : []
        let program = try start(
            ["run", "--poll", "1s"] + root + more, environment: environment)
        try await Wait.until("the reconciler answers") {
            guard program.isRunning else { throw StageError(try program.errors()) }
            return FileManager.default.fileExists(atPath: state + "/control.sock")
        }
        return program
    }

    // MARK: The repository

    @discardableResult
    func git(_ arguments: String...) throws -> String {
        try execute("/usr/bin/git", ["-C", repository] + arguments)
    }

    /// Runs a line of shell that must succeed; gives what it printed.
    @discardableResult
    func shell(_ line: String) throws -> String { try execute("/bin/sh", ["-c", line]) }

    private func execute(_ program: String, _ arguments: [String]) throws -> String {
        let (status, text) = try ChildProcess.run(
            [program] + arguments,
            environment: [
                "HOME": root + "/home", "PATH": "/usr/bin:/bin", "LC_ALL": "C",
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                "GIT_AUTHOR_NAME": "Ada Lovelace", "GIT_AUTHOR_EMAIL": "ada@shop.example",
                "GIT_COMMITTER_NAME": "Grace Hopper", "GIT_COMMITTER_EMAIL": "grace@shop.example",
            ])
        guard status == 0 else {
            throw StageError("\(program) \(arguments): \(text)")
        }
        return text.trimmingCharacters(in: .newlines)
    }

    /// Writes files, or removes those without content, commits them and returns the commit.
    @discardableResult
    func commit(_ message: String, _ files: [String: String?]) throws -> String {
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            let file = URL(fileURLWithPath: repository + "/" + path)
            guard let content else {
                try FileManager.default.removeItem(at: file)
                continue
            }
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        try git("add", "--all")
        try git("commit", "--quiet", "--allow-empty", "--message", message)
        return try git("rev-parse", "HEAD")
    }

    /// The same on a branch that starts at main; main is checked out again.
    @discardableResult
    func branch(_ name: String, _ files: [String: String?]) throws -> String {
        try git("switch", "--quiet", "--create", name)
        let commit = try commit("Work on \(name)", files)
        try git("switch", "--quiet", "main")
        return commit
    }

    // MARK: What is there

    /// The bytes of every file of the state directory but the mirror, by path.
    func stateFiles() throws -> [String: Data] {
        var files: [String: Data] = [:]
        let paths = try FileManager.default.subpathsOfDirectory(atPath: state)
        for path in paths where !path.hasPrefix("mirror") {
            var isFolder: ObjCBool = false
            let place = state + "/" + path
            guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder),
                !isFolder.boolValue
            else { continue }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: place))
            // A reader of SQLite makes its shared memory and an empty log; neither holds anything.
            if path.hasSuffix("-shm") || (path.hasSuffix("-wal") && bytes.isEmpty) { continue }
            files[path] = bytes
        }
        return files
    }

    /// The audit entries of a kind, oldest first.
    func entries(_ kind: String, lane: String? = nil) async throws -> [[String: Any]] {
        try await must("audit", "export").jsonLines().filter {
            $0["kind"] as? String == kind && (lane == nil || $0["lane"] as? String == lane)
        }
    }

    /// One lane of `airlock status -o json`.
    func lane(_ name: String) async throws -> [String: Any] {
        let lanes = try await must("status", "-o", "json").json()["lanes"] as? [[String: Any]]
        return try #require(lanes?.first { $0["lane"] as? String == name })
    }
}
