package import AirlockModel

/// Taking over what already runs under this fleet's name, without changing it.
package enum Adoption {
    /// What a lane that the ledger has never seen is taken to have settled on.
    ///
    /// The slot with the most traffic stands for the lane; among equals the one with more healthy
    /// instances, then the lower id. Nil when nothing runs there.
    package static func settled(from lane: LaneObservation, at time: Timestamp) -> Settled? {
        let first = lane.slots.min { left, right in
            let leftRank = (-(lane.weights[left.id] ?? 0), -left.healthyCount)
            let rightRank = (-(lane.weights[right.id] ?? 0), -right.healthyCount)
            return leftRank == rightRank ? left.id < right.id : leftRank < rightRank
        }
        guard let first, let replicas = Replicas(first.replicas) else { return nil }
        return Settled(
            slot: first.spec, version: nil, replicas: replicas, change: first.change,
            operation: nil, commit: nil, at: time)
    }
}
