import AirlockModel

/// The inputs of one environment's plan, from which any lane's situation can be had.
struct Looking {
    let slice: FleetSlice
    let observation: Observation
    let facts: Facts
    let now: Moment

    func situation(of lane: LaneID) -> Situation {
        Situation(lane: lane, slice: slice, observation: observation, facts: facts, now: now)
    }

    /// The situation of a lane that git, the provider or the ledger knows; nil for any other.
    func knownSituation(of lane: LaneID) -> Situation? {
        let isKnown =
            slice.lanes[lane] != nil || observation.lanes[lane] != nil
            || slice.parked.lanes[lane] != nil || facts.ledger.lanes[lane]?.isInUse == true
        return isKnown ? situation(of: lane) : nil
    }

    /// Every lane that git, the provider or the ledger knows.
    var knownLanes: Set<LaneID> { Self.knownLanes(slice, observation, facts) }

    /// The same where there may be no observation.
    static func knownLanes(
        _ slice: FleetSlice, _ observation: Observation?, _ facts: Facts
    ) -> Set<LaneID> {
        var known = Set(slice.lanes.keys)
        known.formUnion(slice.parked.lanes.keys.filter { $0.environment == slice.name })
        if let observation { known.formUnion(observation.lanes.keys) }
        for record in facts.ledger.lanes.part(of: slice.name).values where record.isInUse {
            known.insert(record.lane)
        }
        return known
    }
}

/// Who calls a lane, by the templates that lanes settled on.
struct CallerTable: Sendable {
    private var callees: [LaneID: [LaneID]] = [:]
    private var callers: [LaneID: Set<LaneID>] = [:]

    /// Notes what `lane` calls now.
    mutating func set(_ called: [LaneID], of lane: LaneID) {
        guard called != callees[lane] ?? [] else { return }
        for callee in callees[lane] ?? [] {
            callers[callee]?.remove(lane)
            if callers[callee]?.isEmpty == true { callers[callee] = nil }
        }
        callees[lane] = called.isEmpty ? nil : called
        for callee in called { callers[callee, default: []].insert(lane) }
    }

    /// The lanes that call `lane`, sorted.
    func callers(of lane: LaneID) -> [LaneID] { (callers[lane] ?? []).sorted() }
}
