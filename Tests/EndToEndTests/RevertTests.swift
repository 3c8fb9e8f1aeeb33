import Foundation
import Testing

/// What a rollback leaves to be done outside, the revert in git and the word to people, is not lost with the process.
@Suite("what a rollback leaves to be done") struct RevertTests {
    private static let push: [String: String?] = ["AIRLOCK_GIT_PUSH": "true"]

    /// A receiver that takes a second for each message, and keeps them.
    private static let receiver = """
        import http.server, sys, time
        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(1)
                with open(sys.argv[1] + "/messages", "ab") as file:
                    file.write(body + b"\\n")
                self.send_response(200)
                self.end_headers()
        server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        with open(sys.argv[1] + "/port.new", "w") as file:
            file.write(str(server.server_port))
        import os
        os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
        server.serve_forever()
        """

    /// A stage whose next commit is a release that its canary gives up.
    private static func stage() async throws -> Stage {
        let stage = try await Stage()
        try stage.commit("traffic", Shop.traffic)
        try await stage.must("reconcile", "--wait", "120s")
        return stage
    }

    /// A stage whose release was rolled back while git took no branch; it takes them again.
    private static func unoffered() async throws -> Stage {
        let stage = try await stage()
        // Nothing can be written below a reference that is a broken file, and nothing is refused by it either.
        let broken = stage.repository + "/.git/refs/heads/airlock"
        try "no reference\n".write(toFile: broken, atomically: true, encoding: .utf8)
        try stage.commit("a bad one", Shop.failingCanary)
        let first = try await stage.airlock("reconcile", "--wait", "120s", environment: push)
        #expect(first.code == 1 && first.output.contains("1 rolled back"), "\(first)")
        #expect(first.errors.contains("the revert is not offered yet"), "\(first.errors)")
        #expect(try branches(stage).isEmpty)
        try FileManager.default.removeItem(atPath: broken)
        return stage
    }

    private static func branches(_ stage: Stage) throws -> [String] {
        try stage.git("for-each-ref", "--format=%(refname:short)", "refs/heads/airlock/rollback")
            .split(separator: "\n").map(String.init)
    }

    @Test("a process for one commit offers the revert and pages before it ends")
    func oneShot() async throws {
        let stage = try await Self.stage()
        let receiver = try RunningProgram(
            "/usr/bin/python3", ["-c", Self.receiver, stage.root],
            environment: ["PATH": "/usr/bin:/bin"], folder: stage.root + "/programs",
            directory: stage.root)
        defer { receiver.signal(SIGKILL) }
        try await Wait.until("the receiver listens") {
            FileManager.default.fileExists(atPath: stage.root + "/port")
        }
        let port = try String(contentsOfFile: stage.root + "/port", encoding: .utf8)
        let secret = stage.root + "/secret"
        try stage.shell("openssl rand -hex 32 > '\(secret)' && chmod 600 '\(secret)'")
        try stage.commit("a bad one", Shop.failingCanary)
        let outcome = try await stage.airlock(
            "reconcile", "--wait", "120s",
            environment: Self.push.merging([
                "AIRLOCK_WEBHOOK": "http://127.0.0.1:\(port)",
                "AIRLOCK_WEBHOOK_SECRET_FILE": secret,
            ]) { $1 })
        #expect(outcome.code == 1 && outcome.output.contains("1 rolled back"), "\(outcome)")
        #expect(try Self.branches(stage).count == 1, "\(outcome.errors)")
        let messages = try String(contentsOfFile: stage.root + "/messages", encoding: .utf8)
        #expect(messages.contains("RolloutRolledBack"), "\(messages)")
    }

    @Test("a revert that git did not take is offered by the next process, once")
    func nextProcess() async throws {
        let stage = try await Self.unoffered()
        try stage.shell("cp -a '\(stage.state)' '\(stage.root)/kept'")
        let second = try await stage.airlock("reconcile", environment: Self.push)
        #expect(second.errors.contains("the revert is offered"), "\(second)")
        let made = try Self.branches(stage)
        #expect(made.count == 1, "\(made)")
        let third = try await stage.airlock("reconcile", environment: Self.push)
        #expect(!third.errors.contains("the revert is offered"), "\(third)")
        #expect(try Self.branches(stage) == made)
        #expect(try await stage.must("audit", "show").output.contains("revert offered"))
        try await stage.must("audit", "verify")
        // One whose push arrived before it could be noted, and since then the head moved.
        try stage.shell("rm -r '\(stage.state)' && mv '\(stage.root)/kept' '\(stage.state)'")
        try stage.commit(
            "web 1.1.0", ["services/web/production.yaml": Shop.release("web", "1.1.0")])
        let fourth = try await stage.airlock("reconcile", "--wait", "120s", environment: Self.push)
        #expect(fourth.errors.contains("the revert is offered"), "\(fourth)")
        #expect(try Self.branches(stage) == made)
    }

    @Test("a release that was mended while its revert could not be offered is left alone")
    func mendedMeanwhile() async throws {
        let stage = try await Self.unoffered()
        try stage.commit("mended", Shop.api("1.1.0"))
        let second = try await stage.airlock("reconcile", "--wait", "120s", environment: Self.push)
        #expect(second.errors.contains("is another release by now"), "\(second.errors)")
        #expect(try Self.branches(stage).isEmpty)
    }

    @Test("a revert waits while the newest commit is none of the fleet's line")
    func otherLine() async throws {
        let stage = try await Self.unoffered()
        try stage.git("switch", "--quiet", "--orphan", "other")
        try stage.commit("another line", Shop.files)
        try stage.git("branch", "--move", "main", "kept")
        try stage.git("branch", "--move", "other", "main")
        let second = try await stage.airlock("reconcile", environment: Self.push)
        #expect(second.code == 1 && !second.errors.contains("the revert is offered"), "\(second)")
        #expect(try Self.branches(stage).isEmpty)
        try stage.git("reset", "--quiet", "--hard", "kept")
        let third = try await stage.airlock("reconcile", environment: Self.push)
        #expect(third.errors.contains("the revert is offered"), "\(third)")
        #expect(try Self.branches(stage).count == 1)
    }

    @Test("a revert whose branch somebody has taken gets another name")
    func takenName() async throws {
        let stage = try await Self.stage()
        for number in 1...60 {
            try stage.git("branch", "airlock/rollback/production-api-\(number)")
        }
        try stage.commit("a bad one", Shop.failingCanary)
        let outcome = try await stage.airlock(
            "reconcile", "--wait", "120s", environment: Self.push)
        #expect(outcome.errors.contains("the revert is offered"), "\(outcome.errors)")
        let head = try stage.git("rev-parse", "--short=10", "HEAD")
        let made = try #require(try Self.branches(stage).first { $0.hasSuffix("-\(head)") })
        #expect(
            try stage.git("show", "-s", "--format=%s", made) == "Put production/api back to 1.0.0")
    }
}
