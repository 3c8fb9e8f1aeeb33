import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Testing

/// A share that was widened in vain, through the engine.
@Suite("a share that was widened in vain")
struct WideningTests {
    private static let lane = Build.lane("production/api")
    private static let steps = "[{weight: 1%, requires: approval}, 50%, 100%]"

    /// A stage whose canary was let on at 1% by a person and has half of 100 requests a second now.
    private func widened() async throws -> (stage: Stage, engine: Engine) {
        let stage = Stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 0.5%}
            traffic: {api: 100/s}
            secrets: {shop-key: "1"}

            """
        Stage.release(1, in: stage)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        release(in: stage)
        try await stage.look(engine, seconds: 30)
        _ = await stage.ask(engine, .steer(Self.lane, .resume, reason: "because"))
        try await look(engine, in: stage, untilShare: 500)
        return (stage, engine)
    }

    private func look(_ engine: Engine, in stage: Stage, untilShare share: Int) async throws {
        for _ in 0..<120 where try await stage.share(of: 2) != share {
            try await stage.look(engine, seconds: 1)
        }
        try #require(try await stage.share(of: 2) == share)
    }

    private func release(in stage: Stage, wish: String = "proceed") {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", 2))
            replicas: 4
            strategy: {canary: {steps: \(Self.steps), hold: 10s, decideWithin: 20s, maxExposed: 600, onUndecided: revert}}
            rollout: \(wish)

            """
        stage.commit()
    }

    private func steps(_ stage: Stage) async throws -> [AuditDraft] {
        try await stage.entries(.decision, of: "production/api").filter {
            $0.detail["perMille"] != nil
        }
    }

    @Test(
        "is given back over a kill, the old word of a person is void, and the release has its say")
    func givenBack() async throws {
        let (stage, killed) = try await widened()
        try await stage.look(killed, seconds: 5)
        let engine = try await stage.restart()
        try await look(engine, in: stage, untilShare: 10)
        let lowered = try #require(try await steps(stage).last)
        #expect(lowered.outcome == "lowered" && lowered.detail["narrowed"] != nil)
        let said = try #require(stage.ledger.durableState.steerings.values.first)
        #expect(said.passed.isEmpty, "what was said before is void")
        let summary = try await stage.settle(engine, rounds: 300)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let operation = try #require(lowered.operation)
        let replay = RolloutReplay(of: operation, in: stage.ledger.durableEntries)
        #expect(replay.firstDifference == nil, "\(replay.firstDifference ?? "")")
        #expect(replay.transitions.map(\.outcome) == ["step", "step", "lowered", "back"])
    }

    @Test("stays while the rollout is held, and what it serves is judged and written down")
    func held() async throws {
        let (stage, engine) = try await widened()
        _ = await stage.ask(engine, .steer(Self.lane, .hold, reason: "because"))
        try await stage.look(engine, seconds: 300)
        #expect(try await stage.share(of: 2) == 500)
        let looks = try await stage.entries(.evidence, of: "production/api").count
        #expect(looks >= 5, "at least once a minute: \(looks)")
        _ = await stage.ask(engine, .steer(Self.lane, .resume, reason: "because"))
        try await stage.settle(engine, rounds: 300)
        #expect(
            try await stage.serving("production/api") == [Build.artifact("api", 2)],
            "what was judged meanwhile decides it")
    }
}
