import AirlockEngine
import AirlockModel
import AirlockSimulator
import AirlockTestSupport

/// A stage with a testing tier before production.
extension Stage {
    static let testing = Build.lane("testing/api")
    static let production = Build.lane("production/api")

    /// A stage whose testing/api and production/api are at version 1, not yet deployed.
    ///
    /// - Parameter outcomes: What the verify jobs of versions do, such as `[2: "failed"]`.
    static func verified(_ outcomes: [Int: String] = [:]) -> Stage {
        let stage = Stage()
        stage.versions = ["testing/api": 1, "production/api": 1]
        stage.extra["fleet.yaml"] = """
            airlock: 1
            name: shop
            order: [development, testing, production]
            limits: {removals: {count: 9, share: 100%}, changing: {count: 9, share: 100%}}

            """
        stage.extra["environments/testing.yaml"] = "tier: testing\n"
        stage.extra["services/api/service.yaml"] =
            "port: 8080\nverify: {run: [/app/selftest], timeout: 10s}\n"
        stage.behave(outcomes)
        stage.commit()
        return stage
    }

    /// Says what the verify jobs of versions do from the next commit on; the others pass.
    func behave(_ outcomes: [Int: String], takes: String = "5s") {
        let artifacts = (1...9).map { version in
            "\"sha256:\(Build.artifact("api", version).digest)\": "
                + "{verify: {takes: \(takes), outcome: \(outcomes[version] ?? "passed")}}"
        }
        extra["simulation.yaml"] =
            "artifacts: {\(artifacts.joined(separator: ", "))}\nsecrets: {shop-key: \"1\"}\n"
    }

    /// Commits a version for both environments.
    func release(_ version: Int) {
        versions = ["testing/api": version, "production/api": version]
        commit()
    }

    /// How often a job was started in the world.
    func runs() async throws -> Int {
        try await world.deliveries().count { delivery in
            if case .run = delivery.order.action { delivery.effect == .applied } else { false }
        }
    }
}
