import Foundation
import Testing

/// History that was rewritten: what waits for a person, and that whoever looks is told what is done meanwhile.
@Suite("rewritten history") struct RewriteTests {
    private static func environment(_ tier: String) -> String {
        "tier: \(tier)\nprovider: {simulated: {}}\n"
    }

    /// A stage whose branch is back at `base` after api 1.1.0 was deployed in production.
    private static func rewound() async throws -> (stage: Stage, base: String) {
        let stage = try await Stage()
        let base = try stage.git("rev-parse", "HEAD")
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        try stage.git("reset", "--quiet", "--hard", base)
        return (stage, base)
    }

    @Test("rewritten history is told, waits in production, and is taken by name")
    func rewritten() async throws {
        let (stage, base) = try await Self.rewound()
        var files = Shop.api("1.2.0")
        // It would wait for the other one alone, and go on by itself.
        files["services/web/production.yaml"] = Shop.release("web", "1.2.0", replicas: 2)
        let rewritten = try stage.commit("api and web 1.2.0", files)
        let refused = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(refused.code == 1, "\(refused.output)")
        #expect(refused.output.contains("airlock reconcile --accept-rewrite \(rewritten)"))
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        // Whoever looks is told that nothing of it goes on in production, and what to type.
        for lane in ["production/api", "production/web"] {
            let look = try await stage.must("explain", lane).output
            #expect(look.contains("is held: history was rewritten"), "\(look)")
            #expect(look.contains("airlock reconcile --accept-rewrite \(rewritten)"), "\(look)")
        }
        for form in [[], ["-o", "markdown"]] {
            let plan = try await stage.airlock(["plan"] + form).output
            #expect(plan.contains("staging and production stay on"), "\(plan)")
            #expect(!plan.contains("passes every gate") && plan.contains("2 held"), "\(plan)")
        }
        let other = try await stage.airlock("reconcile", "--accept-rewrite", base)
        #expect(other.code == 1 && other.errors.contains(rewritten), "\(other.errors)")
        let short = String(rewritten.prefix(10))
        try await stage.must("reconcile", "--wait", "120s", "--accept-rewrite", short)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.2.0")
        let accepted = try await stage.entries("commit.accepted").last
        #expect((accepted?["detail"] as? [String: String])?["history"] == "rewritten")
        let trust = try await stage.entries("trust").last
        #expect(trust?["outcome"] as? String == "rewrite accepted")
    }

    @Test("doctor names rewritten history that waits for a person: exit 1")
    func rewrittenHistory() async throws {
        let (stage, _) = try await Self.rewound()
        let rewritten = try stage.commit("api 1.2.0", Shop.api("1.2.0"))
        let doctor = try await stage.airlock("doctor")
        #expect(doctor.code == 1 && doctor.output.contains("✗ history"), "\(doctor.output)")
        #expect(doctor.output.contains("--accept-rewrite \(rewritten)"), "\(doctor.output)")
    }

    @Test("a rollout that rewritten history drops is not told as ending while it waits")
    func rewrittenRollout() async throws {
        let stage = try await Stage()
        let base = try stage.git("rev-parse", "HEAD")
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "api 1.1.0", Shop.api("1.1.0", strategy: "{canary: {steps: [10%, 100%], hold: 1h}}"))
        let begun = try await stage.airlock("reconcile")
        #expect(begun.output.contains("under way production/api"), "\(begun)")
        try stage.git("reset", "--quiet", "--hard", base)
        let rewritten = try stage.commit(
            "web 1.1.0", ["services/web/staging.yaml": Shop.release("web", "1.1.0", replicas: 2)])
        try await stage.airlock("reconcile")
        let command = "airlock reconcile --accept-rewrite \(rewritten)"
        let look = try await stage.must("explain", "production/api").output
        #expect(look.contains("is under way: replace"), "\(look)")
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 1 && plan.output.contains(command), "\(plan)")
        #expect(!plan.output.contains("goes back"), "\(plan)")
        #expect(try await stage.lane("production/api")["state"] as? String == "changing")
    }

    @Test("what holds a change of a rewritten head anyway is told, and a repair is planned as one")
    func besideOthers() async throws {
        let stage = try await Stage()
        let base = try stage.git("rev-parse", "HEAD")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production/web", "--reason", "a look")
        try stage.git("reset", "--quiet", "--hard", base)
        var files = Shop.api("1.2.0")
        files["services/web/production.yaml"] = Shop.release("web", "1.1.0", replicas: 2)
        try stage.commit("rewritten", files)
        try await stage.airlock("reconcile", "--wait", "120s")
        try await stage.must("sim", "fault", "drift-traffic", "production/api")
        let web = try await stage.must("explain", "production/web").output
        #expect(web.contains("is frozen") && web.contains("is held: "), "\(web)")
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 1 && plan.output.contains("1 to repair"), "\(plan)")
    }

    @Test("a rewritten head that takes an environment out of its tier is planned as what is done")
    func otherTier() async throws {
        let (stage, _) = try await Self.rewound()
        var files = Shop.api("1.2.0")
        for name in ["staging", "production"] {
            files["environments/\(name).yaml"] = Self.environment("development")
        }
        let rewritten = try stage.commit("all is development", files)
        for _ in 0..<2 {
            let plan = try await stage.airlock("plan")
            #expect(plan.code == 1 && plan.output.contains("1 held"), "\(plan)")
            #expect(plan.output.contains("airlock reconcile --accept-rewrite \(rewritten)"))
            let look = try await stage.must("explain", "production/api").output
            #expect(look.contains("is held: history was rewritten"), "\(look)")
            try await stage.airlock("reconcile", "--wait", "120s")
        }
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
    }

    @Test("an environment that a rewritten head puts into a later tier is planned as what is done")
    func laterTier() async throws {
        let stage = try await Stage()
        let base = try stage.commit(
            "staging is development", ["environments/staging.yaml": Self.environment("development")]
        )
        try await stage.must("reconcile", "--wait", "120s")
        func api(_ version: String) -> [String: String] {
            ["services/api/staging.yaml": Shop.release("api", version)]
        }
        try stage.commit("api 1.1.0", api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        try stage.git("reset", "--quiet", "--hard", base)
        try stage.commit("api 1.2.0", api("1.2.0"))
        try await stage.airlock("reconcile", "--wait", "120s")
        #expect(try await stage.lane("staging/api")["version"] as? String == "1.2.0")
        try stage.commit(
            "staging is late", ["environments/staging.yaml": Self.environment("staging")])
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 1 && plan.output.contains("1.2.0 → 1.1.0"), "\(plan)")
        let look = try await stage.must("explain", "staging/api").output
        #expect(look.contains("would replace"), "\(look)")
        try await stage.airlock("reconcile", "--wait", "120s")
        #expect(try await stage.lane("staging/api")["version"] as? String == "1.1.0")
    }
}
