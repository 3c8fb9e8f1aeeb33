import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Healing as the engine carries it out, in a world in memory.
@Suite("healing in the engine") struct HealingTests {
    private static let lane = "production/api"

    /// A production of ten instances that is healed, at rest.
    private func stage(
        _ healing: String = "{afterChange: 0s}", replicas: String = "10"
    ) async throws -> (Stage, Engine) {
        let stage = Stage()
        stage.versions = ["production/api": 1]
        stage.extra = files(healing, replicas: replicas)
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        return (stage, engine)
    }

    private func files(
        _ healing: String, replicas: String = "10", version: Int = 1,
        strategy: String = "{allAtOnce: {deadline: 1m}}"
    ) -> [String: String] {
        [
            "environments/production.yaml": "tier: production\nhealing: \(healing)\n",
            "services/api/production.yaml": """
            artifact: \(Build.artifact("api", version))
            replicas: \(replicas)
            strategy: \(strategy)

            """,
            "simulation.yaml": """
            artifacts:
              "sha256:\(Build.artifact("api", 7).digest)": {crash: {after: 20s}}
              "sha256:\(Build.artifact("api", 8).digest)": {capacity: 100/s}
            traffic: {api: 400/s}
            secrets: {shop-key: "1"}

            """,
        ]
    }

    private func look(_ stage: Stage, _ engine: Engine, _ times: Int) async throws {
        for _ in 0..<times {
            stage.clock.advance(by: .seconds(5))
            _ = try await engine.tick()
        }
    }

    private func strike(_ stage: Stage, _ kind: SimulatedFault.Kind) async throws {
        try await stage.world.inject(
            SimulatedFault(kind: kind, scope: .lane(Build.lane(Self.lane))))
    }

    private func slot(_ stage: Stage) async throws -> SlotObservation {
        let lane = Build.lane(Self.lane)
        let answer = try await stage.world.observe(
            lane.environment, of: Build.fleetName(), lanes: [lane], since: nil)
        guard case .observed(let observation) = answer,
            let slot = observation.lanes[lane]?.slots.first
        else { throw ProviderMissing() }
        return slot
    }

    private struct ProviderMissing: Error {}

    private func record(_ stage: Stage) async throws -> LaneRecord {
        try #require(try await stage.ledger.state().lanes[Build.lane(Self.lane)])
    }

    /// What was done in the lane since it settled, as the audit log tells it.
    private func heals(_ stage: Stage) async throws -> [String] {
        try await stage.entries(.decision, of: Self.lane).filter { $0.outcome == "heal" }
            .compactMap { $0.detail["action"] }
    }

