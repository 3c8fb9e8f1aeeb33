import AirlockModel

/// What runs in one lane of the world.
struct LaneState: Sendable {
    private(set) var slots: [SlotID: SlotState] = [:]
    private(set) var weights: [SlotID: Int] = [:]

    /// What an action would come to.
    func effect(of action: Action) -> Delivery.Effect {
        switch action {
        case .start(let spec, let replicas):
            guard let slot = slots[spec.id] else { return .applied }
            return slot.replicas == replicas
                ? .noEffect : .refused("slot \(spec.id.short) runs already")
        case .scale(let id, let replicas):
            guard let slot = slots[id] else { return .refused("there is no slot \(id.short)") }
            return slot.replicas == replicas ? .noEffect : .applied
        case .route(let weights): return effect(ofRoute: weights)
        case .stop(let id): return slots[id] == nil ? .noEffect : .applied
        }
    }

    private func effect(ofRoute wanted: [SlotID: Int]) -> Delivery.Effect {
        let shares = wanted.filter { $0.value != 0 }
        if let missing = shares.keys.sorted().first(where: { slots[$0] == nil }) {
            return .refused("there is no slot \(missing.short) to route to")
        }
        guard shares.isEmpty || shares.values.reduce(0, +) == 1000,
            shares.values.allSatisfy({ $0 > 0 })
        else { return .refused("weights must add up to 1000") }
        return weights == shares ? .noEffect : .applied
    }

    /// Carries out an order whose effect is `applied`.
    mutating func carryOut(_ order: ActionOrder, at time: Timestamp, spec: SimulationSpec) {
        switch order.action {
        case .start(let slot, let replicas):
            slots[slot.id] = SlotState(
                spec: slot, replicas: replicas, at: time,
                behaviour: spec.artifacts[slot.artifact.digest] ?? ArtifactBehaviour(),
                change: order.change, operation: order.operation)
        case .scale(let id, let replicas): slots[id]?.scale(to: replicas, at: time)
        case .route(let weights): self.weights = weights.filter { $0.value != 0 }
        case .stop(let id):
            slots[id] = nil
            weights[id] = nil
            // What is left of the traffic is not shared out anew: nobody asked for that.
            if weights.values.reduce(0, +) != 1000 { weights = [:] }
        }
    }

    /// Suffers what someone did by hand, or the loss of an instance.
    mutating func suffer(_ kind: SimulatedFault.Kind, at time: Timestamp, spec: SimulationSpec) {
        let first = weights.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        guard let id = first ?? slots.keys.min() else { return }
        switch kind {
        case .loseInstance: slots[id]?.loseInstance(at: time)
        case .driftReplicas(let count): slots[id]?.scale(to: count, at: time)
        case .driftTraffic: weights = [:]
        case .driftConfig: slots[id]?.edit(at: time)
        case .driftStop:
            slots[id] = nil
            weights[id] = nil
        case .driftForeign:
            guard let foreign = slots[id]?.foreign(at: time) else { return }
            slots[foreign.id] = foreign
        case .refuse, .loseAnswer, .loseOrder, .deliverTwice, .late, .partition: return
        }
    }
}
