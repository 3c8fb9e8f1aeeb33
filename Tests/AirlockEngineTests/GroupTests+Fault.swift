import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Synchronization
import Testing

extension GroupTests {
    @Test("two at fault at the same moment are both quarantined, each for its own reason")
    func bothAtFault() async throws {
        let stage = Self.stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 3).digest)": {errorRate: 20%}
              "sha256:\(Build.artifact("web", 3).digest)": {errorRate: 20%}
            traffic: {api: 2000/s, web: 2000/s}
            secrets: {shop-key: "1"}

            """
        stage.settings.lanesAtOnce = 2
        let source = LateSource(stage.world)
        stage.signals = source
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Self.release(api: 3, web: 3, in: stage)
        try await stage.look(engine, seconds: 30)
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.share(of: Build.artifact(name, 3), in: lane) == 100)
        }
        // The numbers of both come at once, and the first to fall is held up until the other is judged, too.
        let lanes = Set(Self.lanes.map { Build.lane($0) })
        ledger.cross(
            { if case .quarantine = $0 { true } else { false } }, isWaitedFor: true,
            with: {
                for _ in 0..<100_000 where source.answered != lanes { await Task.yield() }
                // What is left to the other one is to judge its numbers.
                for _ in 0..<1_000 { await Task.yield() }
                return .done(message: source.answered == lanes ? "both" : "one alone")
            })
        source.begin()
        try await stage.settle(engine, rounds: 300)
        #expect(await ledger.answer() == .done(message: "both"))
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 1)])
            let quarantined = try await stage.entries(.quarantined, of: lane)
            #expect(quarantined.compactMap(\.artifact) == [Build.artifact(name, 3)])
            let reason = try #require(quarantined.first?.detail["reason"])
            #expect(reason.hasPrefix("error-rate: "), "\(reason)")
            let back = try await stage.entries(.decision, of: lane)
                .filter { $0.outcome == "rolledBack" }
            #expect(back.compactMap { $0.detail["reason"] } == [reason])
        }
    }
}

/// The signals of the world, which nobody gets before a test says so.
private final class LateSource: SignalSource {
    private struct State {
        var hasBegun = false
        var answered: Set<LaneID> = []
    }

    private let world: SimulatedProvider
    private let state = Mutex(State())

    init(_ world: SimulatedProvider) { self.world = world }

    func begin() { state.withLock { $0.hasBegun = true } }

    /// The lanes of which a whole question was answered.
    var answered: Set<LaneID> { state.withLock { $0.answered } }

    var traits: SignalTraits { world.traits }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        guard state.withLock({ $0.hasBegun }) else { throw .noAnswer("it has not begun") }
        return try await world.counters(of: lane, slot: slot, from: from, to: to)
    }

    func counters(
        of lane: LaneID, for question: SignalQuestion
    ) async throws(ProviderError) -> (target: [SecondCounters], base: [SecondCounters]) {
        guard state.withLock({ $0.hasBegun }) else { throw .noAnswer("it has not begun") }
        let answer = try await world.counters(of: lane, for: question)
        state.withLock { _ = $0.answered.insert(lane) }
        return answer
    }
}
