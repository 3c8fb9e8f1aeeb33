import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("preview checks of a switch, in the simulator")
struct PreviewTests {
    private static let lane = "production/api"

    /// A stage at version 1; version 2 answers rightly, 3 wrongly, 4 not at all, and 5 needs ever more
    /// memory.
    private static func stage() async throws -> (Stage, Engine) {
        let stage = Stage()
        stage.probes = true
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 3).digest)": {preview: fails}
              "sha256:\(Build.artifact("api", 4).digest)": {preview: silent}
              "sha256:\(Build.artifact("api", 5).digest)": {memory: 150Mi, leak: 600Mi/m}
            traffic: {api: 200/s}
            secrets: {shop-key: "1"}

            """
        release(1, in: stage)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        return (stage, engine)
    }

    private static func release(
        _ version: Int, in stage: Stage,
        preview: String = "checks: [{path: /health}, {path: \"/ready?deep=1\", expect: 204}]"
    ) {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: 2
            watch: 0s
            strategy:
              blueGreen:
                keep: 10s
                deadline: 1m
                preview: {\(preview)}
            rollback: {memory: {above: 200Mi, for: 2s}}

            """
        stage.commit()
    }

    private func previews(in stage: Stage) async throws -> [AuditDraft] {
        try await stage.entries(.decision, of: Self.lane)
            .filter { $0.outcome?.hasPrefix("preview ") == true }
    }

    /// How often traffic was moved in the lane.
    private func routes(in stage: Stage) async throws -> Int {
        try await stage.world.deliveries().count { delivery in
            guard case .route = delivery.order.action else { return false }
            return delivery.order.lane == Build.lane(Self.lane)
        }
    }

    @Test("a first deployment and a switch are checked, and every answer is in the log")
    func passes() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        let entries = try await previews(in: stage)
        #expect(entries.map(\.outcome) == ["preview passed", "preview passed"])
        #expect(entries.last?.detail["check 1"] == "GET /health: 200 after 50 ms")
        #expect(entries.last?.detail["check 2"] == "GET /ready?deep=1: 204 after 50 ms")
        #expect(entries.last?.artifact == Build.artifact("api", 2))
    }

    @Test("a slot that answers wrongly gets no traffic, is quarantined, and the answers are told")
    func fails() async throws {
        let (stage, engine) = try await Self.stage()
        let before = try await routes(in: stage)
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 1)])
        #expect(try await routes(in: stage) == before)
        let entry = try #require(try await previews(in: stage).last)
        #expect(entry.outcome == "preview failed")
        #expect(
            entry.detail["check 1"] == "GET /health: 500 instead of 200, 3 of 3 times in a row")
        let quarantined = try await stage.entries(.quarantined, of: Self.lane)
        #expect(quarantined.count == 1)
        #expect(quarantined.first?.detail["reason"]?.hasPrefix("the preview failed: ") == true)
        let state = try await stage.ledger.state()
        #expect(state.lanes[Build.lane(Self.lane)]?.holdReason?.hasPrefix("quarantine: ") == true)
    }

    @Test("a slot that does not answer is given up at the deadline, and that is told too")
    func timesOut() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(4, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 1)])
        let entry = try #require(try await previews(in: stage).last)
        #expect(entry.outcome == "preview undecided")
        #expect(entry.detail["check 1"]?.hasPrefix("GET /health: not answered: ") == true)
        let reason = try await stage.entries(.quarantined, of: Self.lane).first?.detail["reason"]
        #expect(reason?.hasPrefix("no progress for 60 s: preview: 0 of 2 checks") == true)
    }

    @Test("bounds are kept before the traffic, and one that is broken keeps it where it is")
    func bounds() async throws {
        let (stage, engine) = try await Self.stage()
        let before = try await routes(in: stage)
        Self.release(2, in: stage, preview: "bounds: [memory], hold: 10s")
        for _ in 0..<8 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await routes(in: stage) == before)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        let passed = try #require(try await previews(in: stage).last)
        #expect(passed.outcome == "preview passed")
        #expect(passed.detail["bounds"] == "kept for 10s")

        let routed = try await routes(in: stage)
        Self.release(5, in: stage, preview: "bounds: [memory], hold: 10s")
        try await stage.settle(engine, rounds: 200)
        #expect(try await routes(in: stage) == routed)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        let failed = try #require(try await previews(in: stage).last)
        #expect(failed.outcome == "preview failed")
        #expect(failed.detail["bounds"]?.contains("memory is ") == true, "\(failed.detail)")
        let quarantined = try await stage.entries(.quarantined, of: Self.lane)
        #expect(quarantined.last?.detail["reason"] == failed.detail["bounds"])
        let operations = RolloutReplay.operations(in: stage.ledger.durableEntries)
        #expect(operations.count == 2, "what an idle slot showed is judged again from the log")
    }

    @Test("under a freeze an idle slot is looked at, and a clock that is set hangs nothing")
    func heldBounds() async throws {
        let (stage, first) = try await Self.stage()
        var engine = first
        Self.release(2, in: stage, preview: "bounds: [memory], hold: 20s")
        for _ in 0..<10 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        let lane = Build.lane(Self.lane)
        _ = await stage.ask(engine, .freeze(.lane(lane), reason: "x", lasting: nil))
        for _ in 0..<5 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        stage.clock.step(wall: .seconds(-3_600))
        for _ in 0..<5 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        engine = try await stage.restart()
        _ = await stage.ask(engine, .thaw(.lane(lane)))
        // Production waits until the clock is where the ledger was.
        for _ in 0..<58 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(60))
        }
        for _ in 0..<300 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        #expect(try await stage.entries(.quarantined, of: Self.lane).isEmpty)
    }

    @Test("under a freeze an idle slot that breaks a bound goes back")
    func heldAndBroken() async throws {
        let (stage, engine) = try await Self.stage()
        let before = try await routes(in: stage)
        Self.release(5, in: stage, preview: "bounds: [memory], hold: 60s")
        for _ in 0..<4 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        _ = await stage.ask(
            engine, .freeze(.lane(Build.lane(Self.lane)), reason: "x", lasting: nil))
        for _ in 0..<30 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await previews(in: stage).last?.outcome == "preview failed")
        #expect(try await stage.entries(.quarantined, of: Self.lane).count == 1)
        #expect(try await routes(in: stage) == before)
    }

    @Test("a first deployment has to keep to its bounds too")
    func firstBounds() async throws {
        let stage = Stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 5).digest)": {memory: 150Mi, leak: 600Mi/m}
            secrets: {shop-key: "1"}

            """
        stage.versions = ["development/api": 1, "development/web": 1]
        Self.release(5, in: stage, preview: "bounds: [memory], hold: 20s")
        let engine = try await stage.engine()
        try await stage.settle(engine, rounds: 200)
        #expect(try await previews(in: stage).map(\.outcome) == ["preview failed"])
        #expect(try await routes(in: stage) == 0)
        Self.release(2, in: stage, preview: "bounds: [memory], hold: 20s")
        try await stage.settle(engine, rounds: 200)
        #expect(try await previews(in: stage).last?.outcome == "preview passed")
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
    }

    @Test("a kill after every second of the checks changes nothing of how they end")
    func killed() async throws {
        let bounds = "bounds: [memory], hold: 5s"
        let cases = [
            (2, nil, "preview passed"), (3, nil, "preview failed"), (2, bounds, "preview passed"),
            (5, bounds, "preview failed"),
        ]
        for (version, preview, outcome) in cases {
            let (stage, first) = try await Self.stage()
            var engine = first
            if let preview {
                Self.release(version, in: stage, preview: preview)
            } else {
                Self.release(version, in: stage)
            }
            for _ in 0..<40 {
                _ = try await engine.tick()
                stage.clock.advance(by: .seconds(1))
                engine = try await stage.restart()
            }
            // What was killed each second held for no time at all.
            try await stage.settle(engine, rounds: 200)
            let entries = try await previews(in: stage)
            #expect(entries.map(\.outcome) == ["preview passed", outcome])
            #expect(
                try await stage.serving(Self.lane)
                    == [Build.artifact("api", version == 2 ? 2 : 1)])
            #expect(try await stage.ledger.state().operations.isEmpty)
        }
    }

    @Test("a newer release takes the place of one whose slot does not answer")
    func superseded() async throws {
        let (stage, engine) = try await Self.stage()
        Self.release(4, in: stage)
        for _ in 0..<10 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        let answer = try await stage.world.observe(
            Build.environment("production"), of: Build.fleetName(), lanes: nil, since: nil)
        guard case .observed(let observation) = answer else {
            Issue.record("nothing is there")
            return
        }
        #expect(observation.lanes[Build.lane(Self.lane)]?.slots.count == 1)
        #expect(try await stage.entries(.quarantined, of: Self.lane).isEmpty)
    }

    @Test("where the provider cannot say where a slot is reached, the change is held and named")
    func unaddressed() async throws {
        let stage = Stage()
        stage.probes = true
        let clock = stage.clock
        stage.provider = SimulatedProvider(
            seed: 1, lacking: [.address], now: { clock.now().wall })
        Self.release(1, in: stage)
        try await stage.settle(try await stage.engine())
        let hold = try await stage.ledger.state().lanes[Build.lane(Self.lane)]?.holdReason
        #expect(hold?.hasPrefix("capability: the provider of production cannot address: ") == true)
        #expect(hold?.hasSuffix("the preview checks of the release cannot run") == true)
    }
}
