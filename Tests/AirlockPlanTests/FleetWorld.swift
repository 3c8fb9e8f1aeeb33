import AirlockModel
import AirlockPlan
import AirlockRollout
import AirlockTestSupport

/// A fleet, a journal and an engine without faults, all of them values: what the planner says is
/// carried out as the engine carries it out.
struct FleetWorld {
    var fleet: Fleet
    var ledger = LedgerState()
    var lanes: [LaneID: LaneObservation] = [:]
    var secrets: [SecretName: String] = [:]
    var unobserved: Set<EnvironmentName> = []
    var claim: Claim?
    var clockFault: String?
    /// What lanes serve, of those that were asked about.
    var traffic: [LaneID: MeasuredTraffic] = [:]
    var capabilities = Set(Capability.allCases)
    /// Slots that never become healthy.
    var broken: Set<SlotID> = []
    private(set) var limitsInForce: Limits
    private(set) var milliseconds = 0
    private(set) var outcomes: [LaneID: [OperationRecord.Outcome]] = [:]
    /// Every action that was carried out, in order.
    private(set) var actions: [(lane: LaneID, action: Action)] = []
    private var commits = 0

    init(_ lanes: [DesiredLane] = [], limits: Limits = Limits(), tiers: [String: Tier] = [:]) {
        fleet = Build.fleet(lanes, limits: limits, tiers: tiers)
        limitsInForce = limits
        accept()
    }

    /// A world that has settled on `lanes`.
    static func settled(
        _ lanes: [DesiredLane], limits: Limits = Limits(), tiers: [String: Tier] = [:]
    ) -> FleetWorld {
        var world = FleetWorld(lanes, limits: limits, tiers: tiers)
        world.converge()
        return world
    }

    /// Another commit is accepted; the limits of the one before are in force for it.
    mutating func merge(_ fleet: Fleet) {
        limitsInForce = self.fleet.limits
        self.fleet = fleet
        accept()
    }

    /// Another commit with these lanes instead of those of the same name.
    mutating func merge(_ changed: DesiredLane...) {
        var next = fleet
        for lane in changed { next.lanes[lane.lane] = lane }
        merge(next)
    }

    /// Another commit without these lanes.
    mutating func remove(_ removed: String...) {
        var next = fleet
        for lane in removed { next.lanes[Build.lane(lane)] = nil }
        merge(next)
    }

    private mutating func accept() {
        commits += 1
        let commit = CommitRecord(
            id: Build.commit(commits), parents: [], authorName: "Ann",
            authorEmail: "ann@example.org",
            committerEmail: "ann@example.org", committed: now.wall, subject: "commit \(commits)")
        ledger.apply(
            .head(
                HeadRecord(
                    commit: commit, accepted: now.wall, limits: fleet.limits,
                    limitsInForce: limitsInForce)))
    }

    // MARK: Planning

    var now: Moment {
        Moment(
            wall: Timestamp(milliseconds: milliseconds), monotonicMilliseconds: milliseconds,
            boot: BootID("boot"))
    }

    var facts: Facts {
        let names = Set(fleet.environments.keys).union(lanes.keys.map(\.environment))
        return Facts(
            ledger: ledger,
            secrets: Dictionary(uniqueKeysWithValues: names.map { ($0, secrets) }),
            capabilities: Dictionary(uniqueKeysWithValues: names.map { ($0, capabilities) }),
            commit: ledger.head?.commit.id, limitsInForce: limitsInForce, claim: claim,
            traffic: traffic, clockFault: clockFault)
    }

    var observed: [EnvironmentName: ObservedEnvironment] {
        var observed: [EnvironmentName: ObservedEnvironment] = [:]
        for name in fleet.environments.keys {
            let there = lanes.filter { $0.key.environment == name && !$0.value.slots.isEmpty }
            observed[name] =
                unobserved.contains(name)
                ? .unknown("it does not answer")
                : .known(
                    Observation(
                        environment: name, revision: ProviderRevision("1"), claim: claim,
                        lanes: there))
        }
        return observed
    }

    var plan: Plan {
        Planner.plan(
            fleet, commit: ledger.head?.commit.id, observed: observed, facts: facts, now: now)
    }

    func plan(of lane: String) -> LanePlan {
        let id = Build.lane(lane)
        guard let found = plan.lanes.first(where: { $0.lane == id }) else {
            preconditionFailure("\(lane) is not in the plan")
        }
        return found
    }

    // MARK: Carrying out

    mutating func pass(_ seconds: Int) { milliseconds += seconds * 1000 }

    /// One pass over all lanes with at most `steps` looks each.
    mutating func pass(_ plan: Plan, steps: (LaneID) -> Int = { _ in 64 }) {
        for lane in plan.lanes {
            guard let operation = open(lane) else { continue }
            advance(operation, in: lane.lane, looks: steps(lane.lane))
        }
        pass(1)
    }

    /// Passes until nothing moves any more; returns how many it took, or nil when it never ends.
    @discardableResult
    mutating func converge(within limit: Int = 200) -> Int? {
        for count in 0..<limit {
            let plan = plan
            guard plan.lanes.contains(where: \.isMoving) else { return count }
            pass(plan)
        }
        return nil
    }

    /// One look at one lane.
    mutating func step(_ lane: String) {
        guard let operation = open(plan(of: lane)) else { return }
        advance(operation, in: Build.lane(lane), looks: 1)
    }

