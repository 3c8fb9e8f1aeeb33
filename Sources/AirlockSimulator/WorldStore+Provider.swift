import AirlockModel
import AirlockPorts

/// The questions of a provider, answered from the world as it is now.
extension WorldStore {
    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) throws(ProviderError) -> ObservationAnswer {
        let (world, time) = try current()
        guard !world.isPartitioned(environment, at: time) else {
            throw .noAnswer("a partition cuts \(environment) off")
        }
        if lanes == nil, let revision, let last = lastObserved[environment],
            last.observation.revision == revision, last.fleet == fleet,
            last.changes == world.changes[environment] ?? 0,
            last.observation.until.map({ $0 > world.wall(at: time) }) ?? true
        {
            return .unchanged
        }
        let observation = world.observation(
            of: environment, fleet: fleet, lanes: lanes, at: time)
        if lanes == nil {
            lastObserved[environment] = Observed(
                observation: observation, fleet: fleet, changes: world.changes[environment] ?? 0)
        }
        return .observed(observation)
    }

    /// What was answered last for an environment, to tell whether anything changed since.
    struct Observed {
        let observation: Observation
        let fleet: FleetName
        let changes: Int
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) throws(ProviderError) -> Claim {
        var verdict: Result<Claim, ProviderError> = .failure(.refused("it was not asked"))
        try append { world, time in
            guard !world.isPartitioned(environment, at: time) else {
                verdict = .failure(.noAnswer("a partition cuts \(environment) off"))
                return []
            }
            let stored = world.claims[environment]
            verdict = Self.verdict(on: claim, against: stored, takeOver: takeOver)
            guard case .success(let taken) = verdict, taken != stored else { return [] }
            return [.claim(environment, fleet, taken)]
        }
        return try verdict.get()
    }

    private static func verdict(
        on claim: Claim, against stored: Claim?, takeOver: Bool
    ) -> Result<Claim, ProviderError> {
        guard let stored else { return .success(claim) }
        guard stored.ledger == claim.ledger else {
            guard takeOver else { return .failure(.foreignClaim(stored)) }
            return .success(Claim(ledger: claim.ledger, epoch: Epoch(stored.epoch.number + 1)))
        }
        return claim.epoch < stored.epoch ? .failure(.fenced(by: stored)) : .success(claim)
    }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) throws(ProviderError) -> [SecondCounters] {
        let (world, time) = try current()
        guard !world.isPartitioned(lane.environment, at: time) else {
            throw .noAnswer("a partition cuts \(lane.environment) off")
        }
        guard let key = world.lanes.keys.first(where: { $0.lane == lane }) else { return [] }
        return world.counters(of: key, slot: slot, from: from, to: min(to, time))
    }
}
