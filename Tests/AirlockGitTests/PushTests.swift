import AirlockGit
import AirlockModel
import AirlockPorts
import AirlockTrust
import Foundation
import Testing

@Suite("Pushing", .serialized)
struct PushTests {
    private static let author = GitIdentity(name: "Airlock", email: "airlock@shop.example")
    private static let time = Timestamp(milliseconds: 1_790_000_123_456)

    private func draft(_ parent: CommitID?, _ files: [String: String?]) throws -> CommitDraft {
        CommitDraft(
            parent: parent, files: files.mapValues { $0.map { Array($0.utf8) } },
            author: try #require(Self.author), time: Self.time,
            message: "Roll back production/api\n\nIt failed its analysis.")
    }

    @Test(
        "every transport pushes a branch with one signed commit that git verifies",
        arguments: GitServer.Transport.allCases)
    func branch(_ transport: GitServer.Transport) async throws {
        let fixture = try Fixture()
        let base = try fixture.commit(
            "base", ["services/a/x.yaml": "a\n", "services/b/x.yaml": "b\n", "run": "#!\n"])
        let server = try GitServer(transport, fixture)
        let keys = try Keys(fixture)
        try await with(
            fixture.source(remote: server.url, access: server.access, signer: try keys.signer())
        ) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let name = try #require(BranchName("airlock/rollback/api-7"))
            let change = try draft(
                base, ["services/a/x.yaml": "A\n", "services/b/x.yaml": nil, "c/d/e": "new\n"])
            let commit = try await source.push(change, as: name, limit: .ample)
            #expect(try fixture.git("rev-parse", "refs/heads/\(name)") == commit.description)
            #expect(try fixture.git("rev-parse", "refs/heads/main") == base.description)
            let changed = try fixture.git(
                "diff-tree", "-r", "--name-status", "\(base)", "\(commit)")
            #expect(changed == "A\tc/d/e\nM\tservices/a/x.yaml\nD\tservices/b/x.yaml")
            let told = try fixture.git("log", "-1", "--format=%an %ae %at %P%n%B", "\(commit)")
            #expect(
                told == "Airlock airlock@shop.example 1790000123 \(base)\n"
                    + "Roll back production/api\n\nIt failed its analysis.", "\(told)")
            try fixture.git("fsck", "--strict")
            try fixture.git(
                "-c", "gpg.ssh.allowedSignersFile=\(keys.allowed)", "verify-commit", "\(commit)")
            // A push that was made already and its lost answer is made once.
            #expect(try await source.push(change, as: name, limit: .ample) == commit)
            let other = try draft(base, ["services/a/x.yaml": "other\n"])
            let error = await refusal { try await source.push(other, as: name, limit: .ample) }
            #expect("\(error ?? .busy)".contains("exists"), "\(error ?? .busy)")
            #expect(try fixture.git("rev-parse", "refs/heads/\(name)") == commit.description)
        }
        // What was made for a push is in memory alone.
        let loose = try FileManager.default.subpathsOfDirectory(atPath: fixture.mirror + "/objects")
        #expect(!loose.contains { $0.count == 41 }, "\(loose)")
    }

    @Test("a commit is made as git makes it: a folder that gets empty goes, modes stay")
    func asGit() async throws {
        let fixture = try Fixture()
        let base = try fixture.commit("base", ["a/b/c": "1\n", "a.b": "2\n", "a0": "3\n"])
        try fixture.git("update-index", "--chmod=+x", "a.b")
        try fixture.git("commit", "-q", "-m", "mode")
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let name = try #require(BranchName("made"))
            let change = try draft(head, ["a/b/c": nil, "a.b": "4\n", "z/y": "5\n"])
            let commit = try await source.push(change, as: name, limit: .ample)
            let listed = try fixture.git(
                "ls-tree", "-r", "-t", "--format=%(objectmode) %(path)", "\(commit)")
            #expect(listed == "100755 a.b\n100644 a0\n100644 fleet.yaml\n040000 z\n100644 z/y")
            #expect(base != head)
        }
    }

    @Test(
        "paths that git would not take are refused",
        arguments: ["", "/a", "a//b", "../a", "a/.git/b", ".GIT/x", "fleet.yaml/x", "a\u{1}"])
    func badPath(_ path: String) async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let name = try #require(BranchName("made"))
            let change = try draft(head, [path: "x"])
            let error = await refusal { try await source.push(change, as: name, limit: .ample) }
            guard case .failed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(
        "a branch that stands where git keeps the folder of the new one is named",
        arguments: [GitServer.Transport.http, nil])
    func folderTaken(_ transport: GitServer.Transport?) async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try fixture.git("branch", "airlock")
        let server = try transport.map { try GitServer($0, fixture) }
        let source: GitSource
        if let server {
            source = try fixture.source(remote: server.url, access: server.access)
        } else {
            source = try fixture.source()
        }
        try await with(source) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let name = try #require(BranchName("airlock/rollback/api-7"))
            let change = try draft(head, ["x": "1\n"])
            let error = await refusal { try await source.push(change, as: name, limit: .ample) }
            guard case .rejected(let why) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(why.contains("has refs/heads/airlock, beside which"), "\(why)")
        }
    }

    /// What stops a push of one file to a new branch; nil when nothing does.
    private func refusedPush(
        after head: CommitID, _ source: GitSource
    ) async throws -> SourceError? {
        let name = try #require(BranchName("made"))
        let change = try draft(head, ["x": "1\n"])
        return await refusal { try await source.push(change, as: name, limit: .ample) }
    }

    @Test("a push that the server's hook declines is told with the server's word")
    func declined() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        let server = try GitServer(.http, fixture)
        let hook = fixture.origin + "/.git/hooks/update"
        try FileManager.default.createDirectory(
            atPath: fixture.origin + "/.git/hooks", withIntermediateDirectories: true)
        try GitServer.write("#!/bin/sh\nexit 1\n", to: hook, mode: 0o755)
        try await with(fixture.source(remote: server.url, access: server.access)) {
            source async throws in
            _ = try await source.fetch(limit: .ample)
            let error = try await refusedPush(after: head, source)
            guard case .rejected(let why) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(why.contains("hook declined") && why.contains("localhost"), "\(why)")
        }
    }

    @Test("a token that may read and not write is told at the push, with the status and what to do")
    func readOnly() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        let server = try GitServer(.http, fixture, fault: "readonly", target: "403")
        try await with(fixture.source(remote: server.url, access: server.access)) {
            source async throws in
            _ = try await source.fetch(limit: .ample)
            let error = try await refusedPush(after: head, source)
            #expect(
                "\(error ?? .busy)".contains(
                    "localhost answers 403: the token of \(server.access.tokenFile ?? "") may not write there"
                ),
                "\(error ?? .busy)")
        }
    }

    @Test("a push that is redirected on the same host goes nowhere")
    func redirected() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        let server = try GitServer(.http, fixture, fault: "moved")
        try await with(fixture.source(remote: server.url, access: server.access)) {
            source async throws in
            _ = try await source.fetch(limit: .ample)
        }
        let before = try server.requests.count
        try await with(fixture.source(remote: server.movedURL, access: server.access)) {
            source async throws in
            let error = try await refusedPush(after: head, source)
            #expect("\(error ?? .busy)".contains("no redirect is followed"), "\(error ?? .busy)")
        }
        let asked = try server.requests.dropFirst(before)
        #expect(!asked.isEmpty && asked.allSatisfy { $0.hasPrefix("GET /moved/") }, "\(asked)")
        #expect(try !fixture.git("branch", "--list").contains("made"))
    }

    @Test(
        "checkpoints go to a reference of their own, each upon the one before",
        arguments: [GitServer.Transport.path, .http, .ssh])
    func checkpoints(_ transport: GitServer.Transport) async throws {
        let fixture = try Fixture()
        let server = try GitServer(transport, fixture)
        let author = try #require(Self.author)
        func push(_ note: String, after: CommitID?, _ source: GitSource) async throws -> CommitID {
            try await source.push(
                checkpoint: Array(note.utf8), after: after, by: author, at: Self.time, limit: .ample
            )
        }
        try await with(fixture.source(remote: server.url, access: server.access)) {
            source async throws in
            _ = try await source.fetch(limit: .ample)
            #expect(try await source.remoteCheckpoint(limit: .ample) == nil)
            let first = try await push("one", after: nil, source)
            let read = try await source.remoteCheckpoint(limit: .ample)
            #expect(read == RemoteCheckpoint(commit: first, note: Array("one".utf8)))
            let second = try await push("two", after: first, source)
            #expect(
                try fixture.git("rev-list", "refs/airlock/log") == "\(second)\n\(first)")
            #expect(try fixture.git("show", "refs/airlock/log:checkpoint") == "two")
            // Another writer came first.
            let late = await refusal { try await push("three", after: first, source) }
            #expect("\(late ?? .busy)".contains("was moved"), "\(late ?? .busy)")
            #expect(try fixture.git("rev-parse", "refs/airlock/log") == second.description)
            // A reference that was set back, or is gone, gives itself away.
            try fixture.git("update-ref", "refs/airlock/log", first.description)
            let back = await refusal { try await source.remoteCheckpoint(limit: .ample) }
            #expect("\(back ?? .busy)".contains("set back"), "\(back ?? .busy)")
            try fixture.git("update-ref", "-d", "refs/airlock/log")
            let gone = await refusal { try await source.remoteCheckpoint(limit: .ample) }
            #expect("\(gone ?? .busy)".contains("is gone"), "\(gone ?? .busy)")
            // What is no checkpoint is not taken for one.
            try fixture.git("update-ref", "refs/airlock/log", "refs/heads/main")
            let strange = await refusal { try await source.remoteCheckpoint(limit: .ample) }
            #expect("\(strange ?? .busy)".contains("something else"), "\(strange ?? .busy)")
        }
    }

    private func refusal<Value>(_ body: () async throws -> Value) async -> SourceError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? SourceError ?? .failed("\(error)")
        }
    }
}

/// A key of the test's own and who may sign with it.
private struct Keys {
    let path: String
    let allowed: String

    init(_ fixture: Fixture) throws {
        path = fixture.root + "/signing"
        allowed = fixture.root + "/allowed"
        _ = try fixture.execute(
            "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path],
            environment: ["PATH": "/usr/bin:/bin"], input: nil)
        let key = try String(contentsOfFile: path + ".pub", encoding: .utf8)
        try "airlock@shop.example namespaces=\"git\" \(key)".write(
            toFile: allowed, atomically: true, encoding: .utf8)
    }

    func signer() throws -> FileSigner {
        FileSigner(key: try SSHKeyFile(try String(contentsOfFile: path, encoding: .utf8)))
    }
}

/// Signs with a key that was read.
private struct FileSigner: CommitSigner {
    let key: SSHKeyFile

    func signature(of payload: [UInt8]) async throws(SourceError) -> String {
        do { return try SSHSignature.sign(payload, with: key, namespace: SSHSignature.git) } catch {
            throw .failed("\(error)")
        }
    }
}
