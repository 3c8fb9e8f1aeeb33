package import AirlockModel

/// Slots that have traffic and nothing to answer it with.
extension CanaryState {
    /// Whether the new slot lost all of its instances, under traffic, as often as no chance explains.
    ///
    /// Traffic is taken off it each time, so what its requests say stays below any proof, and a step begins
    /// anew each time it is whole again.
    var isWornOut: Bool { (losses ?? 0) >= Self.mostLosses }

    /// As many as heals of one cause that page a person.
    static let mostLosses = 3

    /// Notes since when the new slot, which had traffic, has no healthy instance, and how often it came to
    /// that.
    mutating func noteLoss(of id: SlotID, in lane: LaneObservation, now: Moment) {
        if (lane.slot(id)?.healthyCount ?? 0) > 0 { wasHealthy = true }
        if lane.isLost(id) {
            // One death is counted once, however often it is looked at.
            if wasHealthy == true { losses = (losses ?? 0) + 1 }
            wasHealthy = nil
            lostAt = lostAt ?? now
        } else if !lane.isDead(id) {
            lostAt = nil
        }
        // The time of another boot cannot be counted, nor that in which nobody looked.
        if let lost = lostAt, lost.boot != now.boot { lostAt = now }
    }
}

extension RolloutState {
    /// Adds the time since the last look where every instance of what is gone back to has failed. That in which one starts
    /// says nothing; one that may serve, or a slot that is gone, begins it anew.
    mutating func noteFailure(of base: SlotID?, in lane: LaneObservation, now: Moment) {
        guard let base, let slot = lane.slot(base), lane.isDead(base) else {
            failed = nil
            return
        }
        guard !slot.instances.contains(where: { $0.phase == .starting }) else { return }
        failed = (failed ?? .zero) + (seen.map { now.elapsed(since: $0) } ?? .zero)
    }

    /// What is gone back to is stopped, and started again, when all of its instances have failed for the deadline: nothing
    /// else heals a slot of a lane that is under way. Nil while there is time.
    mutating func bringAnew(
        _ base: SlotID, after deadline: Duration, in lane: LaneObservation
    ) -> Action? {
        guard let time = failed, time >= deadline,
            lane.slot(base)?.instances.contains(where: { $0.phase == .starting }) == false
        else { return nil }
        // All that goes there fails.
        guard lane.weights[base, default: 0] == 0 else { return .route([:]) }
        failed = .zero
        return .stop(base)
    }
}

extension Rollout {
    /// Whether an operation that may not go on has to be looked at all the same: its new slot has
    /// traffic, lost it, or is held to bounds, and harm is taken back whatever holds the change.
    package static func isWatched(_ operation: OperationRecord, in lane: LaneObservation) -> Bool {
        if case .back = operation.rollout.direction { return false }
        if let canary = operation.rollout.canary, canary.judgedTo != nil || canary.lostAt != nil {
            return true
        }
        // A hold that came between the router's answer and the look at it, or traffic that nobody answers.
        guard let change = operation.change, change.kind == .replace, let id = change.target.slot
        else { return false }
        if lane.weights[id, default: 0] > 0 { return true }
        // Traffic that was taken off altogether may be meant: a hold leaves it so, as a freeze does elsewhere.
        return !lane.weights.isEmpty && lane.unserved(by: change) != nil
    }

    /// Whether a step does nothing but give the old slot the traffic that nothing answers.
    /// That goes forward with nothing, so no hold stops it.
    package static func isRescue(
        _ next: RolloutStep.Next, of operation: OperationRecord, in lane: LaneObservation
    ) -> Bool {
        guard operation.canGoBack, let id = operation.change?.target.slot,
            let base = operation.change?.base?.slot.id, base != id,
            case .act(.route(let weights)) = next, weights == [base: 1000]
        else { return false }
        return lane.isLost(id)
            || !lane.weights.isEmpty && operation.change.flatMap(lane.unserved) != nil
    }
}

extension LaneObservation {
    /// Whether a slot has traffic and, for all that is known, nothing to answer it with.
    func isLost(_ id: SlotID) -> Bool {
        weights[id, default: 0] > 0 && isDead(id)
    }

    /// The old slot of a replacement, where it could answer the traffic and nothing does, for all that is known.
    func unserved(by change: Change) -> SlotID? {
        guard change.kind == .replace, let base = change.base?.slot.id, let old = slot(base),
            case .slot(_, _, let replicas) = change.target, replicas.maximum > 0,
            old.healthyCount > 0, !old.isEdited, base != change.target.slot,
            weights.allSatisfy({ $0.value == 0 || isDead($0.key) })
        else { return nil }
        return base
    }

    /// Whether nobody knows how a slot is: too few are known to be healthy, and the rest may be.
    func isUnsure(_ id: SlotID, of needed: Int) -> Bool {
        guard let slot = slot(id), slot.healthyCount < needed else { return false }
        let unknown = slot.instances.count { $0.phase == .unknown }
        return unknown > 0 && slot.healthyCount + unknown >= needed
    }

    /// Whether a slot surely has no healthy instance. One of which nothing is known may be healthy.
    func isDead(_ id: SlotID) -> Bool {
        slot(id)?.instances.allSatisfy { $0.phase != .healthy && $0.phase != .unknown } ?? true
    }
}
