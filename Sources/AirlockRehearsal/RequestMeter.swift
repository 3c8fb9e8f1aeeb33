import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import Synchronization

/// Stands between the engine and a world: every order takes a while, and all requests that arrive
/// meanwhile are counted.
///
/// A request is lost when no healthy instance has room for it: a slot has room for the part of the
/// traffic that its healthy instances are of the declared ones, and what is routed nowhere is lost.
final class RequestMeter: Provider {
    /// What was counted since the last call of ``begin()``.
    struct Count: Hashable {
        /// In thousandths of a request.
        var requests = 0
        var lost = 0
        /// Routing orders that were carried out.
        var routes = 0
        /// The last slot that was started, and when.
        var slot: SlotID?
        var started: Timestamp?
        /// Since when that slot had traffic; nil while it never had any.
        var shared: Timestamp?
        /// Until when that slot had traffic; nil while it never had any.
        var served: Timestamp?
    }

    /// The longest time between two looks at who could serve.
    private static let slice = Duration.milliseconds(100)
    /// Requests that arrive in a millisecond, in thousandths.
    fileprivate static let perMillisecond = 2_000
    /// How long an order takes, in milliseconds.
    private static let latency = 5...250

    private let world: SimulatedProvider
    private let clock: ManualClock
    private let fleet: FleetName
    private let lane: LaneID
    /// Instances that together have room for all traffic.
    private let full: Int
    private let state: Mutex<(count: Count, dice: Dice)>

    init(
        _ world: SimulatedProvider, clock: ManualClock, fleet: FleetName, lane: LaneID, full: Int,
        seed: Int
    ) {
        self.world = world
        self.clock = clock
        self.fleet = fleet
        self.lane = lane
        self.full = full
        state = Mutex((Count(), Dice(seed: seed)))
    }

    var count: Count { state.withLock { $0.count } }

    /// Counts from now on.
    func begin() { state.withLock { $0.count = Count() } }

    /// Lets time pass, and counts what arrives in it.
    func pass(_ duration: Duration) async throws(ProviderError) {
        var rest = duration.milliseconds
        while rest > 0 {
            let part = min(rest, Self.slice.milliseconds)
            let observed = try await look()
            clock.advance(by: .milliseconds(part))
            let now = clock.now().wall
            state.withLock { $0.count.add(milliseconds: part, observed, full: full, until: now) }
            rest -= part
        }
    }

    private func look() async throws(ProviderError) -> LaneObservation {
        let answer = try await world.observe(
            lane.environment, of: fleet, lanes: [lane], since: nil)
        guard case .observed(let observation) = answer else {
            throw .refused("it answered unchanged to a question without a revision")
        }
        return observation.lanes[lane] ?? LaneObservation(lane: lane)
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        let now = clock.now().wall
        let receipt = try await world.perform(order)
        let latency = state.withLock { state in
            state.count.note(order.action, at: now)
            return state.dice.roll(Self.latency)
        }
        try await pass(.milliseconds(latency))
        return receipt
    }

    func capabilities(of environment: EnvironmentName) -> Set<Capability> {
        world.capabilities(of: environment)
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        try await world.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        try await world.claim(environment, of: fleet, for: claim, takeOver: takeOver)
    }

    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool {
        try await world.isPresent(artifact, in: environment)
    }
}

extension RequestMeter {
    /// The part of the traffic for which nobody has room, in per mille.
    static func lostPerMille(_ lane: LaneObservation, full: Int) -> Int {
        let unrouted = 1000 - lane.weights.values.reduce(0, +)
        return lane.weights.reduce(max(0, unrouted)) { sum, share in
            let healthy = lane.slot(share.key)?.healthyCount ?? 0
            return sum + max(0, share.value - healthy * 1000 / full)
        }
    }
}

extension RequestMeter.Count {
    fileprivate mutating func add(
        milliseconds: Int, _ lane: LaneObservation, full: Int, until now: Timestamp
    ) {
        requests += milliseconds * RequestMeter.perMillisecond
        lost +=
            milliseconds * RequestMeter.perMillisecond
            * RequestMeter.lostPerMille(lane, full: full) / 1000
        if let slot, lane.weights[slot, default: 0] > 0 {
            shared = shared ?? now + .milliseconds(-milliseconds)
            served = now
        }
    }

    fileprivate mutating func note(_ action: Action, at time: Timestamp) {
        switch action {
        case .start(let spec, _): (slot, started, shared, served) = (spec.id, time, nil, nil)
        case .route: routes += 1
        case .scale, .stop, .restart, .replace, .eject, .readmit, .run: return
        }
    }
}
