import AirlockModel

/// The simulated world: a pure function of its records and the time.
///
/// Each lane draws from a random stream of its own, so that a new lane changes no other.
struct World: Sendable {
    /// What is switched off to prove that tests notice.
    struct PlantedBugs: Hashable, Sendable {
        var dropsFence = false
        var ignoresIdempotency = false
    }

    struct LaneKey: Hashable, Sendable {
        let fleet: FleetName
        let lane: LaneID
    }

    /// What runs in one environment, and who may change it.
    struct Place: Sendable {
        var claim: Claim?
        /// Counts what changed without time alone having changed it.
        var changes = 0
        var lanes: [LaneKey: LaneState] = [:]
    }

    /// An order that is carried out later than it was given.
    private struct LateOrder {
        let due: Timestamp
        let order: ActionOrder
    }

    let bugs: PlantedBugs
    /// Nil until the first record.
    private(set) var seed: UInt64?
    /// Time of the last record; world time never goes back behind it.
    private(set) var latest = Timestamp(milliseconds: 0)
    /// How far world time is ahead of wall time: by what `sim advance` added, and what a wall clock went back by.
    private(set) var ahead = Duration.zero
    private(set) var places: [EnvironmentName: Place] = [:]
    /// Every fleet that ever gave an order, sorted.
    private(set) var fleets: [FleetName] = []
    private(set) var spec = SimulationSpec()
    private(set) var faults = FaultsInForce()
    /// Orders that reached the world.
    private(set) var orders = 0
    /// Every order and what it came to; nil where nobody asks, because it only grows.
    private(set) var deliveries: [Delivery]?
    private var done = RememberedKeys()
    /// The earliest first; of equals the one that was given first.
    private var late: [LateOrder] = []

    /// - Parameter keepsDeliveries: Whether every delivery stays in memory.
    init(bugs: PlantedBugs = PlantedBugs(), keepsDeliveries: Bool = false) {
        self.bugs = bugs
        deliveries = keepsDeliveries ? [] : nil
    }

    /// World time at a wall time.
    func time(atWall wall: Timestamp) -> Timestamp { max(latest, wall + ahead) }

    /// The wall time at which it will be `time` in the world.
    func wall(at time: Timestamp) -> Timestamp { time + (.zero - ahead) }

    /// Lets world time go on from `shown` where the wall clock went back behind it: it would stand still until
    /// that comes to where it was, which may be years.
    ///
    /// - Parameter shown: The latest time that anyone was told.
    /// - Returns: Whether it had gone back. What is within a second is waited for.
    mutating func keepPace(atWall wall: Timestamp, after shown: Timestamp) -> Bool {
        let reached = max(latest, shown)
        guard wall + ahead + .seconds(1) <= reached else { return false }
        // Counts are by whole seconds, and those of the wall clock stay that.
        let seconds = ((reached - wall).milliseconds + 999) / 1000
        ahead = .seconds(seconds)
        return true
    }

    /// When the first late order of an environment is due.
    func nextLate(in environment: EnvironmentName) -> Timestamp? {
        late.first { $0.order.lane.environment == environment }?.due
    }

    /// Whether a late order is due at `time`.
    func hasDue(at time: Timestamp) -> Bool { late.first.map { $0.due <= time } ?? false }

    /// What runs in a lane; nil when nothing does.
    func lane(_ key: LaneKey) -> LaneState? { places[key.lane.environment]?.lanes[key] }

    /// Takes over a record.
    mutating func apply(_ record: WorldRecord) {
        settleLate(until: record.at)
        latest = max(latest, record.at)
        faults.end(at: record.at)
        switch record.event {
        case .began(_, let seed): self.seed = seed
        case .claim(let environment, _, let claim):
            places[environment, default: Place()].claim = claim
            places[environment, default: Place()].changes += 1
        case .behaviours(let spec): self.spec = spec
        case .advance(let duration):
            ahead += duration
            latest = latest + duration
        case .clock(let ahead): self.ahead = ahead
        case .passed: return
        case .fault(let fault): take(fault, at: record.at)
        case .delivery(let delivery): take(delivery, at: record.at)
        }
    }

    /// Carries out late orders as far as they are due.
    mutating func settleLate(until time: Timestamp) {
        while hasDue(at: time) {
            let next = late.removeFirst()
            let effect = effect(of: next.order, at: next.due)
            let delivery = Delivery(order: next.order, effect: effect, fault: nil)
            take(delivery, at: next.due)
        }
    }

    /// What an order would come to at `time`.
    func effect(of order: ActionOrder, at time: Timestamp) -> Delivery.Effect {
        if !bugs.dropsFence, let claim = places[order.lane.environment]?.claim {
            if claim.ledger != order.claim.ledger { return .foreign(claim) }
            if order.claim.isFenced(by: claim) { return .fenced(by: claim) }
        }
        if !bugs.ignoresIdempotency, done.contains(order.key) { return .repeated }
        let state = lane(LaneKey(fleet: order.fleet, lane: order.lane)) ?? LaneState()
        return state.effect(of: order.action, at: time)
    }

    // MARK: Changing

    private mutating func take(_ delivery: Delivery, at time: Timestamp) {
        orders += 1
        deliveries?.append(delivery)
        if let number = delivery.fault, faults.strike(number) == .partition {
            // The last order that it swallowed ended it: what is seen changes.
            places[delivery.order.lane.environment, default: Place()].changes += 1
        }
        switch delivery.effect {
        case .applied:
            done.insert(delivery.order.key)
            carryOut(delivery.order, isHalf: false, at: time)
        case .half: carryOut(delivery.order, isHalf: true, at: time)
        case .noEffect: done.insert(delivery.order.key)
        case .pending(let due):
            let place = late.firstIndex { $0.due > due } ?? late.endIndex
            late.insert(LateOrder(due: due, order: delivery.order), at: place)
        case .repeated, .refused, .fenced, .foreign, .lost: return
        }
    }

    private mutating func carryOut(_ order: ActionOrder, isHalf: Bool, at time: Timestamp) {
        if !fleets.contains(order.fleet) { fleets = (fleets + [order.fleet]).sorted() }
        change(LaneKey(fleet: order.fleet, lane: order.lane)) { [spec] lane in
            lane.carryOut(order, isHalf: isHalf, at: time, spec: spec)
        }
    }

    private mutating func take(_ fault: SimulatedFault, at time: Timestamp) {
        guard fault.kind.isImmediate else {
            faults.begin(fault, at: time)
            if fault.kind == .partition {
                places[fault.scope.environment, default: Place()].changes += 1
            }
            return
        }
        let struck = (places[fault.scope.environment]?.lanes ?? [:]).keys.filter {
            fault.scope.covers($0.lane)
        }
        for key in struck { change(key) { $0.suffer(fault.kind, at: time) } }
    }

    private mutating func change(_ key: LaneKey, _ body: (inout LaneState) -> Void) {
        let environment = key.lane.environment
        body(&places[environment, default: Place()].lanes[key, default: LaneState()])
        if lane(key)?.slots.isEmpty == true { places[environment]?.lanes[key] = nil }
        places[environment]?.changes += 1
    }
}

extension Freeze.Scope {
    /// The environment in which it lies.
    var environment: EnvironmentName {
        switch self {
        case .environment(let name): name
        case .lane(let lane): lane.environment
        }
    }
}
