package import AirlockModel

/// Finding how a lane differs from what it settled on.
package enum DriftDetection {
    /// Every difference, in a fixed order; empty when the lane is as it was left.
    ///
    /// - Parameter settled: Nil when the lane shall run nothing.
    package static func drift(of lane: LaneObservation, from settled: Settled?) -> [Drift] {
        guard let settled else { return lane.slots.map { .slotForeign($0.id) } }
        let id = settled.slot.id
        var found: [Drift] = []
        if let slot = lane.slot(id) {
            if slot.isEdited { found.append(.slotEdited(id, found: slot.spec.id)) }
            if !settled.replicas.contains(slot.replicas) {
                found.append(.replicas(id, found: slot.replicas, declared: settled.replicas))
            }
        } else {
            found.append(.slotMissing(id))
        }
        found += lane.slots.filter { $0.id != id }.map { .slotForeign($0.id) }
        let expected = settled.replicas.maximum == 0 ? [:] : [id: 1000]
        if lane.slot(id) != nil, lane.weights != expected {
            found.append(.weights(found: lane.weights, settled: id))
        }
        return found
    }
}
