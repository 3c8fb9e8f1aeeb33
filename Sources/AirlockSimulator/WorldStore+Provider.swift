import AirlockModel
import AirlockPorts

/// The questions of a provider, answered from the world as it is now.
extension WorldStore {
    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) throws(ProviderError) -> ObservationAnswer {
        let (world, time) = try current()
        guard !world.faults.isCutOff(environment, at: time) else { throw Self.cutOff(environment) }
        let observation = world.observation(
            of: environment, fleet: fleet, lanes: lanes, since: revision, at: time)
        return observation.map(ObservationAnswer.observed) ?? .unchanged
    }

    private static func cutOff(_ environment: EnvironmentName) -> ProviderError {
        .noAnswer("a partition cuts \(environment) off")
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) throws(ProviderError) -> Claim {
        var verdict: Result<Claim, ProviderError> = .failure(.refused("it was not asked"))
        try append { world, time in
            guard !world.faults.isCutOff(environment, at: time) else {
                verdict = .failure(Self.cutOff(environment))
                return []
            }
            let stored = world.places[environment]?.claim
            verdict = Self.verdict(on: claim, against: stored, takeOver: takeOver)
            guard case .success(let taken) = verdict, taken != stored else { return [] }
            return [.claim(environment, fleet, taken)]
        }
        return try verdict.get()
    }

    /// Claims, and counts the orders that had reached a world in memory by then.
    func claimCounting(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) throws(ProviderError) -> (claim: Claim, deliveries: Int) {
        let taken = try self.claim(environment, of: fleet, for: claim, takeOver: takeOver)
        return (taken, deliveryCount)
    }

    private static func verdict(
        on claim: Claim, against stored: Claim?, takeOver: Bool
    ) -> Result<Claim, ProviderError> {
        guard let stored else { return .success(claim) }
        guard stored.ledger == claim.ledger else {
            guard takeOver else { return .failure(.foreignClaim(stored)) }
            return .success(claim.takingOver(stored))
        }
        return claim.isFenced(by: stored) ? .failure(.fenced(by: stored)) : .success(claim)
    }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) throws(ProviderError) -> [SecondCounters] {
        guard from < to else { return [] }
        let (world, time) = try measured(lane, over: to - from)
        // Whoever asks counts in wall time.
        let ahead = world.ahead
        let found = world.counters(
            of: slot, in: lane, from: from + ahead, to: min(to + ahead, time))
        return found.map { $0.moved(by: -(ahead.milliseconds / 1000)) }
    }

    func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) throws(ProviderError) -> [InstanceCounters] {
        guard from < to else { return [] }
        let (world, time) = try measured(lane, over: to - from)
        let ahead = world.ahead
        return world.instances(of: slot, in: lane, from: from + ahead, to: min(to + ahead, time))
    }

    /// The world as whoever measures `lane` sees it.
    func measured(
        _ lane: LaneID, over span: Duration
    ) throws(ProviderError) -> (world: World, time: Timestamp) {
        guard span <= .seconds(World.maximumSeconds) else {
            throw .refused("counters are had for at most \(World.maximumSeconds) s at a time")
        }
        let (world, time) = try current()
        let cuts = world.faults.partitions(in: lane.environment, at: time)
        guard !cuts.contains(where: { $0.fault.scope.covers(lane) }) else {
            throw Self.cutOff(lane.environment)
        }
        return (world, time)
    }

    func isPresent(in environment: EnvironmentName) throws(ProviderError) -> Bool {
        let (world, time) = try current()
        guard !world.faults.isCutOff(environment, at: time) else { throw Self.cutOff(environment) }
        return true
    }

    func versions(of names: Set<SecretName>) throws(ProviderError) -> [SecretName: String] {
        try current().world.spec.secrets.filter { names.contains($0.key) }
    }

    func inject(_ fault: SimulatedFault) throws(ProviderError) {
        if let problem = fault.problem { throw .refused(problem) }
        var isFull = false
        try append { world, time in
            let inForce = world.faults.entries.count { $0.isInForce(at: time) }
            isFull = inForce >= FaultsInForce.maximum
            return isFull ? [] : [.fault(fault)]
        }
        if isFull { throw .refused("\(FaultsInForce.maximum) faults are in force already") }
    }

    func advance(by duration: Duration) throws(ProviderError) {
        let longest = SimulatedFault.longest
        guard duration >= .zero, duration <= longest else {
            throw .refused("world time goes forward, by at most \(longest.phrase) at a time")
        }
        try append { _, _ in [.advance(duration)] }
    }
}
