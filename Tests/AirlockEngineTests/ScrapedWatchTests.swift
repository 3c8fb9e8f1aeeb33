import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Synchronization
import Testing

@Suite("watched lanes and what measures them")
struct ScrapedWatchTests {
    /// A stage at version 1 for a while; version 2 turns bad ten minutes after its start.
    private static func stage(
        lanes: [String], measuredBy source: (SimulatedProvider) -> any SignalSource
    ) async throws -> (Stage, Engine) {
        let stage = Stage()
        stage.signals = source(stage.world)
        for lane in lanes { stage.versions["production/\(lane)"] = 1 }
        let behaviours = lanes.map { lane in
            "  \"sha256:\(Build.artifact(lane, 1).digest)\": {errorRate: 0.5%}\n"
                + "  \"sha256:\(Build.artifact(lane, 2).digest)\": "
                + "{errorRate: 0.5%, poison: {after: 10m, errorRate: 30%}}\n"
        }
        stage.extra["simulation.yaml"] = """
            artifacts:
            \(behaviours.joined())traffic: {\(lanes.map { "\($0): 50/s" }.joined(separator: ", "))}
            secrets: {shop-key: "1"}

            """
        release(1, of: lanes, in: stage)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        return (stage, engine)
    }

    private static func release(_ version: Int, of lanes: [String], in stage: Stage) {
        for lane in lanes {
            stage.extra["services/\(lane)/production.yaml"] = """
                artifact: \(Build.artifact(lane, version))
                replicas: 2
                strategy: {blueGreen: {keep: 1m}}
                watch: {for: 30m, onAlarm: rollback, sensitivity: low}

                """
        }
        stage.commit()
    }

    private func look(_ stage: Stage, _ engine: Engine, minutes: Int) async throws {
        for _ in 0..<minutes * 6 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(10))
        }
    }

    @Test("with a server that scrapes every 15 s a bad release goes back, and the watch is no less")
    func scraped() async throws {
        let (stage, engine) = try await Self.stage(lanes: ["api"], measuredBy: ScrapedSource.init)
        stage.clock.advance(by: .seconds(20_000))
        Self.release(2, of: ["api"], in: stage)
        try await stage.settle(engine, rounds: 200)
        let lane = Build.lane("production/api")
        let record = try #require(try await stage.ledger.state().lanes[lane]?.watch?.value)
        #expect(record.history?.spacing == 15 && record.sensitivity == .low)
        #expect((record.history?.seconds ?? 0) >= 17_900)
        try await look(stage, engine, minutes: 14)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let alarms = try await stage.entries(.alarm, of: "production/api")
        #expect(alarms.contains { $0.detail["signal"] == "error-rate" }, "\(alarms)")
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test("lanes are asked about side by side, so that a slow source holds up no other")
    func sideBySide() async throws {
        let meeting = Meeting()
        let (stage, engine) = try await Self.stage(lanes: ["api", "web"]) { world in
            MeetingSource(world: world, meeting: meeting)
        }
        stage.clock.advance(by: .seconds(1_000))
        Self.release(2, of: ["api", "web"], in: stage)
        try await stage.settle(engine, rounds: 200)
        let lanes = try await stage.ledger.state().lanes.values
        #expect(lanes.filter { $0.watch != nil }.count == 2)
        meeting.most.withLock { $0 = 0 }
        try await look(stage, engine, minutes: 1)
        #expect(meeting.most.withLock { $0 } == 2)
    }

    /// A day's watch of a change that settled now.
    private static func watched(since: Timestamp) -> WatchRecord {
        let change = Change(
            lane: Build.lane("production/api"), kind: .replace, base: nil,
            target: .slot(Build.slot("api", 2), version: nil, replicas: Build.replicas(2)),
            strategy: .allAtOnce(), policy: PolicyDigest(digest: Digest(of: "policy".utf8)),
            commit: nil)
        return WatchRecord(
            change: change, operation: 1, since: since, until: since + .seconds(86_400),
            onAlarm: .alert, history: nil)
    }

    @Test("of a slow source no more is asked than there is time for")
    func limited() async {
        let clock = ManualClock()
        let since = clock.now().wall
        let record = Self.watched(since: since)
        clock.advance(by: .seconds(10_800))
        let source = SlowSource(clock: clock)
        var watch = PromotionWatch(record)
        let inTime = await watch.catchUp(record, from: source, by: clock, within: .seconds(5))
        // Two answers of nearly an hour each.
        let first = since.milliseconds / 1000
        #expect(!inTime && watch.next - first > 7_000 && watch.next - first < 7_201)
        let later = await watch.catchUp(record, from: source, by: clock, within: .seconds(60))
        #expect(later && watch.next - first >= 10_800)
    }

    @Test("what a source does not answer is not taken for all that there is")
    func down() async {
        let clock = ManualClock()
        let since = clock.now().wall
        let record = Self.watched(since: since)
        clock.advance(by: .seconds(3_600))
        var watch = PromotionWatch(record)
        let isWhole = await watch.catchUp(
            record, from: DownSource(), by: clock, within: .seconds(60))
        #expect(!isWhole && watch.next == since.milliseconds / 1000)
        #expect(watch.missed?.contains("connection refused") == true)
        // Once it answers, all there is has been told.
        let isWholeLater = await watch.catchUp(
            record, from: SlowSource(clock: clock), by: clock, within: .seconds(60))
        #expect(isWholeLater && watch.missed == nil)
    }
}

