import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("a release that turns bad after it was promoted")
struct PromotionTests {
    private static let lane = Build.lane("production/api")

    /// A stage at version 1 for `served` seconds; version 2 is as good, and version 3 turns bad ten minutes
    /// after its start.
    private static func stage(served: Int = 4_000) async throws -> (Stage, Engine) {
        let stage = Stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 3).digest)":
                {errorRate: 0.5%, poison: {after: 10m, errorRate: 30%}}
            traffic: {api: 200/s}
            secrets: {shop-key: "1"}

            """
        release(1, in: stage)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.clock.advance(by: .seconds(served))
        return (stage, engine)
    }

    private static func release(
        _ version: Int, in stage: Stage, replicas: Int = 4, onAlarm: String = "rollback",
        strategy: String = "{blueGreen: {keep: 1m}}", watch: String? = nil
    ) {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: \(replicas)
            strategy: \(strategy)
            \(watch ?? "watch: {for: 30m, onAlarm: \(onAlarm)}")

            """
        stage.commit()
    }

    private func look(_ stage: Stage, _ engine: Engine, minutes: Int) async throws {
        for _ in 0..<minutes * 6 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(10))
        }
    }

    private func watch(in stage: Stage) async throws -> WatchRecord? {
        try await stage.ledger.state().lanes[Self.lane]?.watch?.value
    }

    @Test("it goes back by an operation of its own, is quarantined, and the numbers are in the log")
    func rollback() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        let watched = try await watch(in: stage)
        #expect(watched?.history?.seconds == 3_600)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 3)])
        try await look(stage, engine, minutes: 12)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let alarm = try #require(try await stage.entries(.alarm, of: "production/api").first)
        #expect(alarm.detail["signal"] == "error-rate" && alarm.operation == watched?.operation)
        let evidence = alarm.detail["evidence"] ?? ""
        #expect(evidence.contains("error-rate rose to "), "\(evidence)")
        let decisions = try await stage.entries(.decision, of: "production/api")
        #expect(decisions.filter { $0.outcome == "reverse" }.count == 1)
        #expect(decisions.contains { $0.outcome == "rolledBack" })
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
        let state = try await stage.ledger.state()
        #expect(state.lanes[Self.lane]?.holdReason?.hasPrefix("quarantine: ") == true)
        #expect(state.lanes[Self.lane]?.watch == nil, "a rollback is not watched")
        #expect(state.lanes[Self.lane]?.settled?.slot.artifact == Build.artifact("api", 1))
    }

    @Test("an alarm that only alerts is recorded once, also over kills, and nothing moves")
    func alert() async throws {
        let (stage, first) = try await Self.stage()
        var engine = first
        Self.release(3, in: stage, onAlarm: "alert")
        try await stage.settle(engine, rounds: 200)
        for _ in 0..<8 {
            try await look(stage, engine, minutes: 2)
            engine = try await stage.restart()
        }
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 3)])
        let alarms = try await stage.entries(.alarm, of: "production/api")
        #expect(alarms.filter { $0.detail["signal"] == "error-rate" }.count == 1)
        try await look(stage, engine, minutes: 16)
        let watched = try #require(try await watch(in: stage)).alarms
        #expect(
            watched.contains { $0.isHarm && $0.over == nil }, "its time is over and harm lasts")
        #expect(try await stage.entries(.alarm, of: "production/api").count == alarms.count)
    }

    @Test("a good release is watched to its end, and going back is never rolled back by itself")
    func goingBack() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await watch(in: stage)?.onAlarm == .rollback)
        try await look(stage, engine, minutes: 32)
        #expect(try await stage.entries(.alarm, of: "production/api").isEmpty)
        #expect(try await watch(in: stage) == nil)
        let ended = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "watched" }
        #expect(ended.count == 1 && ended.first?.detail["seconds"] == "1800")
        #expect((ended.first?.detail["seen"].flatMap { Int($0) } ?? 0) > 1_700)
        Self.release(1, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await watch(in: stage)?.onAlarm == .alert)
    }

    @Test("a newer release ends the watch of the one before")
    func superseded() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 200)
        let first = try await watch(in: stage)
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        let second = try await watch(in: stage)
        #expect(first != nil && second != nil && first?.operation != second?.operation)
    }

    @Test("what a failed release leaves serving is watched on, and its alarm takes it back")
    func watchedOn() async throws {
        let (stage, engine) = try await Self.stage()
        let never = "artifacts:\n  \"sha256:\(Build.artifact("api", 9).digest)\": {startup: never}"
        stage.extra["simulation.yaml"] = stage.extra["simulation.yaml"]?.replacing(
            "artifacts:", with: never)
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        let first = try #require(try await watch(in: stage))
        Self.release(9, in: stage, strategy: "{blueGreen: {keep: 1m, deadline: 1m}}")
        _ = try await engine.tick()
        #expect(try await watch(in: stage) == nil)
        try await stage.settle(engine, rounds: 200)
        #expect(try await watch(in: stage) == first)
        try await look(stage, engine, minutes: 15)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined).count == 2)
    }

    @Test("a freeze stops no way back, and a kill in its midst neither")
    func frozen() async throws {
        let (stage, first) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(first, rounds: 200)
        try await look(stage, first, minutes: 5)
        let freeze = ControlRequest.Call.freeze(
            .environment(Build.environment("production")), reason: "audit", lasting: nil)
        guard case .done = await stage.ask(first, freeze) else {
            Issue.record("it is not frozen")
            return
        }
        var engine = try await stage.restart()
        for _ in 0..<20 where try await stage.entries(.quarantined).isEmpty {
            try await look(stage, engine, minutes: 1)
        }
        // Killed as soon as it began to go back.
        #expect(try await stage.ledger.state().lanes[Self.lane]?.watch == nil)
        engine = try await stage.restart()
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let decisions = try await stage.entries(.decision, of: "production/api")
        #expect(decisions.filter { $0.outcome == "reverse" }.count == 1)
        #expect(try await stage.ledger.state().operations.isEmpty)
    }

    @Test("what is under way for another number of instances gives way, also while that is frozen")
    func givesWay() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        try await look(stage, engine, minutes: 3)
        Self.release(3, in: stage, replicas: 6)
        _ = try await engine.tick()
        let open = try #require(try await stage.ledger.state().lanes[Self.lane]?.operation)
        _ = await stage.ask(
            engine,
            .freeze(
                .environment(Build.environment("production")), reason: "audit", lasting: nil))
        try await look(stage, engine, minutes: 12)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined).count == 1)
        let state = try await stage.ledger.state()
        #expect(state.operations[open] == nil && state.operations.isEmpty)
    }

    @Test("while everything is stopped nothing goes back; it does when it is over")
    func stopped() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        _ = await stage.ask(engine, .freezeAll(reason: "incident", lasting: nil))
        // Longer than the watch, which does not end while harm lasts.
        try await look(stage, engine, minutes: 40)
        #expect(try await stage.entries(.alarm, of: "production/api").count == 1)
        #expect(try await stage.entries(.quarantined).isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 3)])
        _ = await stage.ask(engine, .thawAll)
        try await look(stage, engine, minutes: 2)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("a fix that is merged while the lane goes back waits, and then rolls out as a canary")
    func fixed() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        Self.release(3, in: stage, replicas: 6)
        try await stage.settle(engine, rounds: 200)
        for _ in 0..<200 where try await stage.entries(.quarantined).isEmpty {
            stage.clock.advance(by: .seconds(10))
            _ = try await engine.tick()
        }
        let reversal = try await stage.ledger.state().operation(of: Self.lane)
        #expect(reversal?.rollout.keepsCapacity == true)
        #expect(reversal?.change?.base?.replicas == Replicas(6), "git scaled it meanwhile")
        let canary = "{canary: {steps: [25%, 100%], hold: 1m, onUndecided: hold}}"
        Self.release(2, in: stage, replicas: 6, strategy: canary)
        _ = try await engine.tick()
        #expect(try await stage.ledger.state().operation(of: Self.lane)?.number == reversal?.number)
        var hasCanary = false
        for _ in 0..<120 {
            stage.clock.advance(by: .seconds(1))
            _ = try await engine.tick()
            let open = try await stage.ledger.state().operation(of: Self.lane)
            if open?.rollout.canary != nil { hasCanary = true }
        }
        #expect(hasCanary, "it is judged beside the slot that the lane went back to")
        let ended = try await stage.entries(.decision, of: "production/api")
            .filter { $0.operation == reversal?.number }.compactMap(\.outcome)
        #expect(ended.contains("rolledBack") && !ended.contains("superseded"), "\(ended)")
    }

    @Test("a release that does not ask for it is not watched")
    func unasked() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(2, in: stage, watch: "")
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await watch(in: stage) == nil)
    }

    @Test("a source that does not answer is told once, and the watch says that it saw nothing")
    func deaf() async throws {
        let (stage, _) = try await Self.stage()
        stage.signals = DeafSource()
        let engine = try await stage.restart()
        Self.release(3, in: stage, strategy: "{allAtOnce: {deadline: 1m}}")
        try await stage.settle(engine, rounds: 200)
        try await look(stage, engine, minutes: 33)
        let alarms = try await stage.entries(.alarm, of: "production/api")
        #expect(alarms.count == 1 && alarms.first?.detail["signal"] == "source")
        #expect(alarms.first?.detail["evidence"]?.contains("it is deaf") == true, "\(alarms)")
        let ended = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "unwatched" }
        #expect(ended.count == 1 && ended.first?.detail["seen"] == "0")
        #expect(try await watch(in: stage) == nil)
    }

    @Test("a watch that is shorter than what learning takes is no watch, and says why")
    func tooShort() async throws {
        let (stage, engine) = try await Self.stage(served: 100)
        Self.release(2, in: stage, strategy: "{allAtOnce: {deadline: 1m}}", watch: "watch: 5m")
        try await stage.settle(engine, rounds: 200)
        #expect(try await watch(in: stage)?.history == nil)
        try await look(stage, engine, minutes: 8)
        let ended = try await stage.entries(.decision, of: "production/api").filter {
            $0.outcome == "unwatched"
        }
        #expect(ended.first?.detail["reason"]?.contains("takes 10m") == true, "\(ended)")
        #expect(try await watch(in: stage) == nil)
    }

    @Test("a person may go back first, and another number of instances ends no watch")
    func byHand() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        let first = try await watch(in: stage)
        try await look(stage, engine, minutes: 3)
        Self.release(3, in: stage, replicas: 5)
        try await stage.settle(engine, rounds: 200)
        #expect(try await watch(in: stage) == first)
        Self.release(1, in: stage)
        try await stage.settle(engine, rounds: 200)
        try await look(stage, engine, minutes: 20)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined).isEmpty)
        #expect(try await stage.entries(.alarm).isEmpty)
    }

    @Test("who is to be told hears of an alarm as long as it stands, also after a kill")
    func told() async throws {
        let (stage, first) = try await Self.stage()
        Self.release(3, in: stage, onAlarm: "alert")
        try await stage.settle(first, rounds: 200)
        #expect(try await Self.alarm(first) == nil)
        try await look(stage, first, minutes: 12)
        let told = try #require(try await Self.alarm(first))
        #expect(told.scope == .lane(Self.lane) && told.kind.severity == .page)
        #expect(told.evidence.contains("error-rate rose to "), "\(told.evidence)")
        let engine = try await stage.restart()
        _ = try await engine.tick()
        #expect(try await Self.alarm(engine) == told, "the same after a kill")
        // Longer than the watch was to be.
        try await look(stage, engine, minutes: 30)
        #expect(try await Self.alarm(engine) == told)
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await Self.alarm(engine) == nil)
    }

    /// What the desk tells of an alarm after a promotion.
    private static func alarm(_ engine: Engine) async throws -> Alert? {
        try #require(await engine.standing()).alerts.first { $0.kind == .promotionAlarm }
    }
}

/// A source of signals that never answers.
private struct DeafSource: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] { throw .noAnswer("it is deaf") }
}
