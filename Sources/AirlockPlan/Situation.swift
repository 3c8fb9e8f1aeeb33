import AirlockModel

/// Everything about one lane that its plan depends on, gathered in one value.
///
/// A class, because every gate gets it and a copy of what is in it costs more than most gates do.
final class Situation: Sendable {
    let lane: LaneID
    let desired: DesiredLane?
    let observed: LaneObservation
    /// What it settled on, or is taken to have settled on when it was never seen before.
    let settled: Settled?
    /// The operation under way.
    let operation: OperationRecord?
    /// What people said about it.
    let steering: Steering?
    let parked: [Diagnostic]
    /// Whether nobody knows what git asks for: its files cannot be read, or its environment is gone.
    let isUnread: Bool
    /// What differs from ``settled``; empty while an operation is under way, whose business it is.
    let drift: [Drift]
    let wish: Wish
    /// What is known of the traffic that a canary would share out; nil when nobody asked.
    let traffic: MeasuredTraffic?
    /// The test job that runs, or is to run next; the operation is the one that is open for it.
    let verification: (work: Verification, operation: Int?)?
    /// Whether the environment's provider runs jobs.
    let canRunJobs: Bool

    /// What git asks of the lane, before any gate was asked.
    enum Wish {
        /// A move; the operation is the one that is open for just this change.
        case change(Change, operation: Int?)
        case secretUnknown([SecretName])
        case nothing
    }

    /// Whether nothing is asked for, nothing differs and nothing is under way.
    var isQuiet: Bool {
        guard case .nothing = wish else { return false }
        return drift.isEmpty && operation == nil && parked.isEmpty && verification == nil
    }

    /// What the settled slot calls.
    var settledCalls: [LaneID] { settled?.slot.template.callees(of: lane) ?? [] }

    /// What the lane calls once it has changed, or calls now when it does not change.
    var comingCalls: [LaneID] {
        guard case .slot(let slot, _, _)? = change?.target else { return settledCalls }
        return slot.template.callees(of: lane)
    }

    /// The change, when there is one.
    var change: Change? {
        if case .change(let change, _) = wish { change } else { nil }
    }

    /// Whether an operation is open for just the change that is asked for.
    var isUnderWay: Bool {
        if case .change(_, .some) = wish { true } else { false }
    }

    /// The state of the rollout that git asks for. While nobody can read it, what was asked of the operation under
    /// way stands: a fault in a file lifts no hold.
    var askedRollout: RolloutWish? {
        isUnread ? steering?.wish : desired?.release.rollout
    }

    /// The services that its change moves with; the same holds of it.
    var group: UnitName? { isUnread ? steering?.group : desired?.group }

    /// How its change is carried out; nil where it has none.
    var strategy: Strategy? { desired?.release.strategy ?? change?.strategy }

    /// The operation that is taking a change back which failed, or which git or a person gave up.
    var goingBack: OperationRecord? {
        guard let operation else { return nil }
        if case .back = operation.rollout.direction { return operation }
        guard operation.canGoBack else { return nil }
        // Said of the slot, by whatever strategy the same commit has it brought.
        let isAsked = isUnderWay || operation.change.map { desired?.asks(for: $0) == true } ?? false
        let isAborted = askedRollout == .abort && isAsked
        return isAborted || steering?.aborted != nil ? operation : nil
    }

    /// The way back that is under way, by whatever work; nil for none.
    var wayBack: Disposition? {
        if let back = goingBack { return .back(operation: back.number) }
        guard let operation, operation.goesBack, case .repair(let repair) = operation.work else {
            return nil
        }
        return .repair(repair, operation: operation.number)
    }

    /// Whether a person ordered back what is under way; no stop of the fleet holds that.
    var isOrderedBack: Bool { goingBack != nil && steering?.isOrderedBack == true }

    /// What the operation under way stays where it is for.
    var waits: RolloutWait? { operation?.waits(steering, under: askedRollout) }

    /// The heal that is open.
    var healing: (heal: Heal, operation: Int)? {
        guard let operation, let heal = operation.heal else { return nil }
        return (heal, operation.number)
    }

    /// What brings the lane back to what it settled on while no change may go on: a repair that is
    /// open, the end of an operation that git no longer asks for, or the repair of drift.
    ///
    /// - Parameter isInstructed: Whether the commit can be taken at its word. An outage can not, and
    ///   ends no operation.
    func repair(isInstructed: Bool) -> (repair: Repair, operation: Int?)? {
        if let operation {
            switch operation.work {
            case .repair(let repair): return (repair, operation.number)
            case .heal: return nil
            case .verify: break
            case .change:
                guard !isUnderWay, isInstructed else { return nil }
                return (Repair(lane: lane, to: settled, found: []), nil)
            }
        }
        return drift.isEmpty ? nil : (Repair(lane: lane, to: settled, found: drift), nil)
    }

    /// Whether git asks for what the lane settled on, and the repair does nothing but end what was under way
    /// for something else. Where git asks for a third slot, that one may still be held by a freeze.
    func isTakenBack(by repair: Repair) -> Bool {
        guard case .nothing = wish else { return false }
        return repair.goesBack
    }

    /// How the lane is left when nothing is asked for and nothing differs.
    var left: Disposition { .leave(settled == nil ? .absent : .converged) }

