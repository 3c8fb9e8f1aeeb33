import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

/// What healing pages a person for, as an alert.
@Suite("the alert of healing") struct HealingAlertTests {
    private static let lane = Build.lane("production/api")

    private func strike(
        _ kind: SimulatedFault.Kind, _ stage: Stage, _ engine: Engine, looks: Int
    ) async throws -> Alert {
        try await stage.world.inject(SimulatedFault(kind: kind, scope: .lane(Self.lane)))
        for _ in 0..<looks {
            stage.clock.advance(by: .seconds(5))
            _ = try await engine.tick()
        }
        return try await alert(engine)
    }

    private func alert(_ engine: Engine) async throws -> Alert {
        let alerts = try #require(await engine.standing()).alerts
        return try #require(alerts.first { $0.kind == .healingNeedsPerson })
    }

    @Test("a page that ends pages nobody again for an older one, also over a restart")
    func pages() async throws {
        let stage = Stage()
        stage.versions = ["production/api": 1]
        stage.extra = [
            "environments/production.yaml": "tier: production\nhealing: {afterChange: 0s}\n",
            "services/api/production.yaml": """
            artifact: \(Build.artifact("api", 1))
            replicas: 10
            strategy: {allAtOnce: {deadline: 1m}}

            """,
            "simulation.yaml": """
            artifacts: {"sha256:\(Build.artifact("api", 8).digest)": {capacity: 100/s}}
            traffic: {api: 400/s}
            secrets: {shop-key: "1"}

            """,
        ]
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let failed = try await strike(.killInstances(3), stage, engine, looks: 10)
        #expect(failed.summary.contains("failed instances"))
        let slow = try await strike(
            .degradeInstances(3, errors: Share(basisPoints: 0), latency: .seconds(2)), stage,
            engine, looks: 12)
        #expect(slow.summary.contains("slow instances") && slow.since > failed.since)
        let left = try await strike(.cureInstances, stage, engine, looks: 30)
        #expect(left.summary.contains("failed instances"), "\(left.summary)")
        #expect(left.since == slow.since && left.page == slow.page)
        let second = try await stage.restart()
        try await stage.settle(second)
        #expect(try await alert(second).since == slow.since)
    }
}
