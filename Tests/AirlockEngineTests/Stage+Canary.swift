import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport

/// A stage with a canary in production/api.
extension Stage {
    /// A stage whose production/api is at version 1, and where version 3 fails 5 of 100 requests.
    static func canary() -> Stage {
        let stage = Stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 3).digest)": {errorRate: 5%}
            traffic: {api: 2000/s}
            secrets: {shop-key: "1"}

            """
        release(1, in: stage)
        return stage
    }

    @discardableResult
    static func release(
        _ version: Int, in stage: Stage, replicas: Int = 4, steps: String = "[1%, 25%, 100%]",
        more: String = "", author: String = "ada@example.org"
    ) -> CommitID {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: \(replicas)
            strategy: {canary: {steps: \(steps), hold: 1m}}
            rollback: {errorRate: {above: 50%, for: 10s}}
            \(more)

            """
        return stage.commit(author: author)
    }

    /// Looks once a second.
    func look(_ engine: Engine, seconds: Int) async throws {
        for _ in 0..<seconds {
            _ = try await engine.tick()
            clock.advance(by: .seconds(1))
        }
    }

    /// The share of production/api's traffic that a version has, in per mille.
    func share(of version: Int) async throws -> Int {
        try await share(of: Build.artifact("api", version), in: "production/api")
    }

    /// The share of a lane's traffic that an artifact has, in per mille.
    func share(of artifact: ArtifactReference, in name: String) async throws -> Int {
        let lane = Build.lane(name)
        let answer = try await world.observe(
            lane.environment, of: Build.fleetName(), lanes: [lane], since: nil)
        guard case .observed(let observation) = answer, let seen = observation.lanes[lane],
            let slot = seen.slots.first(where: { $0.spec.artifact == artifact })
        else { return 0 }
        return seen.weights[slot.id] ?? 0
    }
}
