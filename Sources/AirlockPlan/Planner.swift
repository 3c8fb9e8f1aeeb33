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
        var standing = StandingPlan(environment: slice.name)
        let lanes = standing.update(.all, slice, observed: observed, facts: facts, now: now)
        return EnvironmentPlan(
            environment: slice.name, lanes: lanes, notices: standing.notices,
            until: standing.until)
    }

    /// Plans every environment of a fleet and puts them in the order of promotion.
    ///
    /// - Parameter observed: An environment that is missing here is unknown, never empty.
    package static func plan(
        _ fleet: Fleet, commit: CommitID?, observed: [EnvironmentName: ObservedEnvironment],
        facts: Facts, now: Moment
    ) -> Plan {
        let whole = FleetPlanning(fleet, commit: commit, observed: observed, facts: facts, now: now)
        return whole.plan(of: whole.environments.map(whole.part))
    }

    /// The one place where a lane's end is chosen.
    static func settle(
        _ situation: Situation, gates: GateKeeper, outage: Outage?
    ) -> LanePlan {
        let lane = situation.lane
        let drift = situation.drift
        let verdicts = gates.verdicts(for: situation)
        let failed = verdicts.filter { $0.answer != .pass }
        func ended(_ end: Disposition) -> LanePlan {
            let stopped = gates.stopping(end)
            // What a person ordered back goes, whatever is stopped.
            let ordered = stopped != end && situation.isOrderedBack ? situation.goingBack : nil
            let disposition = ordered.map { Disposition.back(operation: $0.number) } ?? stopped
            var waits: RolloutWait?
            if case .change(_, .some) = disposition { waits = situation.waits }
            return LanePlan(
                lane: lane, disposition: disposition, change: situation.change, verdicts: verdicts,
                drift: drift, forecast: situation.forecast, waits: waits)
        }
        /// A change that may not go on still lets the lane be brought back to what it settled on.
        func heldOrRepaired(_ reason: HoldReason?, isInstructed: Bool = true) -> LanePlan {
            if let back = situation.goingBack { return ended(.back(operation: back.number)) }
            if let (heal, operation) = situation.healing {
                if let freeze = gates.freeze(of: lane) { return ended(.hold(.gates([freeze]))) }
                return ended(.heal(heal, operation: operation))
            }
            guard let (repair, operation) = situation.repair(isInstructed: isInstructed) else {
                return ended(
                    situation.verifying(freeze: gates.freeze(of: lane))
                        ?? reason.map(Disposition.hold) ?? situation.left)
            }
            // A freeze holds nothing that goes back, whether an alarm, a person or git has it do so.
            if !situation.isTakenBack(by: repair), let freeze = gates.freeze(of: lane) {
                return ended(.hold(.gates([freeze])))
            }
            return ended(.repair(repair, operation: operation))
        }
        // What an alarm takes back is finished first: until its base is whole again nothing stands beside
        // which a newer change could be judged.
        if let back = situation.goingBack, back.rollout.keepsCapacity == true {
            return ended(.back(operation: back.number))
        }
        switch situation.wish {
        case .change(let change, let operation):
            if let back = situation.goingBack {
                // Also where git has the slot that was given up brought in another way now.
                let slot = change.target.slot
                let isGivenUp = slot != nil && slot == back.change?.target.slot
                if operation != nil || isGivenUp { return ended(.back(operation: back.number)) }
            }
            if change.kind == .remove, let outage {
                return heldOrRepaired(
                    .outage(outage.reason, move: outage.move), isInstructed: false)
            }
            if !failed.isEmpty { return heldOrRepaired(.gates(failed)) }
            return ended(.change(change, operation: operation))
        case .secretUnknown(let names): return heldOrRepaired(.secretUnknown(names))
        case .nothing:
            let isParked = !situation.parked.isEmpty
            return heldOrRepaired(isParked ? .parked(situation.parked) : nil)
        }
    }
}

extension LaneRecord {
    /// Whether the lane runs something or is being worked on.
    package var isInUse: Bool { settled != nil || operation != nil }
}
