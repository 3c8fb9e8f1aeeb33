import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite struct PartitionTests {
    private static let services = ["api", "auth", "cart", "mail", "search", "store"]

    @Test(
        "through an hour of partition nothing is ordered, and when it ends each order goes out once",
        arguments: [false, true])
    func partition(isStruckAtWork: Bool) async throws {
        let stage = Stage()
        let provider = HangingProvider(stage.world)
        stage.provider = provider
        for service in Self.services { stage.versions["production/\(service)"] = 1 }
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        for service in Self.services { stage.versions["production/\(service)"] = 2 }
        stage.commit()
        if isStruckAtWork { _ = try await engine.tick() }
        let before = provider.takeAsked().orders
        let production = Build.environment("production")
        try await stage.world.inject(
            SimulatedFault(
                kind: .partition, scope: .environment(production), lasting: .seconds(3_600)))
        let end = stage.clock.now().wall + .seconds(3_600)
        var looks = 0
        while stage.clock.now().wall < end {
            _ = try await engine.tick()
            let asked = provider.takeAsked()
            looks += asked.looks.count
            #expect(asked.orders.isEmpty, "an order into a partition")
            let due = await engine.due().map { $0 - stage.clock.now().wall } ?? .seconds(60)
            stage.clock.advance(by: max(due, .seconds(1)))
        }
        // A minute is the longest rest; nobody asks for each lane.
        #expect((60...4 * 3_600).contains(looks), "\(looks) looks in an hour")
        try await stage.settle(engine)
        let orders = (before + provider.takeAsked().orders).filter {
            $0.lane.environment == production
        }
        let lanes = Set(orders.map(\.lane)).count
        // Start, route and stop, each once in each lane.
        #expect(lanes == Self.services.count && Set(orders.map(\.key)).count == orders.count)
        for service in Self.services {
            let lane = Build.lane("production/\(service)")
            #expect(orders.filter { $0.lane == lane && $0.operation > 8 }.count <= 3, "\(lane)")
            #expect(
                try await stage.serving("production/\(service)") == [Build.artifact(service, 2)])
        }
    }
}