    @Test(
        "an instance that was killed is restarted once, behind an intent, with evidence and budget")
    func restart() async throws {
        let (stage, engine) = try await stage()
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 12)
        let slot = try await slot(stage)
        #expect(slot.healthyCount == 10 && slot.instances.map(\.starts).sorted().last == 2)
        #expect(try await heals(stage).count == 1)
        let heal = try #require(
            try await stage.entries(.decision, of: Self.lane).first { $0.outcome == "heal" })
        #expect(heal.detail["evidence"]?.contains(" has failed at 2 of ") == true)
        #expect(heal.detail["budget"] == "1 of 3 per 600s" && heal.actor == .airlock)
        let intents = try await stage.entries(.intended, of: Self.lane).filter {
            $0.detail["action"]?.contains("restart") == true
        }
        #expect(intents.count == 1)
        let healing = try #require(try await record(stage).healing)
        #expect(healing.open.map(\.heals) == [1] && healing.spent.count == 1)
        #expect(try await record(stage).operation == nil)
    }

    @Test("the third heal of one cause pages a person, and the incident stays open")
    func masking() async throws {
        let (stage, engine) = try await stage()
        for _ in 0..<3 {
            try await strike(stage, .killInstances(1))
            try await look(stage, engine, 130)
        }
        #expect(try await heals(stage).count == 3)
        let pages = try await stage.entries(.paged, of: Self.lane)
        #expect(
            pages.map { $0.detail["what"] } == ["failed instances were healed 3 times and more"])
        #expect(try await record(stage).healing?.open.count == 1)
    }

    @Test("the same fault on three of ten is paged and not healed")
    func correlation() async throws {
        let (stage, engine) = try await stage()
        try await strike(stage, .killInstances(3))
        try await look(stage, engine, 30)
        #expect(try await heals(stage).isEmpty)
        #expect(try await slot(stage).healthyCount == 7)
        #expect(try await stage.entries(.paged, of: Self.lane).count == 1)
    }

    @Test("right after a change it is the change's fault, and later the instance's")
    func afterChange() async throws {
        let (stage, engine) = try await stage("{afterChange: 10m}")
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 20)
        #expect(try await heals(stage).isEmpty)
        let page = try #require(try await stage.entries(.paged, of: Self.lane).first)
        #expect(page.detail["what"]?.hasPrefix("failed instances right after change") == true)
        try await look(stage, engine, 120)
        #expect(try await heals(stage).count == 1)
    }

    @Test("a degraded instance gets no traffic for its sentence, and is readmitted when it is well")
    func ejection() async throws {
        let (stage, engine) = try await stage()
        try await look(stage, engine, 12)
        try await strike(
            stage, .degradeInstances(1, errors: Share(basisPoints: 6_000), latency: nil))
        try await look(stage, engine, 8)
        #expect(try await slot(stage).instances.count(where: \.isEjected) == 1)
        let now = stage.clock.now().wall
        let counters = try await stage.world.counters(
            of: Build.lane(Self.lane), slot: slot(stage).id, from: now + .seconds(-3), to: now)
        #expect(counters.allSatisfy { $0.errors == 0 && $0.requests > 300 })
        try await strike(stage, .cureInstances)
        try await look(stage, engine, 12)
        #expect(try await slot(stage).instances.allSatisfy { !$0.isEjected })
        let done = try await heals(stage).map { $0.prefix(5) }
        #expect(done == ["eject", "readm"])
        #expect(try await record(stage).healing?.spent.count == 1)
    }

    @Test("healing: off, and no word of it, heal nothing")
    func off() async throws {
        for healing in ["off", ""] {
            let (stage, engine) = try await stage(healing.isEmpty ? "off" : healing)
            if healing.isEmpty {
                stage.extra["environments/production.yaml"] = "tier: production\n"
                stage.commit()
                try await stage.settle(engine)
            }
            try await strike(stage, .killInstances(1))
            try await look(stage, engine, 30)
            #expect(try await heals(stage).isEmpty)
            #expect(try await slot(stage).healthyCount == 9)
            #expect(try await record(stage).healing == nil)
        }
    }

    @Test("what was said is taken back when healing is switched off")
    func silenced() async throws {
        let (stage, engine) = try await stage()
        try await strike(stage, .killInstances(3))
        try await look(stage, engine, 5)
        #expect(try await record(stage).healing?.said.count == 1)
        stage.extra["environments/production.yaml"] = "tier: production\nhealing: off\n"
        stage.commit()
        try await stage.settle(engine)
        #expect(try await record(stage).healing?.said.isEmpty == true)
    }

    @Test("a freeze stops healing, and it goes on when it is over")
    func frozen() async throws {
        let (stage, engine) = try await stage()
        let scope = Freeze.Scope.lane(Build.lane(Self.lane))
        _ = await stage.ask(engine, .freeze(scope, reason: "looking", lasting: nil))
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 30)
        #expect(try await heals(stage).isEmpty)
        #expect(try await slot(stage).healthyCount == 9)
        _ = await stage.ask(engine, .thaw(scope))
        try await look(stage, engine, 10)
        #expect(try await slot(stage).healthyCount == 10)
    }

    @Test("a dry run says once in the log what it would do, also over a restart of the process")
    func dryRun() async throws {
        let (stage, first) = try await stage("{afterChange: 0s, dryRun: [restart]}")
        try await strike(stage, .killInstances(1))
        try await look(stage, first, 10)
        let second = try await stage.restart()
        try await look(stage, second, 20)
        let said = try await stage.entries(.healing, of: Self.lane).filter {
            $0.outcome == "dry run"
        }
        #expect(said.count == 1 && said[0].detail["what"]?.hasPrefix("would restart ") == true)
        #expect(try await heals(stage).isEmpty)
        #expect(try await slot(stage).healthyCount == 9)
    }

    @Test("behind a partition nothing is healed, and after it what is still sick is")
    func partition() async throws {
        let (stage, engine) = try await stage()
        try await strike(stage, .killInstances(1))
        try await stage.world.inject(
            SimulatedFault(
                kind: .partition, scope: .lane(Build.lane(Self.lane)), lasting: .seconds(120)))
        try await look(stage, engine, 20)
        #expect(try await heals(stage).isEmpty)
        try await look(stage, engine, 20)
        #expect(try await slot(stage).healthyCount == 10)
        #expect(try await heals(stage).count == 1)
    }

    @Test("a provider that cannot restart is a hold with its name")
    func capability() async throws {
        let stage = Stage()
        stage.versions = ["production/api": 1]
        stage.extra = files("{afterChange: 0s}")
        stage.commit()
        let world = SimulatedProvider(
            seed: 2, lacking: [.restart, .replace],
            now: { [clock = stage.clock] in clock.now().wall })
        stage.provider = world
        stage.signals = world
        let engine = try await stage.engine()
        try await stage.settle(engine)
        try await world.inject(
            SimulatedFault(
                kind: .killInstances(1), scope: .lane(Build.lane(Self.lane))))
        try await look(stage, engine, 10)
        #expect(
            try await record(stage).healing?.said.map(\.text) == ["the provider cannot restart"])
    }

    @Test("what serves is healed also while a change is held, for as long as that may take")
    func beneathHeld() async throws {
        let (stage, engine) = try await stage()
        stage.extra = files(
            "{afterChange: 0s}", version: 13, strategy: "{allAtOnce: {deadline: 20s}}")
        stage.extra["simulation.yaml"] = """
            artifacts: {"sha256:\(Build.artifact("api", 13).digest)": {startup: never}}
            secrets: {shop-key: "1"}

            """
        stage.commit()
        for _ in 0..<60 {
            stage.clock.advance(by: .seconds(1))
            _ = try await engine.tick()
        }
        #expect(try await record(stage).holdReason?.contains("quarantine") == true)
        let held = try await record(stage).held
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 10)
        #expect(try await slot(stage).healthyCount == 10)
        #expect(try await record(stage).holdReason?.contains("quarantine") == true)
        #expect(try await record(stage).held == held)
    }

    @Test("a change takes the place of a heal that does not get done")
    func superseded() async throws {
        let (stage, engine) = try await stage()
        try await stage.world.inject(
            SimulatedFault(
                kind: .refuse, scope: .lane(Build.lane(Self.lane)), lasting: .seconds(30)))
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 4)
        #expect(try await record(stage).operation != nil)
        stage.extra = files("{afterChange: 0s}", version: 2)
        stage.commit()
        for _ in 0..<60 { try await look(stage, engine, 1) }
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 2)])
        let ends = try await stage.ledger.operations(of: Build.lane(Self.lane), limit: 10)
        #expect(ends.map { $0.outcome?.word } == ["settled", "superseded", "settled"])
    }

    @Test("a heal that could not be done in a minute is given up, and decided anew")
    func expired() async throws {
        let (stage, engine) = try await stage()
        try await stage.world.inject(
            SimulatedFault(
                kind: .refuse, scope: .lane(Build.lane(Self.lane)), lasting: .seconds(100)))
        try await strike(stage, .killInstances(1))
        try await look(stage, engine, 60)
        let ends = try await stage.ledger.operations(of: Build.lane(Self.lane), limit: 10)
        #expect(ends.contains { $0.outcome == .expired })
        #expect(try await slot(stage).healthyCount == 10)
        #expect(try await record(stage).healing?.spent.count == ends.count - 1)
    }

    @Test("a kill between intent and answer restarts nothing twice, and the budget stays spent")
    func killed() async throws {
        let (stage, first) = try await stage()
        try await stage.world.inject(
            SimulatedFault(
                kind: .loseAnswer, scope: .lane(Build.lane(Self.lane)), times: 1))
        try await strike(stage, .killInstances(1))
        try await look(stage, first, 3)
        let second = try await stage.restart()
        try await look(stage, second, 12)
        #expect(try await slot(stage).instances.map(\.starts).reduce(0, +) == 11)
        #expect(try await record(stage).healing?.spent.count == 1)
        #expect(try await record(stage).operation == nil)
    }

    @Test("a load above its bound adds an instance, and git's bounds are kept")
    func scaling() async throws {
        let (stage, engine) = try await stage(replicas: "{min: 4, max: 6}")
        stage.extra = files("{afterChange: 0s}", replicas: "{min: 4, max: 6}", version: 8)
        stage.commit()
        try await stage.settle(engine)
        try await look(stage, engine, 60)
        #expect(try await slot(stage).replicas == 6)
        #expect(try await heals(stage).map { $0.suffix(4) } == ["to 5", "to 6"])
        let summary = try await engine.tick()
        #expect(summary.repaired.isEmpty && summary.held.isEmpty)
    }

    // MARK: Beside a rollout

    @Test("a new slot whose only instance dies again and again is taken back, and not healed")
    func canary() async throws {
        let (stage, engine) = try await stage()
        stage.extra = files(
            "{afterChange: 0s}", version: 7,
            strategy: "{canary: {steps: [20%, 100%], hold: 30m, decideWithin: 1h}}")
        stage.commit()
        for _ in 0..<900 {
            stage.clock.advance(by: .seconds(1))
            _ = try await engine.tick()
        }
        let ends = try await stage.ledger.operations(of: Build.lane(Self.lane), limit: 10)
        guard case .rolledBack(let reason)? = ends.first?.outcome else {
            Issue.record("it was not rolled back: \(ends.map(\.outcome))")
            return
        }
        #expect(reason == "its instances all died 3 times while it had traffic")
        #expect(try await heals(stage).isEmpty)
    }

    @Test("freeze --all stops an automatic rollback too, pages every 15 minutes, and ends")
    func everything() async throws {
        let (stage, engine) = try await stage()
        stage.extra = files(
            "{afterChange: 0s}", version: 13, strategy: "{allAtOnce: {deadline: 30s}}")
        stage.extra["simulation.yaml"] = """
            artifacts: {"sha256:\(Build.artifact("api", 13).digest)": {startup: never}}
            secrets: {shop-key: "1"}

            """
        stage.commit()
        try await look(stage, engine, 2)
        let answer = await stage.ask(engine, .freezeAll(reason: "the judge is wrong", lasting: nil))
        guard case .done(let message) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(message.contains("automatic rollback too"))
        try await strike(stage, .killInstances(1))
        let before = try await stage.world.deliveries().count
        for _ in 0..<45 {
            stage.clock.advance(by: .seconds(60))
            let summary = try await engine.tick()
            #expect(summary.held.values.allSatisfy { $0.contains("everything is stopped") })
        }
        #expect(try await stage.world.deliveries().count == before)
        let pages = try await stage.entries(.paged)
        #expect(pages.count == 3 || pages.count == 4)
        let restarted = try await stage.restart()
        _ = try await restarted.tick()
        #expect(try await stage.world.deliveries().count == before)
        _ = await stage.ask(restarted, .thawAll)
        try await stage.settle(restarted)
        #expect(try await stage.serving(Self.lane) == [Build.artifact("api", 1)])
        let again = await stage.ask(restarted, .thawAll)
        guard case .failed = again else {
            Issue.record("\(again)")
            return
        }
    }
}
