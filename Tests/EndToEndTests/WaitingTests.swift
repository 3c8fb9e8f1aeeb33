import Foundation
import Testing

/// A rollout that waits for a person is seen by every verb.
@Suite("a rollout that waits for a person") struct WaitingTests {
    private static let release: [String: String?] = [
        "services/api/production.yaml": """
        artifact: \(Shop.artifact("api", "1.1.0"))
        version: 1.1.0
        replicas: 1
        config: {LOG_LEVEL: info, DB_PASSWORD: {secret: api-db}}
        strategy:
          canary:
            steps:
              - {weight: 10%, hold: 1s, analysis: off, requires: approval}
              - {weight: 50%, hold: 1s, analysis: off}
              - 100%
            onUndecided: promote

        """
    ]

    @Test("reconcile --wait ends with exit 3 and the command to type, and every look names it")
    func waits() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("asks for a word", Self.release)
        let outcome = try await stage.airlock(["reconcile", "--wait", "120s"])
        #expect(outcome.code == 3, "\(outcome.output)\(outcome.errors)")
        let told = "step 1 waits for a person's approval"
        #expect(
            outcome.output.contains(
                "held production/api: \(told): run `airlock rollout resume production/api`"),
            "\(outcome.output)")
        for words in [["status"], ["plan"], ["explain", "production/api"]] {
            let look = try await stage.airlock(words)
            #expect(look.code == 0 && look.output.contains(told), "\(words): \(look.output)")
        }
        let lane = try await stage.lane("production/api")
        #expect((lane["waits"] as? [String: Any])?["step"] as? Int == 1, "\(lane)")

        // A freeze comes between the word and the next step: what is in force is told, not what is wanted.
        try await stage.must("freeze", "production", "--reason", "sale")
        try await stage.must("rollout", "resume", "production/api", "--reason", "fine")
        let frozen = try await stage.airlock("reconcile")
        #expect(frozen.code == 3, "\(frozen.output)\(frozen.errors)")
        let status = try await stage.must("rollout", "status", "production/api").output
        #expect(status.contains("step     1 of 3: 10% of the traffic"), "\(status)")

        // A reason makes no line of its own.
        try await stage.must("thaw", "production")
        try await stage.must(
            "rollout", "hold", "production/api", "--reason", "wait\nnext     forged")
        _ = try await stage.airlock("reconcile")
        let held = try await stage.must("rollout", "status", "production/api").output
        #expect(held.contains(#"wait\nnext     forged"#), "\(held)")
        #expect(!held.split(separator: "\n").contains { $0.hasPrefix("next     forged") })
        let whole = try await stage.must("status").output
        #expect(whole.contains("run `airlock rollout resume production/api`"), "\(whole)")
        #expect(!whole.split(separator: "\n").contains { $0.hasPrefix("next     forged") })
    }

    @Test(
        "a rollout that git bounds ends reconcile --wait with exit 3, and goes on when git allows more"
    )
    func bounded() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let file = "services/api/production.yaml"
        let free = try #require(Self.release[file] ?? nil)
            .replacingOccurrences(of: ", requires: approval", with: "")
        try stage.commit("bounded", [file: free + "rollout: {upTo: 10%}\n"])
        let outcome = try await stage.airlock(["reconcile", "--wait", "120s"])
        #expect(outcome.code == 3, "\(outcome.output)\(outcome.errors)")
        let told = "git allows no more: rollout: {upTo: 10%}"
        #expect(
            outcome.output.contains(
                "held production/api: \(told): raise or remove `upTo` in \(file)"),
            "\(outcome.output)")
        for words in [["status"], ["plan"], ["explain", "production/api"]] {
            let look = try await stage.airlock(words)
            #expect(look.code == 0 && look.output.contains(told), "\(words): \(look.output)")
        }
        // Another bound is no reason to stay: the next step is 50%, and that is where it waits.
        try stage.commit("more", [file: free + "rollout: {upTo: 60%}\n"])
        #expect(!(try await stage.must("plan").output.contains("git allows no more")))
        let more = try await stage.airlock(["reconcile", "--wait", "120s"])
        #expect(more.code == 3 && more.output.contains("{upTo: 60%}"), "\(more.output)")
        let status = try await stage.must("rollout", "status", "production/api").output
        #expect(status.contains("step     2 of 3: 50% of the traffic"), "\(status)")
        try stage.commit("all", [file: free])
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
    }

    @Test("processes that only look once come to the deadline of a slot too")
    func deadlineOfLooks() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("never", Shop.api("1.9.1", deadline: "4s"))
        var looks = 0
        var history = ""
        while looks < 60, !history.contains("rolled back") {
            _ = try await stage.airlock("reconcile")
            history = try await stage.must("history", "production/api", "--limit", "1").output
            looks += 1
        }
        #expect(history.contains("rolled back"), "\(looks) looks: \(history)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
    }

    @Test("a lane that moves for another version of a secret says so, before and after")
    func secretExplained() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let bumped = Shop.simulation.replacingOccurrences(
            of: #"api-db: "1""#, with: #"api-db: "2""#)
        try stage.commit("api-db 2", ["simulation.yaml": bumped])
        let head = try stage.git("rev-parse", "HEAD").prefix(10)
        try await stage.must("plan")
        let before = try await stage.must("explain", "production/api").output
        #expect(before.contains("another version now: secret:api-db@2"), "\(before)")
        try await stage.must("reconcile", "--wait", "120s")
        let after = try await stage.must("explain", "production/api").output
        #expect(
            after.contains(", by \(head)") && !after.contains("another version now"), "\(after)")
    }
}
