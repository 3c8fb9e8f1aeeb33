import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Logging
import Synchronization
import Testing

@Suite("what the log says of a source of signals")
struct SignalLogTests {
    @Test("that a source is down is logged when it begins, and again only for another reason")
    func down() async throws {
        let stage = Stage.canary()
        let (log, source) = (CapturedLog(), FailingSource(stage.world))
        stage.logger = log.logger
        stage.signals = source
        func reasons() -> [String] { log.lines("no signals").compactMap { $0.metadata["reason"] } }
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.share(of: 2) == 10)
        #expect(reasons().isEmpty)

        source.fail("connection refused")
        try await stage.look(engine, seconds: 20)
        #expect(source.failures > 1, "it was asked again")
        let line = try #require(log.lines("no signals").first)
        #expect(line.level == .warning && line.metadata["lane"] == "production/api")
        #expect(reasons() == ["no answer: connection refused"])

        source.fail("too many requests")
        try await stage.look(engine, seconds: 20)
        let both = ["no answer: connection refused", "no answer: too many requests"]
        #expect(reasons() == both)

        source.fail(nil)
        try await stage.look(engine, seconds: 5)
        #expect(reasons() == both)
        // What had ended begins anew, for whatever reason.
        source.fail("too many requests")
        try await stage.look(engine, seconds: 5)
        #expect(reasons() == both + ["no answer: too many requests"])
    }
}

/// The signals of the world, which do not answer while a test says so.
private final class FailingSource: SignalSource {
    private struct State {
        var reason: String?
        var failures = 0
    }

    private let world: SimulatedProvider
    private let state = Mutex(State())

    init(_ world: SimulatedProvider) { self.world = world }

    /// Why it does not answer from now on; nil to answer again.
    func fail(_ reason: String?) { state.withLock { $0 = State(reason: reason) } }

    /// How often it did not answer for that reason.
    var failures: Int { state.withLock { $0.failures } }

    var traits: SignalTraits { world.traits }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        let reason = state.withLock { state in
            if state.reason != nil { state.failures += 1 }
            return state.reason
        }
        if let reason { throw .noAnswer(reason) }
        return try await world.counters(of: lane, slot: slot, from: from, to: to)
    }
}
