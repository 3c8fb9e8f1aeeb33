import AirlockModel

/// What runs in one lane of the world.
struct LaneState: Sendable {
    /// Shares of the traffic that hold from a time on.
    private struct Shares {
        let since: Timestamp
        let weights: [SlotID: Int]
    }

    /// The most instances of one slot.
    static let maximumReplicas = 10_000
    /// The most slots of one lane.
    static let maximumSlots = 100
    /// How many former shares are kept, so that counters of the past stay as they were.
    private static let maximumShares = 256

    private(set) var slots: [SlotID: SlotState] = [:]
    /// The newest last.
    var jobs: [JobState] = []
    /// The newest last.
    private var shares: [Shares] = []

    /// Shares of the traffic in per mille: they add up to 1000, or there are none.
    var weights: [SlotID: Int] { shares.last?.weights ?? [:] }

    /// The share of a slot at a time; that of the oldest time that is known for one before it.
    func weight(of id: SlotID, at time: Timestamp) -> Int {
        let then = shares.last { $0.since <= time } ?? shares.first
        return then?.weights[id] ?? 0
    }

    /// What an action would come to.
    func effect(of action: Action, at time: Timestamp) -> Delivery.Effect {
        switch action {
        case .start(let spec, let replicas): effect(ofStart: spec.id, replicas)
        case .scale(let id, let replicas): effect(ofScale: id, replicas)
        case .route(let weights): effect(ofRoute: weights)
        case .stop(let id): slots[id] == nil ? .noEffect : .applied
        case .restart(let id, let instance, _), .replace(let id, let instance),
            .eject(let id, let instance), .readmit(let id, let instance):
            slots[id]?.effect(on: instance, of: action, at: time)
                ?? .refused("there is no slot \(id.short)")
        case .run(let job): effect(ofRun: job)
        }
    }

    private func effect(ofStart id: SlotID, _ replicas: Int) -> Delivery.Effect {
        if let refusal = refusal(of: replicas) { return refusal }
        guard let slot = slots[id] else {
            return slots.count < Self.maximumSlots
                ? .applied : .refused("a lane has at most \(Self.maximumSlots) slots")
        }
        return slot.replicas == replicas && slot.spec.id == id
            ? .noEffect : .refused("slot \(id.short) runs already and cannot be edited")
    }

    private func effect(ofScale id: SlotID, _ replicas: Int) -> Delivery.Effect {
        if let refusal = refusal(of: replicas) { return refusal }
        guard let slot = slots[id] else { return .refused("there is no slot \(id.short)") }
        return slot.replicas == replicas ? .noEffect : .applied
    }

    private func refusal(of replicas: Int) -> Delivery.Effect? {
        (0...Self.maximumReplicas).contains(replicas)
            ? nil : .refused("replicas are 0 to \(Self.maximumReplicas), not \(replicas)")
    }

    private func effect(ofRoute wanted: [SlotID: Int]) -> Delivery.Effect {
        let shares = wanted.filter { $0.value != 0 }
        if let missing = shares.keys.sorted().first(where: { slots[$0] == nil }) {
            return .refused("there is no slot \(missing.short) to route to")
        }
        guard shares.values.allSatisfy((1...1000).contains),
            shares.isEmpty || shares.values.reduce(0, +) == 1000
        else { return .refused("weights must add up to 1000") }
        return weights == shares ? .noEffect : .applied
    }

    /// Carries out an order whose effect is `applied`.
    ///
    /// - Parameter isHalf: Whether the provider fails in the middle of it.
    mutating func carryOut(
        _ order: ActionOrder, isHalf: Bool, at time: Timestamp, spec: SimulationSpec
    ) {
        guard let action = isHalf ? half(of: order.action) : order.action else { return }
        switch action {
        case .start(let slot, let replicas):
            slots[slot.id] = SlotState(
                spec: slot, replicas: replicas, at: time,
                behaviour: spec.artifacts[slot.artifact.digest] ?? ArtifactBehaviour(),
                change: order.change, operation: order.operation)
        case .scale(let id, let replicas): slots[id]?.scale(to: replicas, at: time)
        case .route(let weights): share(weights.filter { $0.value != 0 }, at: time)
        case .stop(let id): stop(id, at: time)
        case .restart(let id, let instance, _), .replace(let id, let instance),
            .eject(let id, let instance), .readmit(let id, let instance):
            slots[id]?.carryOut(action, on: instance, at: time)
        case .run(let job): run(job, at: time, spec: spec)
        }
    }

    /// What comes of an order whose effect is `applied` when the provider fails in the middle of it.
    func half(of action: Action) -> Action? {
        switch action {
        case .start(let slot, let replicas): return .start(slot, replicas: replicas / 2)
        case .scale(let id, let replicas):
            return slots[id].map { .scale(id, replicas: ($0.replicas + replicas) / 2) }
        case .route(let wanted):
            // Without traffic before or after there is nothing between the two.
            guard !weights.isEmpty, wanted.values.contains(where: { $0 > 0 }) else { return nil }
            var mixed = weights.merging(wanted) { $0 + $1 }.mapValues { $0 / 2 }
            let rest = 1000 - mixed.values.reduce(0, +)
            if let first = mixed.keys.min() { mixed[first]? += rest }
            return .route(mixed)
        case .stop(let id): return slots[id].map { .scale(id, replicas: $0.replicas / 2) }
        // One instance or job is nothing that can be done by half.
        case .restart, .replace, .eject, .readmit, .run: return nil
        }
    }

    private mutating func stop(_ id: SlotID, at time: Timestamp) {
        slots[id] = nil
        // What is left of the traffic is not shared out anew: nobody asked for that.
        if weights[id] != nil { share([:], at: time) }
    }

    private mutating func share(_ weights: [SlotID: Int], at time: Timestamp) {
        shares.append(Shares(since: time, weights: weights))
        if shares.count > Self.maximumShares { shares.removeFirst() }
    }

    /// Suffers what someone did by hand, or the loss of an instance, in the slot that serves most.
    mutating func suffer(_ kind: SimulatedFault.Kind, at time: Timestamp) {
        let first = weights.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        guard let id = first ?? slots.keys.min() else { return }
        switch kind {
        case .loseInstance: slots[id]?.loseInstance(at: time)
        case .killInstances(let count): slots[id]?.kill(count, at: time)
        case .degradeInstances(let count, let errors, let latency):
            slots[id]?.degrade(count, errors: errors, latency: latency, at: time)
        case .cureInstances: slots[id]?.cure(at: time)
        case .driftReplicas(let count): slots[id]?.scale(to: count, at: time)
        case .driftTraffic: share([:], at: time)
        case .driftConfig: slots[id]?.edit(at: time)
        case .driftStop: stop(id, at: time)
        case .driftForeign:
            guard let foreign = slots[id]?.foreign(at: time) else { return }
            slots[foreign.id] = foreign
        case .refuse, .loseAnswer, .loseOrder, .half, .deliverTwice, .late, .partition: return
        }
    }
}
