import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a bound on a signal of the service's own, rehearsed on the simulator")
struct NamedBoundTests {
    /// Version 2 as `simulation.yaml` has it, and a release whose queue may not be above 100.
    private static func stage(_ second: String) -> Stage {
        let stage = Stage()
        stage.extra["services/api/service.yaml"] = """
            port: 8080
            signals:
              requests: 'requests_total{slot="$slot"}'
              errors: 'errors_total{slot="$slot"}'
              named: {queue: 'queue_length{slot="$slot"}'}

            """
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 5%\(second)}
            traffic: {api: 2000/s}
            secrets: {shop-key: "1"}

            """
        release(1, in: stage)
        return stage
    }

    private static func release(
        _ version: Int, in stage: Stage, bounds: String = "queue: {above: 100, for: 10s}"
    ) {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: 4
            strategy: {canary: {steps: [1%, 25%, 100%], hold: 1m}}
            rollback: {\(bounds)}

            """
        stage.commit()
    }

    @Test("a queue that grows beyond it takes the release back, and the log says the same again")
    func breached() async throws {
        let stage = Self.stage(", signals: {queue: {value: 80, perMinute: 60}}")
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(2, in: stage)
        let summary = try await stage.settle(engine, rounds: 1_000)
        #expect(summary.rolledBack.count == 1)
        let entries = stage.ledger.durableEntries
        let operation = try #require(RolloutReplay.operations(in: entries).first)
        let replay = RolloutReplay(of: operation, in: entries)
        #expect(replay.firstDifference == nil, "\(replay)")
        #expect(replay.transitions.last?.verdict == "harmful")
        #expect(entries.contains { $0.draft.detail.values.contains { $0.contains("queue is 11") } })
    }

    @Test("as many bounds as a release may have are all in the log, and it is judged again by them")
    func asManyAsMayBe() async throws {
        let stage = Self.stage("")
        let names = (0..<SignalQueries.mostNamed).map { "a-queue-with-a-rather-long-name.\($0)" }
        let queries = names.map { $0 + ": 'length{slot=\"$slot\"}'" }.joined(separator: ", ")
        stage.extra["services/api/service.yaml"] = """
            port: 8080
            signals:
              requests: 'requests_total{slot="$slot"}'
              errors: 'errors_total{slot="$slot"}'
              named: {\(queries)}

            """
        let own = names.map { $0 + ": {above: 100, below: 1, for: 10s}" }
        let bounds =
            (own + [
                "errorRate: {above: 50%, for: 10s}", "latencyP99: {above: 2s, for: 10s}",
                "cpu: {above: 99%, below: 0.01%, for: 10s}",
                "memory: {above: 2Gi, below: 1Mi, for: 10s}",
            ]).joined(separator: ", ")
        Self.release(1, in: stage, bounds: bounds)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(2, in: stage, bounds: bounds)
        try await stage.look(engine, seconds: 90)
        let entries = stage.ledger.durableEntries
        let operation = try #require(RolloutReplay.operations(in: entries).first)
        let replay = RolloutReplay(of: operation, in: entries)
        #expect(replay.firstDifference == nil, "\(replay)")
        #expect(replay.policy?.text.ranges(of: "threshold").count == 2 * names.count + 6)
        #expect(replay.looks > 30)
    }

    @Test("a queue that stays within it lets the release go on, and one that nobody measures never")
    func keptAndUnknown() async throws {
        for (second, isThrough) in [(", signals: {queue: {value: 80}}", true), ("", false)] {
            let stage = Self.stage(second)
            let engine = try await stage.engine()
            try await stage.settle(engine)
            Self.release(2, in: stage)
            try await stage.look(engine, seconds: 900)
            let share = try await stage.share(of: 2)
            #expect(share == (isThrough ? 1000 : 10), "\(second)")
        }
    }
}