/// A source that takes four seconds for an answer.
private struct SlowSource: SignalSource {
    let clock: ManualClock

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        clock.advance(by: .seconds(4))
        return (from.milliseconds / 1000..<to.milliseconds / 1000).map { second in
            SecondCounters(
                second: second, requests: 10, errors: 0, latencyP99Microseconds: nil,
                cpuBasisPoints: nil, memoryBytes: nil)
        }
    }
}

/// A source that cannot be reached.
private struct DownSource: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        throw .noAnswer("connection refused")
    }
}

/// What a server has of a world that it scrapes every 15 s.
private struct ScrapedSource: SignalSource {
    private static let step = 15

    let world: SimulatedProvider

    var traits: SignalTraits { SignalTraits(isKeyed: world.traits.isKeyed, spacing: Self.step) }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        let seconds = try await world.counters(of: lane, slot: slot, from: from, to: to)
        let steps = Dictionary(grouping: seconds) { $0.second / Self.step }
        return steps.values.filter { $0.count == Self.step }.map(Self.scrape)
            .sorted { $0.second < $1.second }
    }

    private static func scrape(_ seconds: [SecondCounters]) -> SecondCounters {
        SecondCounters(
            second: seconds.map(\.second).max() ?? 0,
            requests: seconds.reduce(0) { $0 + $1.requests },
            errors: seconds.reduce(0) { $0 + $1.errors },
            latencyP99Microseconds: seconds.compactMap(\.latencyP99Microseconds).max(),
            cpuBasisPoints: seconds.last?.cpuBasisPoints, memoryBytes: seconds.last?.memoryBytes)
    }
}

/// How many questions were under way at the same time.
private final class Meeting: Sendable {
    let inside = Mutex(0)
    let most = Mutex(0)
}

/// A source that answers when two ask, or when the one that asks has waited for a while.
private struct MeetingSource: SignalSource {
    let world: SimulatedProvider
    let meeting: Meeting

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        meeting.inside.withLock { $0 += 1 }
        defer { meeting.inside.withLock { $0 -= 1 } }
        for _ in 0..<10_000 where meeting.inside.withLock({ $0 }) < 2 { await Task.yield() }
        let found = meeting.inside.withLock { $0 }
        meeting.most.withLock { $0 = max($0, found) }
        return try await world.counters(of: lane, slot: slot, from: from, to: to)
    }
}
