import Foundation
import Testing

/// The testing tier over the binary: a build goes on when its job passed, and what holds it is told.
@Suite("the testing tier") struct VerificationTests {
    /// The shop with testing in place of staging; the job of api 1.1.0 does as is said.
    private static func files(_ version: String, job: String = "failed") -> [String: String?] {
        var files: [String: String?] = Shop.files.filter { !$0.key.contains("staging") }
            .mapValues { $0 }
        files["fleet.yaml"] = Shop.fleet.replacing("[staging, ", with: "[testing, ")
        files["environments/testing.yaml"] = "tier: testing\n"
        files["services/api/service.yaml"] =
            Shop.service("api") + "verify: {run: [/app/selftest], timeout: 1m}\n"
        files["simulation.yaml"] = Shop.simulation.replacing(
            "\(Shop.digest("api", "1.1.0"))\": {startup: 0s}",
            with: "\(Shop.digest("api", "1.1.0"))\": "
                + "{startup: 0s, verify: {takes: 0s, outcome: \(job)}}")
        for environment in ["testing", "production"] {
            files["services/api/\(environment).yaml"] = Shop.release("api", version)
        }
        return files
    }

    @Test("a job that fails holds production, every verb says why, and retry lets it go on")
    func failed() async throws {
        let stage = try await Stage(Self.files("1.0.0").compactMapValues { $0 })
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        #expect(try await stage.must("status").output.contains("settled, verified"))

        try stage.commit("api 1.1.0", Self.files("1.1.0"))
        let planned = try await stage.must("plan").output
        #expect(planned.contains("was not deployed to testing/api yet"), "\(planned)")
        let held = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(held.code == 1, "\(held.output)\(held.errors)")
        #expect(held.output.contains("settled testing/api"), "\(held.output)")
        #expect(
            held.output.contains("tested testing/api: its verify job failed"), "\(held.output)")
        #expect(try await stage.lane("testing/api")["version"] as? String == "1.1.0")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        // Nothing runs now, and the plan says the same.
        let plan = try await stage.must("plan").output
        #expect(plan.contains("failed its verify job in testing/api (operation "), "\(plan)")
        #expect(plan.contains("→ run `airlock rollout retry testing/api`"), "\(plan)")
        let status = try await stage.must("status").output
        #expect(status.contains("testing/api: verify job failed on build "), "\(status)")
        let explained = try await stage.must("explain", "production/api").output
        #expect(explained.contains("✗ verification: build "), "\(explained)")
        let history = try await stage.must("history", "testing/api").output
        #expect(history.contains("verify"), "\(history)")

        try stage.commit("mend the test", Self.files("1.1.0", job: "passed"))
        try await stage.must("rollout", "retry", "testing/api")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        let told = try await stage.entries("decision", lane: "testing/api")
            .compactMap { $0["outcome"] as? String }
        #expect(
            told.suffix(5) == ["verify", "failed", "verify again", "verify", "passed"], "\(told)")
        try await stage.must("audit", "verify")
    }
}
