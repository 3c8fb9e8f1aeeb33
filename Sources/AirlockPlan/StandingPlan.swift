package import AirlockModel

/// The lanes of one environment whose inputs may have changed since a plan was made.
package enum TouchedLanes: Hashable, Sendable {
    case all
    case some(Set<LaneID>)

    /// None.
    package static let none = TouchedLanes.some([])

    /// Adds those of `other`.
    package mutating func formUnion(_ other: TouchedLanes) {
        guard case .some(let mine) = self, case .some(let more) = other else {
            self = .all
            return
        }
        self = .some(mine.union(more))
    }
}

/// One environment's plan that is kept in step with its inputs.
///
/// A lane that is what git says costs nothing until one of its own inputs is touched, so bringing the
/// plan up to date costs what was touched and what is still to be done, however large the fleet is.
package struct StandingPlan: Sendable {
    package let environment: EnvironmentName
    /// Lanes that are not simply left: they differ, wait, or have an operation.
    package private(set) var lanes: [LaneID: LanePlan] = [:]
    package private(set) var notices: [String] = []
    /// When the answer may turn without any input changing.
    package private(set) var until: Timestamp?

    private var context: PlanContext?
    private(set) var situations: [LaneID: Situation] = [:]
    private var settled: Set<LaneID> = []
    private var callers = CallerTable()

    /// A plan that knows nothing yet; its first update looks at every lane.
    package init(environment: EnvironmentName) { self.environment = environment }

    /// Brings the plan up to date.
    ///
    /// - Parameter touched: Every lane whose desired state, observation, parked files or ledger record
    ///   may differ from the last update. What concerns the whole environment is noticed here.
    /// - Returns: The plans that were made anew, sorted by lane; lanes that were left are among them.
    package mutating func update(
        _ touched: TouchedLanes, _ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts,
        now: Moment
    ) -> [LanePlan] {
        let context = PlanContext(slice, observed: observed, facts: facts)
        var touched = touched
        if context != self.context { touched = .all }
        self.context = context
        if let reason = context.reasonToHoldAll {
            self.context = nil
            return holdAll(slice, observed: observed, facts: facts, now: now, reason)
        }
        guard case .known(let observation) = observed else { return [] }
        let looking = Looking(slice: slice, observation: observation, facts: facts, now: now)
        let before = situations.keys
        var looked = Set(before)
        switch touched {
        case .all:
            (situations, settled, callers) = ([:], [], CallerTable())
            looked.formUnion(looking.knownLanes)
        case .some(let some): looked.formUnion(some)
        }
        for lane in looked { take(looking.situation(of: lane)) }
        return settle(looked, looking)
    }

    private mutating func take(_ situation: Situation) {
        let lane = situation.lane
        if situation.settled == nil {
            settled.remove(lane)
        } else {
            settled.insert(lane)
        }
        callers.set(situation.settledCalls, of: lane)
        situations[lane] = situation.isQuiet ? nil : situation
    }

    /// Judges everything that is not quiet, and ends every lane that was looked at.
    private mutating func settle(_ looked: Set<LaneID>, _ looking: Looking) -> [LanePlan] {
        let open = situations.values.sorted { $0.lane < $1.lane }
        let outage = Outage(
            open, settled: settled.count, slice: looking.slice, facts: looking.facts)
        let gates = GateKeeper(
            open: open, settled: settled.count, callers: callers, looking: looking,
            removalsHeld: outage != nil)
        lanes = [:]
        for situation in open {
            lanes[situation.lane] = Planner.settle(situation, gates: gates, outage: outage)
        }
        notices = outage.map { [$0.reason] } ?? []
        until = Self.earliest(in: lanes.values)
        return looked.sorted().map { lane in
            lanes[lane]
                ?? LanePlan(
                    lane: lane,
                    disposition: .leave(settled.contains(lane) ? .converged : .absent))
        }
    }

    /// Holds every lane. What does harm or is given up goes back all the same where only the environment's file is
    /// at fault: nothing but the way there has to be known for that.
    private mutating func holdAll(
        _ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts, now: Moment,
        _ reason: HoldReason
    ) -> [LanePlan] {
        var observation: Observation?
        if case .known(let value) = observed { observation = value }
        let known = Looking.knownLanes(slice, observation, facts)
        (situations, settled, callers) = ([:], [], CallerTable())
        (notices, until) = ([], nil)
        // Where somebody else took the engine over nothing of it is ours any more.
        let isOurs = observation?.claim.map { $0.ledger == facts.claim?.ledger } ?? true
        if slice.environment == nil, isOurs, let observation {
            let looking = Looking(slice: slice, observation: observation, facts: facts, now: now)
            for lane in known where facts.ledger.lanes[lane]?.operation != nil {
                situations[lane] = looking.situation(of: lane)
            }
        }
        let plans = known.sorted().map { lane in
            LanePlan(lane: lane, disposition: situations[lane]?.wayBack ?? .hold(reason))
        }
        lanes = Dictionary(uniqueKeysWithValues: plans.map { ($0.lane, $0) })
        return plans
    }

    /// Lanes whose change may be bound by test results of other environments, which nobody touches here.
    package var bound: Set<LaneID> {
        Set(situations.values.filter { $0.change != nil && $0.desired?.verify != nil }.map(\.lane))
    }

    private static func earliest(in lanes: some Sequence<LanePlan>) -> Timestamp? {
        lanes.lazy.flatMap { lane -> [GateVerdict] in
            // A repair is held by a verdict of its own, because no change was judged.
            guard case .hold(.gates(let verdicts)) = lane.disposition else { return lane.verdicts }
            return verdicts
        }.filter { $0.answer != .pass }.compactMap(\.until).min()
    }
}

