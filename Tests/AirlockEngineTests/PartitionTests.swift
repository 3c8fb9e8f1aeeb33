import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Synchronization
import Testing

/// Counts what is asked of a world.
private final class CountingProvider: Provider {
    struct Counts {
        var looks = 0
        var orders: [ActionOrder] = []
    }

    private let world: SimulatedProvider
    private let state = Mutex(Counts())

    init(_ world: SimulatedProvider) { self.world = world }

    /// What was asked since the last time.
    func take() -> Counts {
        state.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }

    func capabilities(of environment: EnvironmentName) -> Set<Capability> {
        world.capabilities(of: environment)
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        state.withLock { $0.looks += 1 }
        return try await world.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        try await world.claim(environment, of: fleet, for: claim, takeOver: takeOver)
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        state.withLock { $0.orders.append(order) }
        return try await world.perform(order)
    }

    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool {
        try await world.isPresent(artifact, in: environment)
    }
}

@Suite struct PartitionTests {
    private static let services = ["api", "auth", "cart", "mail", "search", "store"]

    @Test(
        "through an hour of partition nothing is ordered, and when it ends each order goes out once",
        arguments: [false, true])
    func partition(isStruckAtWork: Bool) async throws {
        let stage = Stage()
        let provider = CountingProvider(stage.world)
        stage.provider = provider
        for service in Self.services { stage.versions["production/\(service)"] = 1 }
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        for service in Self.services { stage.versions["production/\(service)"] = 2 }
        stage.commit()
        if isStruckAtWork { _ = try await engine.tick() }
        let before = provider.take().orders
        let production = Build.environment("production")
        try await stage.world.inject(
            SimulatedFault(
                kind: .partition, scope: .environment(production), lasting: .seconds(3_600)))
        let end = stage.clock.now().wall + .seconds(3_600)
        var looks = 0
        while stage.clock.now().wall < end {
            _ = try await engine.tick()
            let asked = provider.take()
            looks += asked.looks
            #expect(asked.orders.isEmpty, "an order into a partition")
            let due = await engine.due().map { $0 - stage.clock.now().wall } ?? .seconds(60)
            stage.clock.advance(by: max(due, .seconds(1)))
        }
        // A minute is the longest rest; nobody asks for each lane.
        #expect((60...4 * 3_600).contains(looks), "\(looks) looks in an hour")
        try await stage.settle(engine)
        let orders = (before + provider.take().orders).filter { $0.lane.environment == production }
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
