package import AirlockModel

extension LaneObservation {
    /// The lane after a provider without faults or delay carried out `action`.
    ///
    /// - Parameter phase: What new instances of a slot are.
    package func after(
        _ action: Action, operation: Int? = nil, change: ChangeID? = nil,
        phase: (SlotSpec) -> InstanceObservation.Phase = { _ in .healthy }
    ) -> LaneObservation {
        switch action {
        case .start(let spec, let replicas):
            let slot = SlotObservation(
                id: spec.id, spec: spec, replicas: replicas,
                instances: Self.instances(replicas, phase(spec)), change: change,
                operation: operation)
            return LaneObservation(
                lane: lane, slots: slots.filter { $0.id != spec.id } + [slot], weights: weights,
                jobs: jobs)
        case .scale(let id, let replicas):
            return with(id) { $0.with(replicas: replicas, phase: phase($0.spec)) }
        case .route(let weights):
            return LaneObservation(lane: lane, slots: slots, weights: weights, jobs: jobs)
        case .stop(let id):
            return LaneObservation(
                lane: lane, slots: slots.filter { $0.id != id },
                weights: weights.filter { $0.key != id }, jobs: jobs)
        case .restart(let id, let instance, let starts):
            return with(id) {
                $0.with(instance) {
                    InstanceObservation(
                        id: $0.id, phase: .healthy, starts: max($0.starts, starts + 1),
                        isEjected: $0.isEjected)
                }
            }
        case .replace(let id, let instance):
            return with(id) {
                $0.with(instance) {
                    InstanceObservation(id: $0.id + "'", phase: .healthy)
                }
            }
        case .eject(let id, let instance), .readmit(let id, let instance):
            let isEjected = action.isDone(in: self) ? nil : action == .eject(id, instance: instance)
            return with(id) {
                $0.with(instance) {
                    InstanceObservation(
                        id: $0.id, phase: $0.phase, starts: $0.starts,
                        isEjected: isEjected ?? $0.isEjected)
                }
            }
        case .run(let job):
            return LaneObservation(
                lane: lane, slots: slots, weights: weights,
                jobs: jobs.filter { $0.id != job.id } + [
                    JobObservation(id: job.id, slot: job.slot, phase: .passed)
                ])
        }
    }

    /// The lane with one slot replaced; a slot that is not there stays away.
    package func with(
        _ id: SlotID, _ change: (SlotObservation) -> SlotObservation
    ) -> LaneObservation {
        LaneObservation(
            lane: lane, slots: slots.map { $0.id == id ? change($0) : $0 }, weights: weights,
            jobs: jobs)
    }

    fileprivate static func instances(
        _ count: Int, _ phase: InstanceObservation.Phase
    ) -> [InstanceObservation] {
        (0..<count).map { InstanceObservation(id: "\($0)", phase: phase) }
    }
}

extension SlotObservation {
    /// The slot with another number of instances, all of one phase.
    package func with(
        replicas: Int, phase: InstanceObservation.Phase
    ) -> SlotObservation {
        SlotObservation(
            id: id, spec: spec, replicas: replicas,
            instances: LaneObservation.instances(replicas, phase), change: change,
            operation: operation)
    }

    /// The slot with its first `count` instances healthy and the others starting.
    package func with(healthy count: Int) -> SlotObservation {
        let instances = (0..<replicas).map { index in
            InstanceObservation(id: "\(index)", phase: index < count ? .healthy : .starting)
        }
        return SlotObservation(
            id: id, spec: spec, replicas: replicas, instances: instances, change: change,
            operation: operation)
    }

    /// The slot with one instance replaced by what `change` makes of it.
    package func with(
        _ instance: String, _ change: (InstanceObservation) -> InstanceObservation
    ) -> SlotObservation {
        SlotObservation(
            id: id, spec: spec, replicas: replicas,
            instances: instances.map { $0.id == instance ? change($0) : $0 },
            change: self.change, operation: operation)
    }

    /// The slot after someone edited it by hand.
    package func edited(into spec: SlotSpec) -> SlotObservation {
        SlotObservation(
            id: id, spec: spec, replicas: replicas, instances: instances, change: change,
            operation: operation)
    }
}
