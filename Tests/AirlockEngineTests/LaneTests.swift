import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("what the engine does in lanes")
struct LaneTests {
    @Test("a secret's rotation goes through the lane and names the secret as its cause")
    func rotation() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.secret = "2"
        stage.commit()
        try await stage.settle(engine)
        let operations = try await stage.ledger.operations(
            of: Build.lane("production/api"), limit: 5)
        #expect(operations.count == 2)
        #expect(operations.first?.change?.cause == "secret:shop-key@2")
        #expect(operations.first?.outcome == .settled)
    }

    @Test("drift is recorded with what was found and repaired by the next tick")
    func drift() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let lane = Build.lane("production/api")
        try await stage.world.inject(SimulatedFault(kind: .driftReplicas(5), scope: .lane(lane)))
        _ = try await engine.tick()
        let found = try await stage.entries(.drift, of: "production/api")
        #expect(found.count == 1)
        #expect(found.first?.detail["found"]?.contains("5 replicas instead of 2") == true)
        #expect(try await stage.ledger.operations(of: lane, limit: 1).first?.outcome == .settled)
        let quiet = try await engine.tick()
        #expect(quiet.underWay.isEmpty && quiet.held.isEmpty)
    }

    @Test("commits that follow each other leave no slots behind while the last is under way")
    func successors() async throws {
        let stage = Stage()
        let slow = (2...8).map {
            "\"sha256:\(Build.artifact("api", $0).digest)\": {startup: 1m}"
        }
        stage.extra["simulation.yaml"] =
            "artifacts: {\(slow.joined(separator: ", "))}\nsecrets: {shop-key: \"1\"}\n"
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let lane = Build.lane("production/api")
        for version in 2...8 {
            stage.versions["production/api"] = version
            stage.commit()
            for _ in 0..<3 {
                _ = try await engine.tick()
                stage.clock.advance(by: .seconds(1))
            }
            let answer = try await stage.world.observe(
                lane.environment, of: Build.fleetName(), lanes: nil, since: nil)
            guard case .observed(let observation) = answer else { continue }
            #expect(observation.lanes[lane]?.slots.count == 2, "version \(version)")
        }
        try await stage.settle(engine, rounds: 200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 8)])
    }

    @Test("why a lane under way does not go on is told")
    func failures() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let lane = Build.lane("development/api")
        try await stage.world.inject(
            SimulatedFault(kind: .refuse, scope: .lane(lane), lasting: .seconds(30)))
        stage.versions["development/api"] = 2
        stage.commit()
        let summary = try await engine.tick()
        #expect(summary.underWay == [lane])
        #expect(summary.failures[lane]?.contains("a fault was asked for") == true)
        stage.clock.advance(by: .seconds(60))
        #expect(try await stage.settle(engine).failures.isEmpty)
    }

    @Test("processes that are killed again and again come to the deadline of a slot too")
    func deadlineOverProcesses() async throws {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        stage.versions["production/api"] = 13
        stage.commit()
        var processes = 0
        while try await stage.entries(.quarantined).isEmpty, processes < 40 {
            let engine = try await stage.restart()
            _ = try await engine.tick()
            for _ in 0..<2 {
                stage.clock.advance(by: .seconds(2))
                _ = try await engine.tick()
            }
            // Of an hour without a process a quarter of the deadline counts.
            stage.clock.advance(by: .seconds(3_600))
            processes += 1
        }
        // Of a deadline of 60 s each process sees 4, and the pause before all but the first is 15.
        #expect((4...5).contains(processes), "\(processes)")
        try await stage.settle(try await stage.restart())
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
    }

    @Test("a slot that never gets healthy is rolled back, quarantined and tried again on request")
    func deadline() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["production/api"] = 13
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.rolledBack == [Build.lane("production/api")])
        #expect(summary.held[Build.lane("production/api")]?.contains("rolled back") == true)
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
        #expect(try await stage.entries(.quarantined).count == 1)
        let record = try await stage.ledger.state().lanes[Build.lane("production/api")]
        #expect(record?.quarantinedWish != nil)
        let answer = await stage.ask(engine, .retry(Build.lane("production/api")))
        #expect(answer == .done(message: "production/api is tried again"))
        #expect(try await stage.entries(.released).first?.actor.id == "uid:1000")
        let again = try await engine.tick()
        #expect(again.underWay == [Build.lane("production/api")])
    }

    @Test("a freeze stops a change on its way, and a thaw lets it go on")
    func freezing() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["production/api"] = 2
        stage.commit()
        _ = try await engine.tick()
        let scope = Freeze.Scope.environment(Build.environment("production"))
        _ = await stage.ask(engine, .freeze(scope, reason: "sale", lasting: nil))
        let frozen = try await stage.settle(engine)
        #expect(frozen.heldForward == [Build.lane("production/api")])
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
        #expect(await stage.ask(engine, .thaw(scope)) == .done(message: "production is thawed"))
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        guard case .failed = await stage.ask(engine, .thaw(scope)) else {
            Issue.record("there was nothing to thaw")
            return
        }
    }

    @Test("a freeze and a stop of everything are not cut short by a shorter one")
    func freezesLast() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let scope = Freeze.Scope.environment(Build.environment("production"))
        let calls: [(Duration?) -> ControlRequest.Call] = [
            { .freeze(scope, reason: "incident", lasting: $0) },
            { .freezeAll(reason: "incident", lasting: $0) },
        ]
        let lengths: [Duration?] = [.seconds(60), .seconds(90), nil]
        for call in calls {
            for lasting in lengths {
                guard case .done = await stage.ask(engine, call(lasting)) else {
                    Issue.record("a longer one is taken")
                    return
                }
            }
            guard case .failed(let message, _) = await stage.ask(engine, call(.seconds(5))) else {
                Issue.record("the incident's freeze was cut short")
                return
            }
            #expect(message.contains("without an end already, by uid:1000: incident"))
        }
        stage.clock.advance(by: .seconds(6))
        let state = try await stage.ledger.state()
        #expect(state.freezes[scope]?.isInForce(at: stage.clock.now().wall) == true)
        #expect(state.stop?.isInForce(at: stage.clock.now().wall) == true)
    }

    @Test("a decision is recorded when it changes and not at each tick")
    func decisionsAreRecordedOnce() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let scope = Freeze.Scope.environment(Build.environment("production"))
        _ = await stage.ask(engine, .freeze(scope, reason: "sale", lasting: nil))
        stage.versions["production/api"] = 2
        stage.commit()
        for _ in 0..<5 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        let holds = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "hold" }
        #expect(holds.count == 1)
        #expect(holds.first?.detail["reason"]?.contains("sale") == true)
    }

    @Test("only changes that a person has seen are carried out, and a stale id is told")
    func expectations() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["development/api"] = 2
        stage.commit()
        let unknown = ChangeID(digest: Digest(of: "unknown".utf8))
        let request = ReconcileRequest(expect: [unknown])
        guard case .stale = await stage.ask(engine, .reconcile(request)) else {
            Issue.record("an unknown change is not told to be stale")
            return
        }
        stage.settings.expected = []
        let narrow = try await stage.restart()
        let summary = try await narrow.tick()
        #expect(summary.leftOut == [Build.lane("development/api")])
        #expect(summary.underWay.isEmpty)
        #expect(try await stage.serving("development/api") == [Build.artifact("api")])
        stage.settings.expected = nil
        try await stage.settle(try await stage.restart())
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 2)])
    }

    @Test("a clock set back does not let a resting lane rest longer")
    func restsAreMonotonic() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let lane = Build.lane("development/api")
        try await stage.world.inject(
            SimulatedFault(kind: .refuse, scope: .lane(lane), times: 1))
        stage.versions["development/api"] = 2
        stage.commit()
        _ = try await engine.tick()
        stage.clock.step(wall: .seconds(-3600))
        let due = try #require(await engine.due())
        #expect(due - stage.clock.now().wall <= .seconds(1))
        stage.clock.advance(by: .seconds(1))
        _ = try await engine.tick()
        let intents = try await stage.entries(.intended, of: "development/api")
        #expect(intents.count == 4)
    }

    @Test("a clock that was set holds production, is recorded, and is trusted again in time")
    func clockInDoubt() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let mark = try await stage.ledger.state().clock
        stage.clock.step(wall: .seconds(7200))
        for lane in ["development/api", "production/api"] { stage.versions[lane] = 2 }
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.heldForward == [Build.lane("production/api")])
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 2)])
        #expect(try await stage.ledger.state().clock == mark)
        stage.clock.advance(by: .seconds(601))
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.entries(.clock).map(\.outcome) == ["in doubt", "trusted"])
    }
}