    private mutating func open(_ plan: LanePlan) -> Int? {
        switch plan.disposition {
        case .hold, .leave: return nil
        case .back(let operation), .heal(_, let operation): return operation
        case .change(let change, let operation):
            return operation ?? open(.change(change), in: plan.lane, commit: change.commit)
        case .repair(let repair, let operation):
            return operation ?? open(.repair(repair), in: plan.lane, commit: repair.to?.commit)
        case .verify(let work, let operation):
            return operation ?? open(.verify(work), in: plan.lane, commit: nil)
        }
    }

    private mutating func open(
        _ work: OperationRecord.Work, in lane: LaneID, commit: CommitID?
    ) -> Int {
        if let old = ledger.operation(of: lane) { end(old, .superseded) }
        let operation = OperationRecord(
            number: ledger.nextOperation, lane: lane, work: work, commit: commit, author: nil,
            opened: now.wall)
        ledger.apply(.operation(operation))
        var record = ledger.lanes[lane] ?? LaneRecord(lane: lane)
        // The engine adopts before it acts.
        if ledger.lanes[lane] == nil, let there = lanes[lane] {
            record.settled = Adoption.settled(from: there, at: now.wall)
        }
        record.operation = operation.number
        ledger.apply(.lane(record))
        return operation.number
    }

    private mutating func advance(_ number: Int, in lane: LaneID, looks: Int) {
        for _ in 0..<looks {
            guard var operation = ledger.operations[number] else { return }
            let observed = lanes[lane] ?? LaneObservation(lane: lane)
            let old = operation.rollout.direction
            let step = Rollout.advance(operation, in: observed, now: now)
            operation.rollout = step.state
            if old != step.state.direction { quarantine(operation) }
            switch step.next {
            case .wait:
                ledger.apply(.operation(operation))
                return
            case .end(let outcome):
                end(operation, outcome)
                return
            case .act(let action):
                let broken = broken
                lanes[lane] = observed.after(action) { broken.contains($0.id) ? .failed : .healthy }
                actions.append((lane, action))
                operation.rollout = Rollout.afterAction(operation.rollout)
                ledger.apply(.operation(operation))
            }
        }
    }

    private mutating func quarantine(_ operation: OperationRecord) {
        guard case .back(let reason) = operation.rollout.direction,
            case .slot(let slot, _, _)? = operation.change?.target
        else { return }
        ledger.apply(
            .quarantine(
                Quarantine(
                    lane: operation.lane, slot: slot.id, artifact: slot.artifact, reason: reason,
                    operation: operation.number, since: now.wall)))
    }

    private mutating func end(_ operation: OperationRecord, _ outcome: OperationRecord.Outcome) {
        var operation = operation
        operation.outcome = outcome
        ledger.apply(.operation(operation))
        var record = ledger.lanes[operation.lane] ?? LaneRecord(lane: operation.lane)
        record.operation = nil
        if outcome == .settled, let change = operation.change {
            switch change.target {
            case .removal: record.settled = nil
            case .slot(let slot, let version, let replicas):
                record.settled = Settled(
                    slot: slot, version: version, replicas: replicas, change: change.id,
                    operation: operation.number, commit: operation.commit, at: now.wall)
            }
        }
        if let work = operation.verification, case .verified(let how) = outcome {
            var known = ledger.verifications[operation.lane] ?? VerificationRecord(lane: work.lane)
            known.note(
                VerificationResult(
                    build: work.build, job: work.job, outcome: how, operation: operation.number,
                    at: now.wall))
            ledger.apply(.verified(known))
        }
        ledger.apply(.lane(record))
        outcomes[operation.lane, default: []].append(outcome)
    }
}

extension FleetWorld {
    /// Changes what runs in a lane behind Airlock's back.
    mutating func tamper(
        _ lane: String, _ change: (LaneObservation, SlotID) -> LaneObservation
    ) {
        let id = Build.lane(lane)
        guard let there = lanes[id], let slot = there.slots.first else { return }
        lanes[id] = change(there, slot.id)
    }

    mutating func freeze(_ scope: String, until seconds: Int? = nil, reason: String = "audit") {
        guard let scope = Freeze.Scope(scope) else { preconditionFailure("not a place: \(scope)") }
        ledger.apply(
            .freeze(
                Freeze(
                    scope: scope, reason: reason, actor: Actor(id: "uid:1000", kind: .local),
                    from: now.wall, until: seconds.map { Timestamp(milliseconds: $0 * 1000) })))
    }

    /// The artifact that serves a lane alone, as `name:version` of the builder; nil for anything else.
    func version(of lane: String) -> Int? {
        let id = Build.lane(lane)
        guard let there = lanes[id], there.slots.count == 1, let slot = there.serving.first else {
            return nil
        }
        let name = id.unit.name.description
        return (1...9).first { Build.artifact(name, $0) == slot.spec.artifact }
    }
}

extension LanePlan {
    /// Whether the plan wants something done in the lane.
    var isMoving: Bool {
        switch disposition {
        case .change, .repair, .heal, .verify, .back: true
        case .hold, .leave: false
        }
    }

    /// Why the lane is held; nil when it is not.
    var held: HoldReason? {
        if case .hold(let reason) = disposition { reason } else { nil }
    }

    /// What the gate says of the lane's change.
    func verdict(_ gate: GateName) -> GateVerdict? { verdicts.first { $0.gate == gate } }
}
