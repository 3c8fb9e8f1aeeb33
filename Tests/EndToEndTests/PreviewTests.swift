import AirlockTestSupport
import Foundation
import Testing

/// The program asks a real server before it gives a new slot traffic.
@Suite("preview checks over HTTP") struct PreviewTests {
    private static let lane = "staging/web"

    private func release(_ stage: Stage, _ program: ServerProgram) throws {
        let behaviour = "\"\(Shop.digest("web", "1.1.0"))\": {startup: 0s"
        try stage.commit(
            "checked",
            [
                "simulation.yaml": Shop.simulation.replacingOccurrences(
                    of: behaviour,
                    with: "\(behaviour), endpoint: \"\(try program.address("answers"))\""),
                "services/web/staging.yaml": Shop.release("web", "1.1.0", replicas: 2)
                    .replacingOccurrences(
                        of: "{allAtOnce: {deadline: 20s}}",
                        with: "{blueGreen: {keep: 0s, preview: {checks: [{path: /ready?a=1, "
                            + "failures: 2}]}}}"),
            ])
    }

    private func previews(_ stage: Stage) async throws -> [[String: Any]] {
        try await stage.entries("decision", lane: Self.lane).filter {
            ($0["outcome"] as? String)?.hasPrefix("preview ") == true
        }
    }

    @Test("the plan lists what the new slot is asked, as text, markdown and JSON")
    func planned() async throws {
        let program = try ServerProgram("answers.py", files: ["answer.json": "{}"])
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try release(stage, program)
        let sentence = "answers 200 within 2000 ms; 2 wrong answers in a row give it up"
        let text = try await stage.must("plan").output
        #expect(text.contains("preview   GET /ready?a=1 \(sentence)"), "\(text)")
        let markdown = try await stage.must("plan", "-o", "markdown").output
        #expect(markdown.contains("- GET /ready?a=1 \(sentence)"), "\(markdown)")
        let plan = try await stage.must("plan", "-o", "json").json()
        let lanes = try #require(plan["lanes"] as? [[String: Any]])
        let lane = try #require(lanes.first { $0["lane"] as? String == Self.lane })
        let checks = try #require(lane["preview"] as? [[String: Any]])
        #expect(checks.count == 1 && checks[0]["path"] as? String == "/ready?a=1")
        #expect(checks[0]["failures"] as? Int == 2)
        #expect(lanes.count { $0["preview"] != nil } == 1)
    }

    @Test("the plan lists the bounds that the new slot is held to, and for how long")
    func plannedBounds() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let release = Shop.release("web", "1.1.0", replicas: 2).replacingOccurrences(
            of: "{allAtOnce: {deadline: 20s}}",
            with: "{blueGreen: {keep: 0s, preview: {bounds: [memory], hold: 3s}}}")
        try stage.commit(
            "bounded",
            [
                "services/web/staging.yaml": release
                    + "rollback: {memory: {above: 200Mi, for: 5s}}\n"
            ])
        let text = try await stage.must("plan").output
        let sentence = "keeps for 3s in one go: no memory above 200Mi for 5s"
        #expect(text.contains("preview   \(sentence)"), "\(text)")
        let markdown = try await stage.must("plan", "-o", "markdown").output
        #expect(markdown.contains("- \(sentence)"), "\(markdown)")
        let lanes = try #require(
            try await stage.must("plan", "-o", "json").json()["lanes"] as? [[String: Any]])
        let bounds = lanes.compactMap { $0["previewBounds"] as? [String: Any] }
        #expect(bounds.count == 1 && bounds.first?["holdMilliseconds"] as? Int == 3_000)
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await previews(stage).last?["outcome"] as? String == "preview passed")
        #expect(try await stage.lane(Self.lane)["version"] as? String == "1.1.0")
    }

    @Test("a wrong answer keeps the traffic where it is; when the server is mended it moves")
    func real() async throws {
        let program = try ServerProgram(
            "answers.py", files: ["answer.json": #"{"status": 503}"#])
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try release(stage, program)
        try await stage.airlock("reconcile", "--wait", "120s")
        let failed = try #require(try await previews(stage).last)
        #expect(failed["outcome"] as? String == "preview failed")
        #expect("\(failed)".contains("GET /ready?a=1: 503 instead of 200, 2 of 2"), "\(failed)")
        #expect(try await stage.lane(Self.lane)["version"] as? String == "1.0.0")
        #expect(try await stage.entries("quarantined", lane: Self.lane).count == 1)

        try program.write(#"{"status": 200}"#, to: "answer.json")
        try await stage.must("rollout", "retry", Self.lane)
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await previews(stage).last?["outcome"] as? String == "preview passed")
        #expect(try await stage.lane(Self.lane)["version"] as? String == "1.1.0")
        let asked = try program.lines(of: "requests.jsonl").compactMap { $0["path"] as? String }
        #expect(asked == Array(repeating: "/ready?a=1", count: 3))
    }
}
