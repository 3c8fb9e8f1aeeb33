import AirlockModel

/// What is done to single instances of a slot.
extension SlotState {
    /// The name of an instance, which it keeps over its restarts.
    func name(of instance: Instance) -> String { stem + "-" + String(instance.number) }

    /// How often an instance had been started by `time`, by whomever.
    func starts(of instance: Instance, at time: Timestamp) -> Int {
        1 + instance.restarts + rounds(of: instance, at: time)
    }

    /// What an action on one instance would come to.
    func effect(on name: String, of action: Action, at time: Timestamp) -> Delivery.Effect {
        guard let instance = instances.first(where: { self.name(of: $0) == name }) else {
            return .refused("there is no instance \(name)")
        }
        switch action {
        case .restart(_, _, let starts):
            return self.starts(of: instance, at: time) > starts ? .noEffect : .applied
        case .replace: return .applied
        case .eject: return instance.isEjected(at: time) ? .noEffect : .applied
        case .readmit: return instance.isEjected(at: time) ? .applied : .noEffect
        case .start, .scale, .route, .stop, .run: return .noEffect
        }
    }

    /// Carries out an action on one instance whose effect is `applied`.
    mutating func carryOut(_ action: Action, on name: String, at time: Timestamp) {
        guard let index = instances.firstIndex(where: { self.name(of: $0) == name }) else { return }
        switch action {
        case .restart: restart(index, at: time)
        case .replace: replace(index, at: time)
        case .eject: instances[index].ejections.append(Ejection(from: time))
        case .readmit: instances[index].readmit(at: time)
        case .start, .scale, .route, .stop, .run: return
        }
    }

    /// Ends it and starts it again under its name; what was, stays in the counters of the past.
    private mutating func restart(_ index: Int, at time: Timestamp) {
        let old = instances[index]
        var fresh = Instance(number: old.number, started: time)
        fresh.restarts = starts(of: old, at: time)
        (fresh.degraded, fresh.ejections) = (old.degraded, old.ejections)
        end(old, at: time)
        instances[index] = fresh
    }

    private mutating func replace(_ index: Int, at time: Timestamp) {
        end(instances.remove(at: index), at: time)
        startInstance(at: time)
    }

    /// The oldest instances that can serve end, and nobody starts them again.
    mutating func kill(_ count: Int, at time: Timestamp) {
        for index in able(at: time).prefix(count) { instances[index].killed = time }
    }

    /// The oldest instances that can serve do so badly from now on.
    mutating func degrade(_ count: Int, errors: Share, latency: Duration?, at time: Timestamp) {
        for index in able(at: time).prefix(count) {
            instances[index].degraded = Degradation(since: time, errors: errors, latency: latency)
        }
    }

    /// Degraded instances are well from now on.
    mutating func cure(at time: Timestamp) {
        for index in instances.indices where instances[index].degraded != nil {
            instances[index].degraded?.until = time
        }
    }

    private func able(at time: Timestamp) -> [Int] {
        instances.indices.filter { phase(of: instances[$0], at: time).phase == .healthy }
    }

    /// The instances that take part in serving at `time`.
    func serving(at time: Timestamp) -> [Instance] {
        instances(at: time).filter {
            phase(of: $0, at: time).phase == .healthy && !$0.isEjected(at: time)
        }
    }
}

extension SlotState {
    /// How an instance is worse than its peers.
    struct Degradation: Sendable {
        let since: Timestamp
        let errors: Share
        /// Nil for the latency of its peers.
        let latency: Duration?
        var until: Timestamp?

        func isInForce(at time: Timestamp) -> Bool {
            since <= time && until.map { time < $0 } ?? true
        }

        /// The part of its requests that fail where `usual` of its peers' do: never less than theirs, as
        /// where it is slow alone.
        func errorRate(beside usual: Double) -> Double {
            max(usual, Double(errors.basisPoints) / 10_000)
        }
    }

    /// A span without traffic.
    struct Ejection: Sendable {
        let from: Timestamp
        /// Nil while it lasts.
        var to: Timestamp?
    }
}

extension SlotState.Instance {
    /// How many spans without traffic are remembered, so that counters of the past stay.
    private static let maximumEjections = 64

    func isEjected(at time: Timestamp) -> Bool {
        ejections.contains { $0.from <= time && $0.to.map { end in time < end } ?? true }
    }

    fileprivate mutating func readmit(at time: Timestamp) {
        guard let last = ejections.indices.last else { return }
        ejections[last].to = time
        if ejections.count > Self.maximumEjections { ejections.removeFirst() }
    }

    /// What is wrong with it at `time`; nil when nothing is.
    func degradation(at time: Timestamp) -> SlotState.Degradation? {
        degraded.flatMap { $0.isInForce(at: time) ? $0 : nil }
    }
}
