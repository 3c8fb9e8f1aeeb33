import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Two services that move together; web calls api.
@Suite("a group of services")
struct GroupTests {
    static let lanes = ["production/api", "production/web"]

    static func stage(
        strategy: String = "{canary: {steps: [10%, 50%, 100%], hold: 20s}}"
    ) -> Stage {
        let stage = Stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("web", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("web", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("web", 3).digest)": {errorRate: 20%}
            traffic: {api: 2000/s, web: 2000/s}
            secrets: {shop-key: "1"}

            """
        for (name, calls) in [("api", ""), ("web", "calls: [api]\n")] {
            stage.extra["services/\(name)/service.yaml"] =
                "port: 8080\ngroup: shop\n\(calls)"
        }
        release(api: 1, web: 1, in: stage, strategy: strategy)
        return stage
    }

    static func release(
        api: Int, web: Int, in stage: Stage,
        strategy: String = "{canary: {steps: [10%, 50%, 100%], hold: 20s}}", more: String = ""
    ) {
        for (name, version) in [("api", api), ("web", web)] {
            stage.extra["services/\(name)/production.yaml"] = """
                artifact: \(Build.artifact(name, version))
                replicas: 4
                strategy: \(strategy)
                \(name == "web" ? more : "")

                """
        }
        stage.commit()
    }

    /// What every look found: the shares of both new versions, in per mille.
    private static func shares(
        _ stage: Stage, _ engine: Engine, seconds: Int
    ) async throws -> [(api: Int, web: Int)] {
        var seen: [(api: Int, web: Int)] = []
        for _ in 0..<seconds {
            try await stage.look(engine, seconds: 1)
            seen.append(
                (
                    try await stage.share(of: Build.artifact("api", 2), in: lanes[0]),
                    try await stage.share(of: Build.artifact("web", 2), in: lanes[1])
                ))
        }
        return seen
    }

    @Test("a canary's steps are taken together, the callee first, and the old slots go at the end")
    func together() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        let seen = try await Self.shares(stage, engine, seconds: 400)
        #expect(seen.last?.api == 1000 && seen.last?.web == 1000)
        let steps = [0, 100, 500, 1000]
        for (api, web) in seen {
            let (first, second) = (steps.firstIndex(of: api), steps.firstIndex(of: web))
            guard let first, let second else {
                Issue.record("\(api) and \(web) are shares of no step")
                continue
            }
            #expect(first - second == 0 || first - second == 1, "\(api) beside \(web)")
        }
        let summary = try await stage.settle(engine)
        #expect(summary.underWay.isEmpty && summary.held.isEmpty)
    }

    @Test("one that fails takes the others back, and only its own slot is quarantined")
    func failing() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 3, in: stage)
        let summary = try await stage.settle(engine, rounds: 300)
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 1)])
        }
        #expect(try await stage.entries(.quarantined, of: Self.lanes[0]).isEmpty)
        #expect(try await stage.entries(.quarantined, of: Self.lanes[1]).count == 1)
        let back = try await stage.entries(.decision, of: Self.lanes[0])
            .first { $0.outcome == "rolledBack" }
        #expect(
            back?.detail["reason"]?.hasPrefix("its group goes back: production/web: ") == true)
        // The good one waits with the bad one, and both go with what mends it.
        #expect(summary.held[Build.lane(Self.lanes[0])]?.contains("production/web is held") == true)
        Self.release(api: 2, web: 2, in: stage)
        try await stage.settle(engine, rounds: 1_000)
        #expect(try await stage.serving(Self.lanes[0]) == [Build.artifact("api", 2)])
        #expect(try await stage.serving(Self.lanes[1]) == [Build.artifact("web", 2)])
    }

    @Test("a word that crosses the turning back of its group is refused by name, and none is lost")
    func crossing() async throws {
        let stage = Self.stage()
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Self.release(api: 2, web: 3, in: stage)
        let hold = ControlRequest(
            id: "1", call: .steer(Build.lane("production/api"), .hold, reason: "wait"))
        ledger.cross(
            { if case .quarantine = $0 { true } else { false } }, isWaitedFor: false,
            with: { await engine.handle(hold, from: ControlPeer(uid: 1000, pid: 1)).result })
        try await stage.settle(engine, rounds: 300)
        guard case .failed(let message, _)? = await ledger.answer() else {
            Issue.record("a hold was promised to what goes back")
            return
        }
        #expect(message == "production/api goes back already")
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 1)])
        }
        let said = try await stage.entries(.decision, of: Self.lanes[0]).compactMap(\.outcome)
        #expect(said.contains("rolledBack") && !said.contains("rollout hold"))
    }

    @Test(
        "a group that turned back by itself goes back under a stop when a person orders one of it",
        arguments: ["production/api", "production/web"])
    func ordered(_ named: String) async throws {
        let stage = Self.stage()
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Self.release(api: 2, web: 3, in: stage)
        let stop = ControlRequest(id: "1", call: .freezeAll(reason: "x", lasting: nil))
        ledger.cross(
            { if case .quarantine = $0 { true } else { false } }, isWaitedFor: true,
            with: { await engine.handle(stop, from: ControlPeer(uid: 1000, pid: 1)).result })
        try await stage.look(engine, seconds: 60)
        for lane in Self.lanes { #expect(try await stage.serving(lane).count == 2) }
        let answer = await stage.ask(
            engine, .steer(Build.lane(named), .abort, reason: "looks odd"))
        #expect(answer == .done(message: "\(named) goes back, and nothing else moves"))
        try await stage.look(engine, seconds: 30)
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 1)])
        }
        #expect(
            try await stage.entries(.quarantined).compactMap(\.lane?.description)
                == [Self.lanes[1]])
    }

    @Test("lanes under way go back with one that had settled already and turned bad")
    func afterSettling() async throws {
        let stage = Self.stage(strategy: "{blueGreen: {keep: 10s}}")
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)":
                {errorRate: 0.5%, poison: {after: 10m, errorRate: 30%}}
              "sha256:\(Build.artifact("web", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("web", 2).digest)": {errorRate: 0.5%}
            traffic: {api: 200/s, web: 200/s}
            secrets: {shop-key: "1"}

            """
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.clock.advance(by: .seconds(4_000))
        for (name, keep, watch) in [
            ("api", "10s", "watch: {for: 30m, onAlarm: rollback}"), ("web", "50m", ""),
        ] {
            stage.extra["services/\(name)/production.yaml"] = """
                artifact: \(Build.artifact(name, 2))
                replicas: 4
                strategy: {blueGreen: {keep: \(keep)}}
                \(watch)

                """
        }
        stage.commit()
        try await stage.look(engine, seconds: 60)
        let before = try await stage.ledger.state()
        #expect(before.operation(of: Build.lane(Self.lanes[0])) == nil)
        #expect(before.operation(of: Build.lane(Self.lanes[1])) != nil)
        #expect(try await stage.serving(Self.lanes[0]) == [Build.artifact("api", 2)])
        for _ in 0..<120 where try await stage.entries(.quarantined).isEmpty {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(10))
        }
        try await stage.settle(engine, rounds: 200)
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 1)])
        }
        #expect(
            try await stage.entries(.quarantined).compactMap(\.lane?.description)
                == [Self.lanes[0]])
        let back = try await stage.entries(.decision, of: Self.lanes[1])
            .first { $0.outcome == "rolledBack" }
        #expect(
            back?.detail["reason"]?.hasPrefix("its group goes back: production/api: ") == true)
    }

    @Test("the caller leaves the new slots first, also when the callee is the bad one")
    func order() async throws {
        let stage = Self.stage()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 3).digest)": {errorRate: 20%}
            traffic: {api: 2000/s, web: 2000/s}
            secrets: {shop-key: "1"}

            """
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 3, web: 2, in: stage)
        try await stage.settle(engine, rounds: 300)
        let production = Build.lane(Self.lanes[0]).environment
        let routes = try await stage.entries(.intended).filter {
            $0.detail["action"]?.contains("weights") == true && $0.lane?.environment == production
        }
        // Up in one order, back in the other.
        #expect(
            routes.compactMap(\.lane?.description).suffix(4) == [
                "production/api", "production/web", "production/web", "production/api",
            ])
        #expect(
            try await stage.entries(.quarantined).compactMap(\.lane?.description)
                == ["production/api"])
    }

    @Test("a kill at every look keeps a group together")
    func killed() async throws {
        let stage = Self.stage()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 3, in: stage)
        for _ in 0..<120 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
            engine = try await stage.restart()
        }
        #expect(try await stage.serving(Self.lanes[0]) == [Build.artifact("api", 1)])
        #expect(try await stage.serving(Self.lanes[1]) == [Build.artifact("web", 1)])
        #expect(try await stage.entries(.quarantined, of: Self.lanes[0]).isEmpty)
    }

    @Test("a blue-green group switches when all are ready, and one that is held holds the others")
    func blueGreen() async throws {
        let strategy = "{blueGreen: {keep: 30s}}"
        let stage = Self.stage(strategy: strategy)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage, strategy: strategy, more: "rollout: hold")
        let summary = try await stage.settle(engine)
        #expect(
            summary.held[Build.lane(Self.lanes[0])]?.contains("production/web is held") == true)
        Self.release(api: 2, web: 2, in: stage, strategy: strategy)
        let seen = try await Self.shares(stage, engine, seconds: 60)
        #expect(seen.allSatisfy { $0.api >= $0.web })
        #expect(seen.last?.web == 1000)
        try await stage.settle(engine)
        #expect(try await stage.serving(Self.lanes[1]) == [Build.artifact("web", 2)])
    }

    @Test("one that git held holds the others also when its file cannot be read any more")
    func unreadable() async throws {
        let stage = Self.stage()
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        try await stage.look(engine, seconds: 10)
        Self.release(api: 2, web: 2, in: stage, more: "rollout: hold")
        try await stage.look(engine, seconds: 3)
        Self.release(api: 2, web: 2, in: stage, more: "rollout: [")
        try await stage.look(engine, seconds: 50)
        engine = try await stage.restart()
        try await stage.look(engine, seconds: 200)
        #expect(try await stage.share(of: Build.artifact("api", 2), in: Self.lanes[0]) == 100)
        #expect(try await stage.share(of: Build.artifact("web", 2), in: Self.lanes[1]) == 100)
        Self.release(api: 2, web: 2, in: stage)
        try await stage.settle(engine, rounds: 1_000)
        #expect(try await stage.serving(Self.lanes[1]) == [Build.artifact("web", 2)])
    }

    @Test("the group of a change is on disk with the change")
    func written() async throws {
        let stage = Self.stage()
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        let disk = stage.ledger
        let lane = Build.lane(Self.lanes[0])
        ledger.cross(
            { if case .steering(let said) = $0 { said.group != nil } else { false } },
            isWaitedFor: true,
            with: {
                let isThere = disk.durable { state, _ in state.operation(of: lane) != nil }
                return .done(message: isThere ? "after it" : "with it")
            })
        try await stage.look(engine, seconds: 3)
        // A kill between the two would leave a change that moves alone when its file is broken next.
        #expect(await ledger.answer() == .done(message: "with it"))
        let state = try await stage.ledger.state()
        let open = try #require(state.operation(of: lane)?.number)
        #expect(state.steerings[open]?.group?.description == "shop")
    }

    @Test("members with other steps are refused, with the file to change")
    func mismatch() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        stage.extra["services/web/production.yaml"] = """
            artifact: \(Build.artifact("web", 2))
            replicas: 4
            strategy: {canary: {steps: [1%, 100%]}}

            """
        stage.commit()
        let summary = try await stage.settle(engine)
        for lane in Self.lanes {
            #expect(
                summary.held[Build.lane(lane)]?.contains("another strategy or other steps")
                    == true)
        }
    }

    @Test("a group that is larger than limits.changing is refused, and does not wait for itself")
    func tooLarge() async throws {
        let stage = Self.stage()
        stage.extra["fleet.yaml"] = """
            airlock: 1
            name: shop
            order: [development, production]
            limits: {changing: {count: 1}}

            """
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        let summary = try await stage.settle(engine)
        for lane in Self.lanes {
            #expect(
                summary.held[Build.lane(lane)]?.contains("limits.changing allows 1") == true)
        }
    }

    @Test("one that changes alone moves alone")
    func alone() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 1, in: stage)
        try await stage.settle(engine, rounds: 1_000)
        #expect(try await stage.serving(Self.lanes[0]) == [Build.artifact("api", 2)])
    }
}
