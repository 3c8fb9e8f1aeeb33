package import AirlockModel

/// The pure answer to (desired, observed, facts, now).
///
/// Every lane that git, the provider or the ledger knows ends in `change`, `repair`, `back`, `hold` or
/// `leave`; the same input gives the same plan in whatever order it was put together.
package enum Planner {
    /// Plans one environment.
    package static func plan(
        _ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts, now: Moment
    ) -> EnvironmentPlan {
        let known = knownLanes(slice, observed: observed, facts: facts)
        guard slice.environment != nil else { return planWithoutEnvironment(known, slice) }
        let observation: Observation
        switch observed {
        case .known(let value): observation = value
        case .unknown(let reason): return hold(known, slice, .unobserved(reason))
        }
        if let other = observation.claim, let own = facts.claim, other.ledger != own.ledger {
            return hold(known, slice, .claimed(by: other))
        }
        let situations = known.map {
            Situation(lane: $0, slice: slice, observation: observation, facts: facts, now: now)
        }
        let outage = Outage.reason(situations, slice: slice, facts: facts)
        let gates = GateKeeper(
            situations: situations, slice: slice, facts: facts, now: now,
            removalsHeld: outage != nil)
        let lanes = situations.map { settle($0, gates: gates, outage: outage) }
        return EnvironmentPlan(
            environment: slice.name, lanes: lanes, notices: outage.map { [$0] } ?? [],
            until: earliest(in: lanes))
    }

    /// Plans every environment of a fleet and puts them in the order of promotion.
    ///
    /// - Parameter observed: An environment that is missing here is unknown, never empty.
    package static func plan(
        _ fleet: Fleet, commit: CommitID?, observed: [EnvironmentName: ObservedEnvironment],
        facts: Facts, now: Moment
    ) -> Plan {
        let remembered = Set(facts.ledger.lanes.values.filter(\.isInUse).map(\.lane.environment))
        let slices = fleet.slices(also: remembered)
        let rest = slices.keys.filter { !fleet.order.contains($0) }.sorted()
        var plan = Plan(fleet: fleet.name, commit: commit)
        for name in fleet.order + rest {
            guard let slice = slices[name] else { continue }
            let state = observed[name] ?? .unknown("it was not observed")
            let part = Self.plan(slice, observed: state, facts: facts, now: now)
            plan.lanes += part.lanes
            plan.notices += part.notices
            plan.until = [plan.until, part.until].compactMap(\.self).min()
            if slice.environment != nil, case .unknown(let reason) = state {
                plan.incomplete = plan.incomplete ?? "\(name) is not observed: \(reason)"
            }
        }
        return plan
    }

    private static func knownLanes(
        _ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts
    ) -> [LaneID] {
        var known = Set(slice.lanes.keys)
        known.formUnion(slice.parked.lanes.keys.filter { $0.environment == slice.name })
        if case .known(let observation) = observed { known.formUnion(observation.lanes.keys) }
        for record in facts.ledger.lanes.values
        where record.lane.environment == slice.name && record.isInUse {
            known.insert(record.lane)
        }
        return known.sorted()
    }

    /// The one place where a lane's end is chosen.
    private static func settle(
        _ situation: Situation, gates: GateKeeper, outage: String?
    ) -> LanePlan {
        let lane = situation.lane
        let drift = situation.drift
        let verdicts = gates.verdicts(for: situation)
        let failed = verdicts.filter { $0.answer != .pass }
        func ended(_ end: Disposition) -> LanePlan {
            LanePlan(
                lane: lane, disposition: end, change: situation.change, verdicts: verdicts,
                drift: drift)
        }
        /// A change that may not go on still lets the lane be brought back to what it settled on.
        func heldOrRepaired(_ reason: HoldReason?, isInstructed: Bool = true) -> LanePlan {
            if let back = situation.goingBack { return ended(.back(operation: back.number)) }
            guard let (repair, operation) = situation.repair(isInstructed: isInstructed) else {
                return ended(reason.map(Disposition.hold) ?? situation.left)
            }
            if let freeze = gates.freeze(of: lane) { return ended(.hold(.gates([freeze]))) }
            return ended(.repair(repair, operation: operation))
        }
        switch situation.wish {
        case .change(let change, let operation):
            if operation != nil, let back = situation.goingBack {
                return ended(.back(operation: back.number))
            }
            if change.kind == .remove, let outage {
                return heldOrRepaired(.outage(outage), isInstructed: false)
            }
            if !failed.isEmpty { return heldOrRepaired(.gates(failed)) }
            return ended(.change(change, operation: operation))
        case .secretUnknown(let names): return heldOrRepaired(.secretUnknown(names))
        case .nothing:
            let isParked = !situation.parked.isEmpty
            return heldOrRepaired(isParked ? .parked(situation.parked) : nil)
        }
    }

    private static func hold(
        _ lanes: [LaneID], _ slice: FleetSlice, _ reason: HoldReason
    ) -> EnvironmentPlan {
        EnvironmentPlan(
            environment: slice.name,
            lanes: lanes.map { LanePlan(lane: $0, disposition: .hold(reason)) })
    }

    /// An environment that is unreadable is parked; one that is gone keeps what it runs.
    private static func planWithoutEnvironment(
        _ lanes: [LaneID], _ slice: FleetSlice
    ) -> EnvironmentPlan {
        if let diagnostics = slice.parked.environments[slice.name] {
            return hold(lanes, slice, .parked(diagnostics))
        }
        return hold(lanes, slice, .environmentRemoved)
    }

    private static func earliest(in lanes: [LanePlan]) -> Timestamp? {
        lanes.lazy.flatMap { lane -> [GateVerdict] in
            // A repair is held by a verdict of its own, because no change was judged.
            guard case .hold(.gates(let verdicts)) = lane.disposition else { return lane.verdicts }
            return verdicts
        }.filter { $0.answer != .pass }.compactMap(\.until).min()
    }
}

extension LaneRecord {
    /// Whether the lane runs something or is being worked on.
    package var isInUse: Bool { settled != nil || operation != nil }
}
