import AirlockModel

/// Asks every gate about every change of one environment, once.
struct GateKeeper {
    private let answers: [LaneID: [GateVerdict]]
    private let freezes: [Freeze.Scope: Freeze]
    private let now: Moment
    private let stop: FleetStop?

    /// - Parameter open: Every lane that is not quiet, sorted.
    /// - Parameter settled: How many lanes of the environment have settled on something.
    init(
        open: [Situation], settled: Int, callers: CallerTable, looking: Looking, removalsHeld: Bool
    ) {
        let (slice, facts, now) = (looking.slice, looking.facts, looking.now)
        freezes = facts.ledger.freezes
        self.now = now
        stop = facts.ledger.stop
        let changing = open.filter { $0.change != nil }
        guard !changing.isEmpty else {
            answers = [:]
            return
        }
        var own: [LaneID: [GateVerdict]] = [:]
        for situation in changing {
            own[situation.lane] = Self.ownVerdicts(
                situation, slice: slice, facts: facts, now: now)
        }
        let groups = GroupGate(
            changing: changing, own: own,
            allowed: (facts.limitsInForce ?? slice.limits).changing.allowed(of: settled))
        var joint: [LaneID: GateVerdict] = [:]
        for situation in changing { joint[situation.lane] = groups.verdict(situation) }
        for (lane, verdict) in joint { own[lane]?.append(verdict) }
        let movable = changing.filter { situation in
            let isHeld = removalsHeld && situation.change?.kind == .remove
            return !isHeld && own[situation.lane]?.allSatisfy { $0.answer == .pass } == true
        }
        let dependencies = DependencyGate(
            open: open, movable: movable, own: own, callers: callers, looking: looking,
            groups: groups)
        var waiting: [LaneID: GateVerdict] = [:]
        for situation in changing { waiting[situation.lane] = dependencies.verdict(situation) }
        let radius = BlastRadiusGate(
            open: open, settled: settled,
            candidates: movable.filter { waiting[$0.lane]?.answer == .pass },
            circle: dependencies.circle, limits: facts.limitsInForce ?? slice.limits,
            environment: slice.name)
        answers = Dictionary(
            uniqueKeysWithValues: changing.map { situation in
                let lane = situation.lane
                let joint = [radius.verdict(situation), waiting[lane]].compactMap(\.self)
                return (lane, (own[lane] ?? []) + joint)
            })
    }

    /// The verdict of every gate, in the order of ``GateName``; empty for a lane without a change.
    func verdicts(for situation: Situation) -> [GateVerdict] { answers[situation.lane] ?? [] }

    /// The freeze that binds a repair of `lane`; nil when there is none.
    func freeze(of lane: LaneID) -> GateVerdict? {
        let verdict = FreezeGate.verdict(on: lane, freezes: freezes, now: now)
        return verdict.answer == .pass ? nil : verdict
    }

    /// What becomes of a lane's end while the whole fleet is stopped: nothing moves by itself, not even back.
    func stopping(_ end: Disposition) -> Disposition {
        switch end {
        case .hold, .leave: return end
        case .change, .repair, .heal, .verify, .back:
            return FreezeGate.verdict(of: stop, now: now).map { .hold(.gates([$0])) } ?? end
        }
    }

    /// The gates that look at one lane alone.
    private static func ownVerdicts(
        _ situation: Situation, slice: FleetSlice, facts: Facts, now: Moment
    ) -> [GateVerdict] {
        guard let change = situation.change else { return [] }
        return [
            FreezeGate.verdict(on: situation.lane, freezes: facts.ledger.freezes, now: now),
            ClockGate.verdict(tier: slice.environment?.tier, fault: facts.clockFault),
            QuarantineGate.verdict(
                on: change, quarantines: facts.ledger.quarantines[situation.lane] ?? []),
            RolloutGate.verdict(situation),
            CapabilityGate.verdict(
                on: change, capabilities: facts.capabilities[situation.lane.environment] ?? []),
            DecisionTimeGate.verdict(on: situation),
            VerificationGate.verdict(on: situation, slice: slice, facts: facts, now: now),
        ]
    }
}
