import AirlockModel

/// What a lane shall look like, and the next single action towards it.
enum Goal {
    /// One slot with all traffic and nothing beside it. A patient goal routes only when every instance
    /// is healthy; an impatient one, on the way back, as soon as one can serve.
    case slot(SlotSpec, Replicas, isPatient: Bool)
    case nothing

    /// How long to wait before looking again at instances that start.
    static let lookAgain = Duration.seconds(1)

    enum Next: Equatable {
        case act(Action)
        case wait(String)
        case reached
    }

    /// Decides from what is there alone.
    func next(in lane: LaneObservation) -> Next {
        switch self {
        case .nothing: removeAll(in: lane)
        case .slot(let spec, let replicas, let isPatient):
            bring(spec, replicas, isPatient: isPatient, in: lane)
        }
    }

    private func bring(
        _ spec: SlotSpec, _ replicas: Replicas, isPatient: Bool, in lane: LaneObservation
    ) -> Next {
        let id = spec.id
        guard let slot = lane.slot(id) else {
            let running = lane.serving.map(\.replicas).max() ?? replicas.minimum
            return .act(.start(spec, replicas: replicas.nearest(to: running)))
        }
        if slot.isEdited { return replaceEdited(slot, in: lane) }
        if !replicas.contains(slot.replicas) {
            return .act(.scale(id, replicas: replicas.nearest(to: slot.replicas)))
        }
        let weights = replicas.maximum == 0 ? [:] : [id: 1000]
        let needed = isPatient ? slot.replicas : min(1, slot.replicas)
        if lane.weights != weights {
            guard slot.healthyCount >= needed else {
                return .wait("\(slot.healthyCount) of \(needed) instances are healthy")
            }
            return .act(.route(weights))
        }
        if let other = lane.slots.first(where: { $0.id != id }) { return .act(.stop(other.id)) }
        guard slot.healthyCount >= needed else {
            return .wait("\(slot.healthyCount) of \(needed) instances are healthy")
        }
        return .reached
    }

    /// A slot is never edited back: what someone changed by hand is stopped and started anew, after
    /// its traffic went to whatever else can serve.
    private func replaceEdited(_ slot: SlotObservation, in lane: LaneObservation) -> Next {
        guard lane.weights[slot.id, default: 0] > 0 else { return .act(.stop(slot.id)) }
        let other = lane.slots.first { $0.id != slot.id && $0.healthyCount > 0 && !$0.isEdited }
        return .act(.route(other.map { [$0.id: 1000] } ?? [:]))
    }

    private func removeAll(in lane: LaneObservation) -> Next {
        if !lane.weights.isEmpty { return .act(.route([:])) }
        return lane.slots.first.map { .act(.stop($0.id)) } ?? .reached
    }
}
