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

    private static func release(_ version: Int, in stage: Stage) {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: 4
            strategy: {canary: {steps: [1%, 25%, 100%], hold: 1m}}
            rollback: {queue: {above: 100, for: 10s}}

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
