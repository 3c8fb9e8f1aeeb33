import Foundation
import Testing

/// Instances are looked after by the running program, and only as far as git and people let it.
@Suite("healing") struct HealingTests {
    /// Ten instances of each service in three environments: healed, healed in a dry run, and not healed.
    private static let files: [String: String?] = {
        var files: [String: String?] = [
            "fleet.yaml": """
            airlock: 1
            name: shop
            order: [development, staging, production]

            """
        ]
        for (name, tier, healing) in [
            ("development", "development", "off"),
            ("staging", "staging", "{afterChange: 0s, dryRun: [restart]}"),
            ("production", "production", "{afterChange: 0s, restarts: 5 per 10m}"),
        ] {
            files["environments/\(name).yaml"] = "tier: \(tier)\nhealing: \(healing)\n"
            for service in ["api", "web"] {
                files["services/\(service)/\(name).yaml"] = Shop.release(
                    service, "1.0.0", replicas: 10)
            }
        }
        return files
    }()

    private func healthy(_ stage: Stage, _ lane: String) async throws -> Int? {
        try await stage.lane(lane)["healthy"] as? Int
    }

    @Test(
        "what was killed is restarted, a third heal pages, and nothing is done where it may not be")
    func healing() async throws {
        let stage = try await Stage()
        try stage.commit("healing", Self.files)
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production/web", "--reason", "looking")
        let run = try await stage.startReconciler()
        // None of these may be healed: off, dry, frozen, and too many at once.
        for lane in ["development/api", "staging/api", "production/web"] {
            try await stage.must("sim", "fault", "kill-instance", lane)
        }
        try await stage.must("sim", "fault", "kill-instance", "staging/web", "--instances", "4")
        for count in 1...3 {
            try await stage.must("sim", "fault", "kill-instance", "production/api")
            try await Wait.until("heal \(count)", within: .seconds(180)) {
                let lane = try await stage.lane("production/api")
                let healing = lane["healing"] as? [String: Any]
                let incidents = healing?["incidents"] as? [[String: Any]]
                return incidents?.first?["heals"] as? Int == count
                    && lane["healthy"] as? Int == 10
            }
        }
        try await Wait.until("a person is paged", within: .seconds(180)) {
            try await stage.entries("paged", lane: "production/api").count == 1
        }
        let explained = try await stage.must("explain", "production/api").output
        #expect(explained.contains("is healed, 2 of 5 per 600s left"), "\(explained)")
        #expect(explained.contains("failed instances were healed 3 times and more"))
        #expect(explained.contains("incident: failed instances in slot"))
        let plan = try await stage.must("plan").output
        #expect(plan.contains("production/api has an incident: failed instances"), "\(plan)")
        let history = try await stage.must("history", "production/api", "-o", "json").output
        #expect(history.components(separatedBy: "\"heal\"").count == 4, "\(history)")

        #expect(try await healthy(stage, "development/api") == 9)
        #expect(try await healthy(stage, "staging/api") == 9)
        #expect(try await healthy(stage, "staging/web") == 6)
        #expect(try await healthy(stage, "production/web") == 9)
        let dry = try await stage.entries("healing", lane: "staging/api")
            .filter { $0["outcome"] as? String == "dry run" }
        #expect(dry.count == 1, "\(dry)")
        let correlated = try await stage.entries("paged", lane: "staging/web")
        #expect(correlated.count == 1, "\(correlated)")
        #expect(try await stage.entries("healing", lane: "development/api").isEmpty)
        #expect(try await stage.entries("healing", lane: "production/web").isEmpty)
        #expect(try run.errors().contains("page"))
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
        let off = try await stage.must("explain", "development/api").output
        #expect(off.contains("is not healed: its environment has `healing` off"), "\(off)")
        try await stage.must("audit", "verify")
    }

    @Test("everything is stopped by one verb, told by status, plan and log, and let go by another")
    func everything() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let vague = try await stage.airlock("freeze", "--reason", "x")
        #expect(vague.code == 64 && vague.errors.contains("or give --all"))
        let both = try await stage.airlock("thaw", "production", "--all")
        #expect(both.code == 64 && both.errors.contains("not both"))
        let none = try await stage.airlock("thaw", "--all")
        #expect(none.code == 1 && none.errors.contains("the fleet is not stopped"))
        let stopped = try await stage.must("freeze", "--all", "--reason", "the judge is wrong")
        #expect(stopped.output.contains("automatic rollback too"), "\(stopped.output)")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let held = try await stage.airlock("reconcile")
        #expect(held.code == 3, "\(held.output)\(held.errors)")
        #expect(try await stage.must("status").output.contains("everything is stopped until"))
        #expect(try await stage.must("plan").output.contains("everything is stopped"))
        #expect(try await stage.entries("paged").count == 1)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        try await stage.must("thaw", "--all")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
    }
}