    init(
        lane: LaneID, slice: FleetSlice, observation: Observation, facts: Facts, now: Moment
    ) {
        self.lane = lane
        let record = facts.ledger.lanes[lane]
        observed = observation.lanes[lane] ?? LaneObservation(lane: lane)
        settled =
            record == nil ? Adoption.settled(from: observed, at: now.wall) : record?.settled
        operation = facts.ledger.operation(of: lane)
        steering = operation.flatMap { facts.ledger.steerings[$0.number] }
        parked = slice.parked.diagnostics(of: lane)
        isUnread = slice.isUnread(lane)
        desired = slice.readable(lane)
        // A test job mends nothing, and what drifted is not what it shall test.
        let isMending = operation != nil && operation?.verification == nil
        drift = isMending ? [] : DriftDetection.drift(of: observed, from: settled)
        wish = Self.wish(
            lane: lane, desired: desired, settled: settled, operation: operation,
            isParked: !parked.isEmpty, slice: slice, facts: facts)
        traffic = facts.traffic[lane]
        canRunJobs = facts.capabilities[lane.environment]?.contains(.run) == true
        var isAsked = false
        if case .nothing = wish {
            isAsked = drift.isEmpty && (operation == nil || operation?.verification != nil)
        }
        verification = Self.verification(
            open: operation, desired: isAsked ? desired : nil, settled: settled, in: observed,
            slice: slice, facts: facts)
    }

    private static func wish(
        lane: LaneID, desired: DesiredLane?, settled: Settled?, operation: OperationRecord?,
        isParked: Bool, slice: FleetSlice, facts: Facts
    ) -> Wish {
        let open = operation?.change
        // Where it cannot be known what git asks for, an operation that is open goes on, as far as git let
        // it go when it was known last.
        let goingOn = open.map { Wish.change($0, operation: operation?.number) }
        guard !isParked, let policy = slice.policy else { return goingOn ?? .nothing }
        var target = Change.Target.removal
        var strategy = Strategy.allAtOnce()
        if let desired {
            guard let slot = desired.slot(secrets: facts.secrets[lane.environment] ?? [:]) else {
                return goingOn ?? .secretUnknown(missing(desired, facts))
            }
            let release = desired.release
            target = .slot(slot, version: release.version, replicas: release.replicas)
            strategy = release.strategy
        }
        guard let kind = kind(from: settled, to: target) else { return .nothing }
        let cause = secretCause(from: settled, to: target)
        let read = facts.commit
        var ways = [Way(strategy: strategy, isReturn: nil)]
        if kind == .replace, let slot = target.slot,
            facts.ledger.lanes[lane]?.isReturn(to: slot) == true
        {
            ways = Way.back(by: strategy, inGroup: desired?.group != nil) + ways
        }
        func asked(_ way: Way, under policy: PolicyDigest) -> Change {
            Change(
                lane: lane, kind: kind, base: settled, target: target, strategy: way.strategy,
                policy: policy,
                commit: cause == nil ? desired?.cause ?? read : read ?? desired?.cause,
                cause: cause, isReturn: way.isReturn)
        }
        var change = asked(ways[0], under: policy)
        var isOpen = open?.id == change.id
        if let operation, let open, !isOpen {
            // Settings that are no part of the release take no operation's place: what is under way goes
            // on under the policy that it began with, and in the way in which it began.
            let same = ways.lazy.map { asked($0, under: open.policy) }
                .first { $0.id == open.id || goesOn(operation, as: $0) }
            isOpen = same != nil
            change = same ?? change
        }
        // A start knows no commit before the last head; what was held then says which it was.
        if let held = facts.ledger.lanes[lane]?.held, held.change == change.id {
            change.commit = held.commit
        }
        return .change(change, operation: isOpen ? operation?.number : nil)
    }

    /// How a change could be carried out.
    private struct Way {
        let strategy: Strategy
        let isReturn: Bool?

        /// The way back to what ran before, as it begins now, and as it begins where the release is of a group or
        /// is not.
        static func back(by strategy: Strategy, inGroup: Bool) -> [Way] {
            [inGroup, !inGroup].map {
                Way(strategy: strategy.returning(inGroup: $0), isReturn: true)
            }
        }
    }

    /// Whether an operation takes another number of instances without beginning anew: its steps and what was
    /// judged in them are of the slot, however many instances that has.
    private static func goesOn(_ operation: OperationRecord, as change: Change) -> Bool {
        guard let open = operation.change, change.kind == .replace, change.strategy.steps != nil,
            case .forward = operation.rollout.direction
        else { return false }
        return change.differsInReplicasAlone(from: open)
    }

    private static func missing(_ desired: DesiredLane, _ facts: Facts) -> [SecretName] {
        let known = facts.secrets[desired.lane.environment] ?? [:]
        return desired.secrets.filter { known[$0] == nil }
    }

    /// What kind of move it is; nil when the lane is already there.
    private static func kind(from settled: Settled?, to target: Change.Target) -> Change.Kind? {
        switch (settled, target) {
        case (nil, .removal): nil
        case (nil, .slot): .create
        case (.some, .removal): .remove
        case (.some(let settled), .slot(let slot, _, let replicas)):
            if settled.slot.id != slot.id {
                .replace
            } else if settled.replicas != replicas {
                .scale
            } else {
                nil
            }
        }
    }

    /// `secret:<name>@<version>` when nothing but versions of secrets differs; the commit is then the
    /// last accepted one.
    private static func secretCause(from settled: Settled?, to target: Change.Target) -> String? {
        guard let old = settled?.slot, case .slot(let new, _, _) = target,
            old.artifact == new.artifact, old.template == new.template,
            Set(old.config.keys) == Set(new.config.keys)
        else { return nil }
        var causes: [String] = []
        for (key, value) in new.config where old.config[key] != value {
            guard case .secret(let name, let version) = value,
                case .secret(name, _)? = old.config[key]
            else { return nil }
            causes.append("secret:\(name)@\(version)")
        }
        return causes.isEmpty ? nil : Set(causes).sorted().joined(separator: " ")
    }
}
