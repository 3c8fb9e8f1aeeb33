import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

/// An old slot of which every instance died.
@Suite("a slot that died")
struct DeadSlotTests {
    private static let lane = Build.lane("production/api")

    private static func kill(_ count: Int, in stage: Stage) async throws {
        try await stage.world.inject(
            SimulatedFault(kind: .killInstances(count), scope: .lane(lane)))
    }

    @Test("what is gone back to and died is started anew after the deadline, and the way back ends")
    func broughtAnew() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage, steps: "[10%, 100%], deadline: 2m")
        try await stage.look(engine, seconds: 8)
        #expect(try await stage.share(of: 2) == 100)
        let abort = ControlRequest.Call.steer(Self.lane, .abort, reason: "looks odd")
        // Of the slot with the most traffic.
        try await Self.kill(4, in: stage)
        _ = await stage.ask(engine, abort)
        try await stage.look(engine, seconds: 20)
        let open = try #require(try await stage.ledger.state().operation(of: Self.lane))
        guard case .back = open.rollout.direction else {
            Issue.record("it does not go back")
            return
        }
        // As from a timer: each process looks once.
        for _ in 0..<40 {
            let later = try await stage.restart()
            try await stage.look(later, seconds: 1)
            stage.clock.advance(by: .seconds(20))
        }
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.ledger.state().operation(of: Self.lane) == nil)
    }

    @Test(
        "under a bound of git a release waits for an old slot that died, and an abort ends that"
    )
    func bounded() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        try await Self.kill(4, in: stage)
        Stage.release(
            2, in: stage, steps: "[1%, 25%, 100%], deadline: 1m", more: "rollout: {upTo: 5%}")
        try await stage.look(engine, seconds: 200)
        #expect(try await stage.share(of: 2) == 0)
        #expect(try await stage.entries(.quarantined).isEmpty)
        _ = await stage.ask(engine, .steer(Self.lane, .abort, reason: "bring the old one back"))
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.ledger.state().operation(of: Self.lane) == nil)
    }

    @Test(
        "a release whose old slot is dead is brought all at once and says so, and not where git bounds it"
    )
    func alone() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        try await Self.kill(4, in: stage)
        Stage.release(2, in: stage, more: "rollout: {upTo: 5%}")
        try await stage.look(engine, seconds: 100)
        #expect(try await stage.share(of: 2) == 0)
        let summary = try await engine.tick()
        #expect(summary.heldForward == [Self.lane])
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 30)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let said = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "alone" }
        #expect(said.map { $0.detail["reason"] } == [RolloutState.alonePhrase])
    }
}
