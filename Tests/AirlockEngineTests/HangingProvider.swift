import AirlockModel
import AirlockPorts
import AirlockSimulator
import Synchronization

/// A provider that counts what it is asked, and hangs where a test says, until it is released.
final class HangingProvider: ForwardingProvider {
    /// What a provider was asked.
    struct Asked {
        /// The environments that were looked at, one for each look.
        var looks: [EnvironmentName] = []
        var orders: [ActionOrder] = []
    }

    private struct State {
        var environments: Set<EnvironmentName> = []
        var lanes: Set<LaneID> = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let world: SimulatedProvider
    private let state = Mutex(State())
    private let asked = Mutex(Asked())
    /// Says something each time a call hangs.
    let hanging: AsyncStream<Void>
    private let sayHanging: AsyncStream<Void>.Continuation
    /// Every order that was carried out.
    let done: AsyncStream<ActionOrder>
    private let sayDone: AsyncStream<ActionOrder>.Continuation

    init(_ world: SimulatedProvider) {
        self.world = world
        (hanging, sayHanging) = AsyncStream.makeStream()
        (done, sayDone) = AsyncStream.makeStream()
    }

    /// Lets every look at that environment hang.
    func hang(_ environment: EnvironmentName) {
        state.withLock { _ = $0.environments.insert(environment) }
    }

    /// Lets every order in that lane hang.
    func hang(_ lane: LaneID) { state.withLock { _ = $0.lanes.insert(lane) } }

    /// What was asked since the last time.
    func takeAsked() -> Asked {
        asked.withLock { asked in
            defer { asked = Asked() }
            return asked
        }
    }

    /// Lets everything go on.
    func release() {
        let waiting = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func wait(where hangs: @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isHanging = state.withLock { state in
                guard hangs(state) else { return false }
                state.waiting.append(continuation)
                return true
            }
            if isHanging { sayHanging.yield() } else { continuation.resume() }
        }
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        asked.withLock { $0.looks.append(environment) }
        await wait { $0.environments.contains(environment) }
        return try await world.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        asked.withLock { $0.orders.append(order) }
        await wait { $0.lanes.contains(order.lane) }
        let receipt = try await world.perform(order)
        sayDone.yield(order)
        return receipt
    }
}
