import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

/// Git goes back to what a lane ran before, as after `airlock rollback` or a revert that is merged.
@Suite("going back to what a lane ran before")
struct ReturnTests {
    private static let lane = Build.lane("production/api")

    /// The shares that were routed in production/api since entry `since`.
    private func routes(_ stage: Stage, since: Int) async throws -> [String] {
        try await stage.entries(.intended, of: "production/api")
            .compactMap { $0.detail["action"] }.dropFirst(since)
            .filter { $0.contains("route") }
    }

    private func orders(_ stage: Stage) async throws -> Int {
        try await stage.entries(.intended, of: "production/api").count
    }

    @Test("a canary goes back in one switch as soon as the old slot is whole again")
    func canary() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let before = try await orders(stage)
        Stage.release(1, in: stage)
        let summary = try await stage.settle(engine, rounds: 30)
        #expect(summary.underWay.isEmpty && summary.rolledBack.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await routes(stage, since: before).count == 1)
        let steps = try await stage.entries(.decision, of: "production/api")
            .compactMap { $0.detail["step"] }
        #expect(steps.last == "1 of 1")
    }

    @Test("what is worse than what it replaces is not taken back, since a rollback never is")
    func worse() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", 3))
            replicas: 4
            strategy: allAtOnce

            """
        stage.commit()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        stage.clock.advance(by: .seconds(4_000))
        Stage.release(3, in: stage, more: "watch: {for: 10m, onAlarm: rollback}")
        try await stage.settle(engine, rounds: 30)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 3)])
        try await stage.look(engine, seconds: 700)
        let alarms = try await stage.entries(.alarm, of: "production/api")
        #expect(alarms.contains { $0.detail["signal"] == "error-rate" })
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 3)])
        #expect(try await stage.entries(.quarantined).isEmpty)
    }

    @Test("what was left for an older one and comes again is a release like any other")
    func again() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        for _ in 0..<2 {
            Stage.release(1, in: stage)
            try await stage.settle(engine, rounds: 30)
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
            Stage.release(2, in: stage)
            try await stage.look(engine, seconds: 30)
            #expect(try await stage.share(of: 2) == 10)
            try await stage.settle(engine, rounds: 3_000)
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        }
    }

    @Test("it is bounded and held like any change, and goes on after a kill in its midst")
    func steered() async throws {
        let stage = Stage.canary()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        Stage.release(1, in: stage, more: "rollout: {upTo: 25%}")
        try await stage.look(engine, seconds: 30)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        Stage.release(1, in: stage, more: "rollout: hold")
        try await stage.look(engine, seconds: 5)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        Stage.release(1, in: stage)
        _ = try await engine.tick()
        let open = try #require(try await stage.ledger.state().lanes[Self.lane]?.operation)
        engine = try await stage.restart()
        try await stage.settle(engine, rounds: 30)
        let last = try await stage.ledger.operations(of: Self.lane, limit: 1).last
        #expect(last?.number == open && last?.outcome == .settled)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("one that does not get healthy gets no traffic and is given up")
    func sick() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {startup: never}
            secrets: {shop-key: "1"}

            """
        let before = try await orders(stage)
        Stage.release(1, in: stage)
        let summary = try await stage.settle(engine, rounds: 900)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await routes(stage, since: before).isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("a blue-green release is switched back without a preview, and nothing is kept warm")
    func blueGreen() async throws {
        let stage = Stage.canary()
        stage.probes = true
        func release(_ version: Int) {
            stage.extra["services/api/production.yaml"] = """
                artifact: \(Build.artifact("api", version))
                replicas: 4
                strategy: {blueGreen: {keep: 30m, preview: {checks: [{path: /health}]}}}
                rollback: {errorRate: {above: 1%}}

                """
            stage.commit()
        }
        release(1)
        let engine = try await stage.engine()
        try await stage.settle(engine, rounds: 3_000)
        release(2)
        try await stage.settle(engine, rounds: 3_000)
        func previews() async throws -> Int {
            try await stage.entries(.decision, of: "production/api")
                .count { $0.outcome?.hasPrefix("preview") == true }
        }
        let (before, asked) = (try await orders(stage), try await previews())
        #expect(asked > 0)
        release(1)
        let summary = try await stage.settle(engine, rounds: 30)
        #expect(summary.underWay.isEmpty)
        #expect(try await previews() == asked)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await routes(stage, since: before).count == 1)
    }

    @Test("what a third release left with traffic gives it back before anything is started")
    func superseding() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        Stage.release(4, in: stage)
        for _ in 0..<1_000 where try await stage.share(of: 4) < 10 {
            try await stage.look(engine, seconds: 1)
        }
        let before = try await orders(stage)
        Stage.release(1, in: stage)
        try await stage.settle(engine, rounds: 30)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let all = try await stage.entries(.intended, of: "production/api")
            .compactMap { $0.detail["action"] }.dropFirst(before)
        #expect(all.first?.contains("route") == true, "\(all)")
    }

    @Test("a group goes back together, through its steps and without waiting at any")
    func group() async throws {
        let stage = GroupTests.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        GroupTests.release(api: 2, web: 2, in: stage)
        try await stage.settle(engine, rounds: 600)
        GroupTests.release(api: 1, web: 1, in: stage)
        let steps = [0, 100, 500, 1000]
        // Less than both holds of 20 s.
        for _ in 0..<30 {
            try await stage.look(engine, seconds: 1)
            let shares = try await ["api", "web"].asyncMap { name in
                try await stage.share(of: Build.artifact(name, 1), in: "production/\(name)")
            }
            let places = shares.compactMap(steps.firstIndex)
            #expect(places.count == 2 && (0...1).contains(places[0] - places[1]), "\(shares)")
        }
        let summary = try await stage.settle(engine, rounds: 1)
        #expect(summary.underWay.isEmpty && summary.rolledBack.isEmpty)
        #expect(try await stage.serving("production/web") == [Build.artifact("web", 1)])
    }
}

extension Array where Element == String {
    /// Each by an async function, in order.
    fileprivate func asyncMap(_ transform: (String) async throws -> Int) async throws -> [Int] {
        var result: [Int] = []
        for element in self { result.append(try await transform(element)) }
        return result
    }
}
