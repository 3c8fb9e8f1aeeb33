import Foundation
import Testing

/// Text of the repository is shown to people and obeyed by nobody's terminal.
@Suite("text from outside") struct HostileTextTests {
    /// A version that paints, deletes its line and starts another one.
    private static let hostile: [String: String?] = [
        "services/api/production.yaml": """
        artifact: \(Shop.artifact("api", "1.1.0"))
        version: "2.0 \\e[31m\\e[2K\\n| evil"
        replicas: 1
        config: {LOG_LEVEL: "a\\e]0;title\\ab\\n+ faked \\u202E"}
        strategy: {allAtOnce: {deadline: 20s}}

        """
    ]

    private func expectHarmless(
        _ text: String, _ what: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for scalar in ["\u{1B}", "\u{7}", "\u{202E}"] {
            #expect(!text.contains(scalar), "\(what): \(text)", sourceLocation: sourceLocation)
        }
        let lines = text.split(separator: "\n")
        #expect(
            !lines.contains { $0.hasPrefix("| evil") || $0.hasPrefix("+ faked") },
            "\(what): \(text)", sourceLocation: sourceLocation)
    }

    @Test("control characters of a branch are written out by plan, for people and in Markdown")
    func plan() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch("next", Self.hostile)
        for more in [[], ["-o", "markdown"]] {
            let words = ["plan", "--ref", "next"] + more
            let plan = try await stage.airlock(words)
            #expect(plan.code == 0, "\(plan.errors)")
            expectHarmless(plan.output, words)
            #expect(plan.output.contains(#"u{1b}"#), "\(plan.output)")
        }
        let json = try await stage.must("plan", "--ref", "next", "-o", "json").json()
        let lanes = try #require(json["lanes"] as? [[String: Any]])
        let after = lanes.compactMap { $0["after"] as? [String: Any] }
        #expect(after.contains { $0["version"] as? String == "2.0 \u{1B}[31m\u{1B}[2K\n| evil" })
    }

    @Test("a commit with a name that is never read is refused with its reason, in log and status")
    func oddName() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        var files = Shop.api("1.1.0") as [String: String?]
        files["services/p\nq/service.yaml"] = Shop.service("web")
        try stage.commit("odd", files)
        for _ in 0..<2 {
            let outcome = try await stage.airlock("reconcile", "--wait", "60s")
            #expect(outcome.code == 1, "\(outcome.output)")
            #expect(outcome.output.contains(#"is refused: services/p\x0aq: has"#), "\(outcome)")
        }
        let entries = try await stage.entries("commit.refused")
        #expect(entries.count == 1, "\(entries)")
        let status = try await stage.must("status")
        #expect(
            status.output.contains(#"not in force: refused: services/p\x0aq: has control"#),
            "\(status.output)")
        let look = try await stage.must("explain", "production/api")
        #expect(look.errors.contains("cannot be read, "), "\(look.errors)")
        let view = try await stage.must("status", "-o", "json").json()
        #expect((view["refusal"] as? String)?.hasPrefix("refused: services/p") == true, "\(view)")

        try stage.commit("mended", ["services/p\nq/service.yaml": nil])
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
    }

    @Test("control characters in versions, subjects and reasons are written out by every look")
    func looks() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("evil \u{1B}[2J\u{202E} subject", Self.hostile)
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "staging", "--reason", "why \u{1B}[31m\n+ faked")
        for words in [
            ["status"], ["history"], ["tree"], ["explain", "production/api"], ["audit", "show"],
            ["plan"],
        ] {
            let look = try await stage.airlock(words)
            #expect(look.code == 0, "\(words): \(look.errors)")
            expectHarmless(look.output + look.errors, words)
        }
        let status = try await stage.must("status").output
        #expect(status.contains(#"2.0 \u{1b}[31m\u{1b}[2K\n| evil"#), "\(status)")
        // What is no text in a subject is left out where the commit is read.
        #expect(status.contains("evil ") && status.contains(" subject"), "\(status)")
        #expect(status.contains(#"why \u{1b}[31m\n+ faked"#), "\(status)")
    }
}
