import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("a canary in the engine")
struct CanaryTests {
    private static let lane = Build.lane("production/api")

    @Test("a good release goes through its steps, and each is in the log with its evidence")
    func good() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        let summary = try await stage.settle(engine, rounds: 3_000)
        #expect(summary.underWay.isEmpty && summary.rolledBack.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let steps = try await stage.entries(.decision, of: "production/api")
            .filter { $0.detail["step"] != nil }
        #expect(steps.compactMap { $0.detail["perMille"] }.contains("250"))
        #expect(
            steps.contains {
                $0.outcome == "step" && $0.detail["evidence"]?.contains("is excluded") == true
            })
    }

    @Test(
        "a canary that today's traffic leaves undecided is held until its release says what then"
    )
    func undecidable() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.clock.advance(by: .seconds(600))
        Stage.release(2, in: stage, steps: "[0.1%, 100%], decideWithin: 2m")
        try await stage.look(engine, seconds: 3)
        let held = try await stage.ledger.state().lanes[Self.lane]?.holdReason
        #expect(
            held?.hasPrefix("time to decide: 0.1% needs ") == true
                && held?.contains("has 2m, and the release does not say what then") == true,
            "\(held ?? "it is not held")")
        #expect(try await stage.share(of: 2) == 0)
        Stage.release(
            2, in: stage, steps: "[0.1%, 100%], decideWithin: 2m, onUndecided: promote")
        try await stage.settle(engine, rounds: 600)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("single looks from a timer take a canary through its steps as a process that stays does")
    func fromTimer() async throws {
        let stage = Stage.canary()
        try await stage.settle(try await stage.engine())
        Stage.release(2, in: stage, steps: "[25%, 100%], onUndecided: hold")
        var looks = 0
        while try await stage.serving("production/api") != [Build.artifact("api", 2)], looks < 30 {
            _ = try await stage.restart().tick()
            stage.clock.advance(by: .seconds(30))
            looks += 1
        }
        #expect(looks < 15, "after \(looks) looks")
        Stage.release(3, in: stage, steps: "[25%, 100%], onUndecided: hold")
        for _ in 0..<8 {
            _ = try await stage.restart().tick()
            stage.clock.advance(by: .seconds(30))
        }
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.entries(.quarantined).count == 1)
    }

    @Test("a bad release is caught at 1%, rolled back and quarantined, with the numbers in the log")
    func bad() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(3, in: stage)
        let summary = try await stage.settle(engine, rounds: 600)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let quarantined = try await stage.entries(.quarantined, of: "production/api")
        #expect(quarantined.first?.detail["reason"]?.contains("evidence of harm") == true)
        let routes = try await stage.entries(.intended, of: "production/api")
            .compactMap { $0.detail["action"] }.filter { $0.contains("route") }
        // All to the first, 1% to the bad one, all back.
        #expect(routes.count == 3)
    }

    @Test(
        "a newer release takes the place of a canary, and traffic does not pass through the old one"
    )
    func superseded() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        Stage.release(3, in: stage)
        let summary = try await stage.settle(engine, rounds: 600)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("a freeze stops the steps of a canary, and harm is taken back all the same")
    func frozen() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        _ = await stage.ask(
            engine, .freeze(.environment(Self.lane.environment), reason: "x", lasting: nil))
        try await stage.look(engine, seconds: 200)
        #expect(try await stage.share(of: 2) == 10)
        _ = await stage.ask(engine, .thaw(.environment(Self.lane.environment)))
        try await stage.settle(engine, rounds: 3_000)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        Stage.release(3, in: stage)
        try await stage.look(engine, seconds: 3)
        #expect(try await stage.share(of: 3) == 10)
        _ = await stage.ask(
            engine, .freeze(.environment(Self.lane.environment), reason: "x", lasting: nil))
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test("another number of instances restarts no canary, over a kill, and is in the log")
    func resized() async throws {
        let stage = Stage.canary()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        for _ in 0..<1_000 where try await stage.share(of: 2) < 250 {
            try await stage.look(engine, seconds: 1)
        }
        #expect(try await stage.share(of: 2) == 250)
        let open = try #require(try await stage.ledger.state().lanes[Self.lane]?.operation)
        Stage.release(2, in: stage, replicas: 8, author: "eve@example.org")
        try await stage.look(engine, seconds: 5)
        engine = try await stage.restart()
        #expect(try await stage.share(of: 2) == 250)
        #expect(try await stage.ledger.state().lanes[Self.lane]?.operation == open)
        try await stage.settle(engine, rounds: 3_000)
        let settled = try await stage.ledger.state().lanes[Self.lane]?.settled
        #expect(settled?.operation == open && settled?.replicas == Build.replicas(8))
        let resized = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "replicas" }
        #expect(resized.map(\.detail) == [["from": "4", "to": "8"]])
        #expect(resized.first?.actor.id == "eve@example.org")
    }

    @Test("a canary that git takes back goes back under a freeze, for who asked and by that commit")
    func takenBackInGit() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.share(of: 2) == 10)
        _ = await stage.ask(
            engine, .freeze(.environment(Self.lane.environment), reason: "x", lasting: nil))
        let back = Stage.release(1, in: stage, author: "eve@example.org")
        let summary = try await stage.settle(engine)
        #expect(summary.rollbacks == [Self.lane])
        #expect(summary.repaired.isEmpty && summary.settled.isEmpty && summary.rolledBack.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let entry = try await stage.entries(.decision, of: "production/api")
            .first { $0.outcome == "rollback" }
        #expect(entry?.actor == Actor(id: "eve@example.org", kind: .git))
        #expect(entry?.commit == back)
        #expect(try await stage.entries(.quarantined).isEmpty)
    }

    @Test(
        "a config that was bad quarantines no artifact: the same one with another config goes through"
    )
    func badConfig() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        func configured(_ level: String, startup: String) {
            stage.extra["services/api/production.yaml"] = """
                artifact: \(Build.artifact("api", 1))
                replicas: 4
                config: {LEVEL: \(level)}
                strategy: {canary: {steps: [50%, 100%], hold: 10s, deadline: 20s}}

                """
            stage.extra["simulation.yaml"] = """
                artifacts: {"sha256:\(Build.artifact("api", 1).digest)": {startup: \(startup), errorRate: 0.5%}}
                traffic: {api: 2000/s}
                secrets: {shop-key: "1"}

                """
            stage.commit()
        }
        // The simulator knows an artifact by its digest alone, so it fails while the bad config is asked for.
        configured("nonsense", startup: "never")
        #expect(try await stage.settle(engine).rolledBack == [Build.lane("production/api")])
        let bad = try #require(
            stage.ledger.durableState.quarantines[Build.lane("production/api")]?.first)
        configured("debug", startup: "1s")
        let summary = try await stage.settle(engine, rounds: 1_000)
        #expect(summary.held.isEmpty && summary.rolledBack.isEmpty)
        let settled = stage.ledger.durableState.lanes[Build.lane("production/api")]?.settled
        #expect(settled?.slot.artifact == Build.artifact("api", 1) && settled?.slot.id != bad.slot)
    }

    @Test("a kill in the middle of a step loses no evidence and doubles none")
    func killed() async throws {
        let stage = Stage.canary()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(3, in: stage)
        var rolledBack = false
        for _ in 0..<300 where !rolledBack {
            let summary = try await engine.tick()
            rolledBack = summary.rolledBack.contains(Self.lane)
            stage.clock.advance(by: .seconds(1))
            engine = try await stage.restart()
        }
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }
}
