import Foundation
import Testing

/// The audit log's checkpoints in `refs/airlock/log` of the repository: a witness that this machine
/// does not control.
@Suite("the copy of the audit log in git") struct LogCopyTests {
    private static let push = ["AIRLOCK_GIT_PUSH": "true"]

    private func reconcile(_ stage: Stage) async throws -> Outcome {
        try await stage.airlock("reconcile", "--wait", "120s", environment: Self.push)
    }

    @Test("is the newest checkpoint after each run, signed, and verify holds the log to it")
    func copied() async throws {
        let stage = try await Stage()
        let key = stage.root + "/signing"
        try stage.shell("ssh-keygen -q -t ed25519 -N '' -f \(key)")
        let identity = "Release Bot <bot@shop.example>"
        let first = try await stage.airlock(
            "reconcile", "--wait", "120s",
            environment: [
                "AIRLOCK_GIT_PUSH": "true", "AIRLOCK_GIT_SIGNING_KEY": key,
                "AIRLOCK_GIT_IDENTITY": identity,
            ])
        #expect(first.code == 0, "\(first.errors)")
        let checkpoint = try String(
            contentsOfFile: stage.state + "/audit/checkpoint", encoding: .utf8)
        #expect(try stage.git("show", "refs/airlock/log:checkpoint") + "\n" == checkpoint)
        #expect(try stage.git("log", "-1", "--format=%an <%ae>", "refs/airlock/log") == identity)
        try stage.shell(
            "echo \"bot@shop.example $(cat \(key).pub)\" > \(key).allowed && git -C \(stage.repository) "
                + "-c gpg.ssh.allowedSignersFile=\(key).allowed verify-commit refs/airlock/log")
        let verified = try await stage.must("audit", "verify", "--remote")
        #expect(verified.errors.contains("refs/airlock/log covers"), "\(verified.errors)")
        // A second run without anything new makes no commit for nothing, and one with news follows.
        try await stage.must("freeze", "production", "--reason", "a test", "--for", "1h")
        let second = try await reconcile(stage)
        #expect(second.code == 0, "\(second.errors)")
        #expect(try stage.git("rev-list", "--count", "refs/airlock/log") == "2")
    }

    @Test("a state directory that was set back contradicts it, and the copy is left alone")
    func contradicted() async throws {
        let stage = try await Stage()
        #expect(try await reconcile(stage).code == 0)
        try stage.shell("cp -a \(stage.state) \(stage.root)/backup")
        try await stage.must("freeze", "production", "--reason", "a test", "--for", "1h")
        #expect(try await reconcile(stage).code == 0)
        let copy = try stage.git("rev-parse", "refs/airlock/log")
        try stage.shell("rm -rf \(stage.state) && mv \(stage.root)/backup \(stage.state)")
        let verified = try await stage.airlock("audit", "verify", "--remote")
        #expect(verified.code == 1 && verified.errors.contains("cut short"), "\(verified.errors)")
        let next = try await reconcile(stage)
        #expect(next.errors.contains("contradicts its copy"), "\(next.errors)")
        #expect(try stage.git("rev-parse", "refs/airlock/log") == copy)
    }

    @Test("that a kill left half made is made anew")
    func halfMade() async throws {
        let stage = try await Stage()
        try stage.git("config", "http.receivepack", "true")
        let server = try HTTPServer(stage)
        defer { server.stop() }
        try stage.shell(
            "mkdir -m 700 '\(stage.state)' && cd '\(stage.state)' && "
                + "git init --quiet --bare log.git.new && touch log.git.new/config.lock")
        let first = try await stage.airlock(
            "reconcile", "--wait", "120s",
            environment: Self.push.merging(["AIRLOCK_REPO": server.url]) { $1 })
        #expect(first.code == 0, "\(first.errors)")
        #expect(try stage.git("rev-list", "--count", "refs/airlock/log") == "1")
        #expect(!FileManager.default.fileExists(atPath: stage.state + "/log.git.new"))
    }

    @Test("is not made without leave, and what stops it is told")
    func stopped() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try stage.git("for-each-ref", "refs/airlock") == "")
        let none = try await stage.airlock("audit", "verify", "--remote")
        #expect(none.code == 1 && none.errors.contains("has no refs/airlock/log"), "\(none.errors)")
        try stage.git("update-ref", "refs/airlock/log", "refs/heads/main")
        let refused = try await reconcile(stage)
        #expect(refused.code == 0 && refused.errors.contains("is not copied"), "\(refused.errors)")
        for (name, value, word) in [
            ("AIRLOCK_GIT_PUSH", "yes", "true or false"),
            ("AIRLOCK_GIT_SIGNING_KEY", stage.root + "/none", "ssh-keygen"),
        ] {
            let wrong = try await stage.airlock("reconcile", environment: [name: value])
            #expect(wrong.code == 1 && wrong.errors.contains(word), "\(wrong.errors)")
        }
    }
}
