import AirlockModel
import AirlockPorts

/// A provider that only remembers what it was told; its instances are healthy at once.
actor ExampleProvider: Provider {
    /// What is there in one environment.
    private struct Place {
        var claim: Claim?
        var changes = 0
        var lanes: [FleetName: [LaneID: LaneObservation]] = [:]
        var done: Set<ActionKey> = []
    }

    private var places: [EnvironmentName: Place] = [:]
    private var isCutOff = false

    func cutOff(_ isCutOff: Bool) { self.isCutOff = isCutOff }

    nonisolated func capabilities(of environment: EnvironmentName) -> Set<Capability> {
        [.start, .scale, .route, .stop, .idempotency]
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) throws(ProviderError) -> ObservationAnswer {
        let place = try reach(environment)
        let now = ProviderRevision("\(fleet)@\(place.changes)")
        if revision == now { return .unchanged }
        let there = place.lanes[fleet, default: [:]]
        return .observed(
            Observation(
                environment: environment, revision: now, claim: place.claim,
                lanes: there.filter { lanes?.contains($0.key) ?? true }))
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) throws(ProviderError) -> Claim {
        let stored = try reach(environment).claim
        var taken = claim
        if let stored, stored.ledger != claim.ledger {
            guard takeOver else { throw .foreignClaim(stored) }
            taken = claim.takingOver(stored)
        } else if let stored, claim.isFenced(by: stored) {
            throw .fenced(by: stored)
        }
        if taken != stored { places[environment, default: Place()].changes += 1 }
        places[environment, default: Place()].claim = taken
        return taken
    }

    func perform(_ order: ActionOrder) throws(ProviderError) -> Receipt {
        let environment = order.lane.environment
        var place = try reach(environment)
        if let claim = place.claim {
            guard claim.ledger == order.claim.ledger else { throw .foreignClaim(claim) }
            guard !order.claim.isFenced(by: claim) else { throw .fenced(by: claim) }
        }
        guard place.done.insert(order.key).inserted else { return Receipt(repeated: true) }
        let lane = place.lanes[order.fleet]?[order.lane] ?? LaneObservation(lane: order.lane)
        let changed = try Self.carryOut(order, in: lane)
        place.lanes[order.fleet, default: [:]][order.lane] = changed.slots.isEmpty ? nil : changed
        place.changes += 1
        places[environment] = place
        return Receipt()
    }

    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) throws(ProviderError) -> Bool { true }

    private func reach(_ environment: EnvironmentName) throws(ProviderError) -> Place {
        if isCutOff { throw .noAnswer("the engine cannot be reached") }
        return places[environment] ?? Place()
    }

    private static func carryOut(
        _ order: ActionOrder, in lane: LaneObservation
    ) throws(ProviderError) -> LaneObservation {
        var slots: [SlotID: SlotObservation] = [:]
        for slot in lane.slots { slots[slot.id] = slot }
        var weights = lane.weights
        switch order.action {
        case .start(let spec, let replicas):
            guard slots[spec.id] == nil else { throw .refused("it runs already") }
            slots[spec.id] = try slot(spec, replicas, order.change, order.operation)
        case .scale(let id, let replicas):
            guard let old = slots[id] else { throw .refused("there is no slot \(id)") }
            slots[id] = try slot(old.spec, replicas, old.change, old.operation)
        case .route(let wanted):
            weights = wanted.filter { $0.value != 0 }
            guard weights.keys.allSatisfy({ slots[$0] != nil }),
                weights.values.allSatisfy((1...1000).contains),
                weights.isEmpty || weights.values.reduce(0, +) == 1000
            else { throw .refused("weights are of slots and add up to 1000") }
        case .stop(let id):
            slots[id] = nil
            if weights[id] != nil { weights = [:] }
        case .restart, .replace, .eject, .readmit, .run:
            throw .unsupported(order.action.capability)
        }
        return LaneObservation(lane: lane.lane, slots: Array(slots.values), weights: weights)
    }

    private static func slot(
        _ spec: SlotSpec, _ replicas: Int, _ change: ChangeID?, _ operation: Int?
    ) throws(ProviderError) -> SlotObservation {
        guard (0...100).contains(replicas) else { throw .refused("0 to 100 replicas") }
        let instances = (0..<replicas).map { InstanceObservation(id: "\($0)", phase: .healthy) }
        return SlotObservation(
            id: spec.id, spec: spec, replicas: replicas, instances: instances, change: change,
            operation: operation)
    }
}
