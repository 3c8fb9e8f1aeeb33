import AirlockGit
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Synchronization
import Testing

/// A repository made by the `git` program and a state directory; both go when the test ends.
final class Fixture: Sendable {
    let root: String
    private let clock = Mutex(Timestamp(milliseconds: 1_790_000_000_000))

    var origin: String { root + "/origin" }
    var state: String { root + "/state" }
    var mirror: String { state + "/mirror.git" }

    init(empty: Bool = false) throws {
        root = NSTemporaryDirectory() + "airlock-git-" + UUID().uuidString
        for folder in [root + "/origin", root + "/state", root + "/home"] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        try git("init", "-q", "-b", "main")
        if !empty { try commit("first", ["fleet.yaml": "name: shop\n"]) }
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: root)
        } catch {
            Issue.record("\(root) could not be removed: \(error)")
        }
    }

    /// Runs `git` in the origin with a fixed person, fixed dates and no configuration of the machine.
    @discardableResult
    func git(
        _ arguments: String..., environment: [String: String] = [:], input: String? = nil
    ) throws -> String {
        let defaults = [
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": "1789000000 +0200", "GIT_COMMITTER_NAME": "Grace",
            "GIT_COMMITTER_EMAIL": "grace@example.org", "GIT_COMMITTER_DATE": "1789000060 +0000",
            "HOME": root + "/home", "PATH": "/usr/bin:/bin", "LC_ALL": "C",
        ]
        return try execute(
            "/usr/bin/git", ["-C", origin] + arguments,
            environment: defaults.merging(environment) { $1 }, input: input)
    }

    /// Runs a program and returns its output without the last line end; a failure is thrown.
    func execute(
        _ program: String, _ arguments: [String], environment: [String: String], input: String?
    ) throws -> String {
        let errors = root + "/errors"
        let text = root + "/input"
        if let input { try input.write(toFile: text, atomically: true, encoding: .utf8) }
        let (status, output) = try ChildProcess.run(
            [program] + arguments, environment: environment, input: input == nil ? nil : text,
            errors: .file(errors))
        guard status == 0 else {
            let why = try String(contentsOfFile: errors, encoding: .utf8)
            throw FixtureError(text: "\(program) \(arguments): \(why)")
        }
        return output.trimmingCharacters(in: .newlines)
    }

    /// Writes files, commits them and returns the commit; a nil content removes the file.
    @discardableResult
    func commit(_ message: String, _ files: [String: String?]) throws -> CommitID {
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            let file = origin + "/" + path
            guard let content else {
                try FileManager.default.removeItem(atPath: file)
                continue
            }
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try content.write(toFile: file, atomically: true, encoding: .utf8)
        }
        try git("add", "-A")
        try git("commit", "-q", "--allow-empty", "-m", message)
        return try head()
    }

    func head(_ name: String = "HEAD") throws -> CommitID {
        try #require(CommitID(git("rev-parse", name)))
    }

    /// A commit whose tree is spelled as `git mktree` reads it, which no work tree could hold.
    func commit(tree entries: String) throws -> CommitID {
        let tree = try git("mktree", "-z", "--missing", input: entries)
        return try #require(CommitID(git("commit-tree", tree, "-m", "odd")))
    }

    /// Names a blob.
    func blob(_ text: String) throws -> String {
        try git("hash-object", "-w", "--stdin", input: text)
    }

    /// Stores any bytes as an object, as a hostile remote could.
    func object(_ type: String, _ bytes: [UInt8]) throws -> ObjectID {
        let path = root + "/object"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try #require(
            ObjectID(git("hash-object", "-t", type, "-w", "--literally", path)))
    }

    /// Stores a folder with any names in any order.
    func rawTree(_ entries: [(mode: String, name: [UInt8], object: ObjectID)]) throws -> ObjectID {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes += Array("\(entry.mode) ".utf8) + entry.name + [0]
            bytes += Hex.decode(entry.object.description) ?? []
        }
        return try object("tree", bytes)
    }

    func source(
        remote: String? = nil, branch: String = "main", worker: WorkerCommand = .built,
        limits: GitLimits = .standard, access: RemoteAccess = RemoteAccess(),
        signer: (any CommitSigner)? = nil
    ) throws -> GitSource {
        try GitSource(
            remote: remote ?? origin, branch: try #require(BranchName(branch)), directory: state,
            access: access, worker: worker, signer: signer, limits: limits, now: { self.now })
    }

    /// What the source's clock shows.
    var now: Timestamp { clock.withLock { $0 } }

    func advance(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    /// Writes a script and names it as a worker. The shell reads it: a file that was just written cannot be executed while
    /// a child that another test is starting still holds it.
    func script(_ body: String) throws -> WorkerCommand {
        let path = root + "/worker-" + UUID().uuidString
        try (body + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return WorkerCommand(executable: "/bin/sh", arguments: [path])
    }
}

struct FixtureError: Error { let text: String }

extension WorkerCommand {
    /// The program that was built with the tests.
    static var built: WorkerCommand {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let folder = tests.deletingLastPathComponent().path
        return WorkerCommand(executable: folder + "/airlock", arguments: ["fetch-worker"])
    }
}

extension Duration {
    /// Far more than a fetch of a small local repository takes.
    static let ample = Duration.seconds(60)
}

/// Runs a test with a source and ends its worker, whatever happens.
@discardableResult
func with<Value>(
    _ source: GitSource, _ body: (GitSource) async throws -> Value
) async throws -> Value {
    do {
        let value = try await body(source)
        await source.close()
        return value
    } catch {
        await source.close()
        throw error
    }
}
