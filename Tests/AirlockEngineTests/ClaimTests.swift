import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("whose an engine is")
struct ClaimTests {
    private let other = Claim(
        ledger: LedgerID(String(repeating: "0b", count: 16)) ?? MemoryLedger().claim.ledger,
        epoch: Epoch(7))

    private func claimProduction(_ stage: Stage) async throws {
        _ = try await stage.world.claim(
            Build.environment("production"), of: Build.fleetName(), for: other, takeOver: true)
    }

    @Test("an engine of another ledger holds all its lanes, and nothing there is adopted")
    func foreignClaim() async throws {
        let stage = Stage()
        try await claimProduction(stage)
        let engine = try await stage.engine()
        let summary = try await stage.settle(engine)
        let reason = try #require(summary.held[Build.lane("production/api")])
        #expect(reason == "the engine belongs to ledger \(other.ledger)")
        #expect(try await stage.entries(.adopted).isEmpty)
        #expect(try await stage.serving("development/api") == [Build.artifact("api")])
        #expect(try await stage.serving("production/api").isEmpty)
    }

    @Test("a take over stores the next epoch and is recorded, and the next process goes on from it")
    func takeOver() async throws {
        let stage = Stage()
        try await claimProduction(stage)
        stage.settings.takeOver = [Build.environment("production")]
        try await stage.settle(try await stage.engine())
        let taken = try await stage.entries(.claimed).filter { $0.outcome == "taken over" }
        #expect(taken.map { $0.detail["epoch"] } == ["8"])
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
        stage.settings.takeOver = []
        stage.versions["production/api"] = 2
        stage.commit()
        try await stage.settle(try await stage.restart())
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("what runs in an engine that nobody claimed is adopted and not changed")
    func adoption() async throws {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        let before = try await stage.world.deliveries().count
        // Another ledger on the same world: what runs there is not known to it.
        let world = SimulatedProvider(seed: 2, now: { [clock = stage.clock] in clock.now().wall })
        let spec = try #require(try await stage.ledger.state().lanes[Build.lane("production/api")])
        let order = ActionOrder(
            key: ActionKey(digest: Digest(of: "by hand".utf8)),
            claim: other, fleet: Build.fleetName(), lane: Build.lane("production/api"),
            change: nil, operation: 0,
            action: .start(try #require(spec.settled?.slot), replicas: 2))
        _ = try await world.perform(order)
        #expect(before > 0)
        stage.provider = world
        stage.ledger = MemoryLedger()
        let engine = try await stage.engine()
        _ = try await engine.tick()
        let adopted = try await stage.entries(.adopted)
        #expect(adopted.map(\.lane) == [Build.lane("production/api")])
        let starts = try await world.deliveries().filter { delivery in
            guard delivery.order.lane == Build.lane("production/api") else { return false }
            if case .start = delivery.order.action { return true }
            return false
        }
        #expect(starts.count == 1)
    }

    @Test("a process that a later one replaced ends before it gives an order")
    func laterWriter() async throws {
        let stage = Stage()
        let old = try await stage.engine()
        try await stage.settle(old)
        stage.versions["production/api"] = 2
        stage.commit()
        let next = try await stage.restart()
        _ = try await next.tick()
        let before = try await stage.world.deliveries().count
        await #expect(throws: EngineHalt.self) { try await old.tick() }
        #expect(try await stage.world.deliveries().count == before)
    }
}
