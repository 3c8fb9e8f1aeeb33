import AirlockModel
import AirlockPorts
import AirlockSimulator
import Synchronization

/// The simulated world, during one of whose calls something else happens.
final class CrossingProvider: ForwardingProvider {
    typealias Event = @Sendable () async -> Void

    private struct Crossings {
        var looks: [LaneID: Event] = [:]
        var orders: [LaneID: Event] = [:]
    }

    let world: SimulatedProvider
    private let crossings = Mutex(Crossings())

    init(_ world: SimulatedProvider) { self.world = world }

    /// Has something happen once, before that lane alone is looked at next.
    func cross(lookAt lane: LaneID, with event: @escaping Event) {
        crossings.withLock { $0.looks[lane] = event }
    }

    /// Has something happen once, before the next order in that lane is carried out.
    func cross(orderIn lane: LaneID, with event: @escaping Event) {
        crossings.withLock { $0.orders[lane] = event }
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        if let lanes, lanes.count == 1, let lane = lanes.first,
            let event = crossings.withLock({ $0.looks.removeValue(forKey: lane) })
        {
            await event()
        }
        return try await world.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        if let event = crossings.withLock({ $0.orders.removeValue(forKey: order.lane) }) {
            await event()
        }
        return try await world.perform(order)
    }
}
