import AirlockModel

/// What a lane shall look like, and the next single action towards it.
enum Goal {
    /// One slot with all traffic and nothing beside it. A patient goal, on the way forward, routes and
    /// ends only when every instance is healthy. An impatient one routes as soon as one can serve, and
    /// with the traffic where it belongs it is reached: health is not what a repair mends. A slot that is
    /// shunned was given up: it gets no traffic while another can serve, and one that was edited by hand
    /// serves in its place until a repair replaces it.
    case slot(SlotSpec, Replicas, isPatient: Bool, shunned: SlotID? = nil)
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
        case .slot(let spec, let replicas, let isPatient, let shunned):
            bring(spec, replicas, isPatient: isPatient, shunned: shunned, in: lane)
        }
    }

    private func bring(
        _ spec: SlotSpec, _ replicas: Replicas, isPatient: Bool, shunned: SlotID?,
        in lane: LaneObservation
    ) -> Next {
        let id = spec.id
        let serving = lane.serving.filter { $0.id != id }.map(\.replicas).max()
        guard let slot = lane.slot(id) else {
            return .act(.start(spec, replicas: replicas.nearest(to: serving ?? 0)))
        }
        if slot.isEdited, shunned == nil || slot.healthyCount == 0 {
            return replaceEdited(
                slot, shunned: shunned, isRepair: !isPatient && shunned == nil, in: lane)
        }
        if let count = count(for: slot, declared: replicas, serving: serving) {
            return .act(.scale(id, replicas: count))
        }
        let weights = replicas.maximum == 0 ? [:] : [id: 1000]
        let needed = isPatient ? slot.replicas : min(1, slot.replicas)
        let isReady = slot.healthyCount >= needed
        let isRouted = lane.weights == weights
        if isReady, !isRouted { return .act(.route(weights)) }
        // On the way forward nothing that could still serve is stopped before the slot itself can.
        guard isReady || (isRouted && !isPatient) else {
            let isLeft = shunned.map { lane.weights[$0, default: 0] > 0 } == true
            if isPatient || isLeft, let rescue = rescue(from: slot, in: lane) {
                return .act(rescue)
            }
            return .wait("\(slot.healthyCount) of \(needed) instances are healthy")
        }
        return lane.slots.first { $0.id != id }.map { .act(.stop($0.id)) } ?? .reached
    }

    /// How many instances the slot is to be given; nil when its number may stay.
    ///
    /// Bounds from zero up may leave a slot empty, but traffic is not taken from one that serves to
    /// one that is empty.
    private func count(
        for slot: SlotObservation, declared: Replicas, serving: Int?
    ) -> Int? {
        guard declared.contains(slot.replicas) else { return declared.nearest(to: slot.replicas) }
        guard slot.replicas == 0, declared.maximum > 0, let serving else { return nil }
        return declared.nearest(to: serving)
    }

    /// Gives the traffic back to a slot that can serve, when the one that shall have it lost every healthy
    /// instance; what was given up and still has some of it serves rather than nothing.
    private func rescue(from slot: SlotObservation, in lane: LaneObservation) -> Action? {
        guard lane.weights[slot.id, default: 0] > 0, lane.isDead(slot.id) else { return nil }
        return other(than: slot, in: lane).map { .route([$0.id: 1000]) }
    }

    /// A slot is never edited back: what someone changed by hand is stopped and started anew, after
    /// its traffic went to whatever else can serve. A slot that was given up before it had any is not asked, and
    /// a repair asks none that has no traffic: it is what a change left behind before it had shown itself.
    private func replaceEdited(
        _ slot: SlotObservation, shunned: SlotID?, isRepair: Bool, in lane: LaneObservation
    ) -> Next {
        guard lane.weights[slot.id, default: 0] > 0 else { return .act(.stop(slot.id)) }
        let barred = lane.slots.map(\.id).filter {
            lane.weights[$0, default: 0] == 0 && (isRepair || $0 == shunned)
        }
        let other = other(than: slot, in: lane, but: barred)
        return .act(.route(other.map { [$0.id: 1000] } ?? [:]))
    }

    /// The slot with the most healthy instances beside `slot`; among equals the lower id.
    private func other(
        than slot: SlotObservation, in lane: LaneObservation, but barred: [SlotID] = []
    ) -> SlotObservation? {
        lane.slots.filter {
            $0.id != slot.id && !barred.contains($0.id) && $0.healthyCount > 0 && !$0.isEdited
        }
        .max { ($0.healthyCount, $1.id) < ($1.healthyCount, $0.id) }
    }

    private func removeAll(in lane: LaneObservation) -> Next {
        if !lane.weights.isEmpty { return .act(.route([:])) }
        return lane.slots.first.map { .act(.stop($0.id)) } ?? .reached
    }
}