/// What a plan depends on besides single lanes; when it differs, every lane is looked at again.
private struct PlanContext: Hashable {
    let environment: Environment?
    let policy: PolicyDigest?
    let limits: Limits
    let parked: [Diagnostic]
    let isServicesFolderLost: Bool
    let freezes: [Freeze.Scope: Freeze]
    let stop: FleetStop?
    let secrets: [SecretName: String]
    let capabilities: Set<Capability>
    /// Whose test results count, and whether their providers can run jobs.
    let testing: [EnvironmentName: Bool]
    /// Those of which nobody knows whether their results count.
    let unreadable: [EnvironmentName]
    let clockFault: String?
    let claim: Claim?
    /// Why there is no observation; nil when there is one.
    let unobserved: String?
    let holder: Claim?

    init(_ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts) {
        environment = slice.environment
        policy = slice.policy
        limits = facts.limitsInForce ?? slice.limits
        parked = slice.parked.environments[slice.name] ?? []
        isServicesFolderLost = slice.isServicesFolderLost
        freezes = facts.ledger.freezes
        stop = facts.ledger.stop
        secrets = facts.secrets[slice.name] ?? [:]
        capabilities = facts.capabilities[slice.name] ?? []
        let able = slice.testing.environments.map {
            ($0, facts.capabilities[$0]?.contains(.run) == true)
        }
        testing = Dictionary(able) { first, _ in first }
        unreadable = slice.testing.unreadable
        clockFault = facts.clockFault
        claim = facts.claim
        switch observed {
        case .known(let observation):
            unobserved = nil
            holder = observation.claim
        case .unknown(let reason):
            unobserved = reason
            holder = nil
        }
    }

    /// Why no lane of the environment is judged at all; nil when they are.
    ///
    /// An environment that is unreadable is parked; one that is gone keeps what it runs.
    var reasonToHoldAll: HoldReason? {
        guard environment != nil else {
            return parked.isEmpty ? .environmentRemoved : .parked(parked)
        }
        if let unobserved { return .unobserved(unobserved) }
        if let holder, let claim, holder.ledger != claim.ledger { return .claimed(by: holder) }
        return nil
    }
}
