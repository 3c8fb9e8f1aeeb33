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

    struct ActiveFault: Sendable {
        let fault: SimulatedFault
        let since: Timestamp
        var struck = 0
    }

    private(set) var seed: UInt64 = 0
    /// Time of the last record; world time never goes back behind it.
    private(set) var latest = Timestamp(milliseconds: 0)
    private var advanced = Duration.zero
    private(set) var claims: [EnvironmentName: Claim] = [:]
    private(set) var lanes: [LaneKey: LaneState] = [:]
    /// Counts what changed in each environment.
    private(set) var changes: [EnvironmentName: Int] = [:]
    private(set) var spec = SimulationSpec()
    private(set) var faults: [ActiveFault] = []
    private(set) var deliveries: [Delivery] = []
    private var done: Set<ActionKey> = []
    private var pending: [(due: Timestamp, order: ActionOrder)] = []
    let bugs: PlantedBugs

    init(bugs: PlantedBugs = PlantedBugs()) { self.bugs = bugs }

    /// Whether nothing was ever recorded.
    var isNew: Bool { latest.milliseconds == 0 }

    /// World time at a wall time.
    func time(atWall wall: Timestamp) -> Timestamp { max(latest, wall + advanced) }

    /// The wall time at which it will be `time` in the world.
    func wall(at time: Timestamp) -> Timestamp { time + (.zero - advanced) }

    /// When the first late order of an environment is due.
    func nextPending(in environment: EnvironmentName) -> Timestamp? {
        pending.lazy.filter { $0.order.lane.environment == environment }.map(\.due).min()
    }

    /// Takes over a record.
    mutating func apply(_ record: WorldRecord) {
        settlePending(until: record.at)
        latest = max(latest, record.at)
        switch record.event {
        case .seed(let value): seed = value
        case .claim(let environment, _, let claim):
            claims[environment] = claim
            changes[environment, default: 0] += 1
        case .behaviours(let spec): self.spec = spec
        case .advance(let duration):
            advanced += duration
            latest = latest + duration
        case .fault(let fault): take(fault, at: record.at)
        case .delivery(let delivery): take(delivery, at: record.at)
        }
    }

    /// Carries out orders that were late, as far as they are due.
    mutating func settlePending(until time: Timestamp) {
        guard pending.contains(where: { $0.due <= time }) else { return }
        let due = pending.filter { $0.due <= time }.sorted { $0.due < $1.due }
        pending.removeAll { $0.due <= time }
        for (when, order) in due {
            let effect = effect(of: order)
            if effect == .applied { carryOut(order, at: when) }
            deliveries.append(Delivery(order: order, effect: effect, fault: nil))
        }
    }

    /// What an order would come to now.
    func effect(of order: ActionOrder) -> Delivery.Effect {
        if !bugs.dropsFence, let claim = claims[order.lane.environment] {
            if claim.ledger != order.claim.ledger { return .foreign(claim) }
            if claim.epoch > order.claim.epoch { return .fenced(by: claim) }
        }
        if !bugs.ignoresIdempotency, done.contains(order.key) { return .repeated }
        let state = lanes[LaneKey(fleet: order.fleet, lane: order.lane)] ?? LaneState()
        return state.effect(of: order.action)
    }

    /// The fault that strikes an order in `lane` at `time`, with its number.
    func fault(striking lane: LaneID, at time: Timestamp) -> (number: Int, fault: SimulatedFault)? {
        let striking = faults.enumerated().filter { _, active in
            active.isInForce(at: time) && active.fault.scope.covers(lane)
        }
        let partition = striking.first { $0.element.fault.kind == .partition }
        return (partition ?? striking.first).map { ($0.offset, $0.element.fault) }
    }

    /// Whether nothing gets through to an environment.
    func isPartitioned(_ environment: EnvironmentName, at time: Timestamp) -> Bool {
        faults.contains { active in
            active.fault.kind == .partition && active.isInForce(at: time)
                && active.fault.scope == .environment(environment)
        }
    }

    // MARK: Changing

    private mutating func take(_ delivery: Delivery, at time: Timestamp) {
        deliveries.append(delivery)
        if let number = delivery.fault { faults[number].struck += 1 }
        switch delivery.effect {
        case .applied: carryOut(delivery.order, at: time)
        case .noEffect: done.insert(delivery.order.key)
        case .pending(let due): pending.append((due, delivery.order))
        case .repeated, .refused, .fenced, .foreign: return
        }
    }

    private mutating func carryOut(_ order: ActionOrder, at time: Timestamp) {
        done.insert(order.key)
        let key = LaneKey(fleet: order.fleet, lane: order.lane)
        var state = lanes[key] ?? LaneState()
        state.carryOut(order, at: time, spec: spec)
        lanes[key] = state.slots.isEmpty ? nil : state
        changes[order.lane.environment, default: 0] += 1
    }

    private mutating func take(_ fault: SimulatedFault, at time: Timestamp) {
        guard fault.kind.isImmediate else {
            faults.append(ActiveFault(fault: fault, since: time))
            return
        }
        for key in lanes.keys where fault.scope.covers(key.lane) {
            lanes[key]?.suffer(fault.kind, at: time, spec: spec)
            if lanes[key]?.slots.isEmpty == true { lanes[key] = nil }
            changes[key.lane.environment, default: 0] += 1
        }
    }
}

extension World.ActiveFault {
    /// Whether it still strikes.
    func isInForce(at time: Timestamp) -> Bool {
        (fault.times.map { struck < $0 } ?? true)
            && (fault.lasting.map { time < since + $0 } ?? true)
    }
}
