import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("the time of a hold")
struct HoldTimeTests {
    private static let lane = Build.lane("production/api")

    /// Why nobody looks at what is held.
    enum Blindness: CaseIterable { case partition, stop, down }

    @Test(
        "time in which nobody looks gives up nothing that is held and lost",
        arguments: Blindness.allCases)
    func blind(_ blindness: Blindness) async throws {
        let stage = Stage.canary()
        stage.signals = Unmeasured()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage, steps: "[60%, 100%], deadline: 2m")
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.share(of: 2) == 600)
        _ = await stage.ask(engine, .steer(Self.lane, .hold, reason: "because"))
        try await stage.world.inject(
            SimulatedFault(kind: .killInstances(3), scope: .lane(Self.lane)))
        try await stage.look(engine, seconds: 5)
        #expect(try await stage.share(of: 2) == 0)
        switch blindness {
        case .partition:
            try await stage.world.inject(
                SimulatedFault(
                    kind: .partition, scope: .environment(Self.lane.environment),
                    lasting: .seconds(300)))
            try await stage.look(engine, seconds: 301)
        case .stop:
            _ = await stage.ask(engine, .freezeAll(reason: "x", lasting: nil))
            try await stage.look(engine, seconds: 300)
            _ = await stage.ask(engine, .thawAll)
        case .down:
            stage.clock.advance(by: .seconds(300))
            engine = try await stage.restart()
        }
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.entries(.quarantined, of: "production/api").isEmpty)
        #expect(try await stage.ledger.state().operation(of: Self.lane) != nil)
        // What nobody saw is not counted, and what is seen from then on is.
        try await stage.look(engine, seconds: 100)
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("a freeze that comes while a lane is looked at uses up nothing of its deadline")
    func inFlight() async throws {
        let stage = Stage()
        let provider = CrossingProvider(stage.world)
        stage.provider = provider
        stage.versions["production/aid"] = 1
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        // It never gets healthy.
        stage.versions["production/api"] = 13
        stage.commit()
        try await stage.look(engine, seconds: 5)
        stage.versions["production/aid"] = 2
        stage.commit()
        let clock = stage.clock
        // What the pass saw is too old when it is the turn of the other lane.
        provider.cross(orderIn: Build.lane("production/aid")) { clock.advance(by: .seconds(2)) }
        let freeze = ControlRequest(
            id: "1", call: .freeze(.lane(Self.lane), reason: "x", lasting: nil))
        provider.cross(lookAt: Self.lane) {
            _ = await engine.handle(freeze, from: ControlPeer(uid: 1000, pid: 1))
            // Time for a pass that finds the lane under way.
            for _ in 0..<1_000 { await Task.yield() }
        }
        try await stage.look(engine, seconds: 200)
        #expect(try await stage.ledger.state().freezes[.lane(Self.lane)] != nil)
        _ = await stage.ask(engine, .thaw(.lane(Self.lane)))
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.entries(.quarantined, of: "production/api").isEmpty)
        #expect(
            try await stage.ledger.state().operation(of: Self.lane)?.rollout.direction == .forward)
        try await stage.look(engine, seconds: 80)
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test(
        "what git says of the next change is not said of the one under way",
        arguments: ["abort", "hold"])
    func next(_ wish: String) async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        let before = try await stage.ledger.state()
        let open = try #require(before.operation(of: Self.lane)?.number)
        // Else the next one takes the place of this one.
        _ = await stage.ask(engine, .freeze(.lane(Self.lane), reason: "x", lasting: nil))
        try await stage.look(engine, seconds: 2)
        Stage.release(3, in: stage, more: "rollout: \(wish)")
        try await stage.look(engine, seconds: 3)
        Stage.release(3, in: stage, more: "rollout: [")
        try await stage.look(engine, seconds: 3)
        _ = await stage.ask(engine, .thaw(.lane(Self.lane)))
        try await stage.look(engine, seconds: 3)
        let state = try await stage.ledger.state()
        #expect(state.operation(of: Self.lane)?.number == open)
        #expect(state.operation(of: Self.lane)?.rollout.direction == .forward)
        #expect(state.steerings[open]?.wish == nil)
        #expect(state.lanes[Self.lane]?.holdReason == nil)
        #expect(try await stage.share(of: 2) == 10)
    }
}

/// A source of signals that never answers.
private struct Unmeasured: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] { throw .noAnswer("nobody measures") }
}
