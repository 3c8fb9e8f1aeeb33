import AirlockModel

/// The checks of the new slot while it is idle.
extension BlueGreen {
    /// What the checks leave to be done in place of the switch; nil when they let it happen.
    func preview(
        _ sides: Sides, _ state: inout RolloutState, _ answer: PreviewAnswer?
    ) -> RolloutStep? {
        guard let preview = plan.preview.map(Preview.init) else { return nil }
        switch preview.judge(answer, &state, now: sides.now) {
        case .passed: return nil
        case .open(let what): return lack(sides, state, what)
        case .failed(let reason): return back(sides, state, reason)
        }
    }

    /// Whether the new slot has traffic that it may not have yet: of a rollout that this one took the place
    /// of, by somebody's hand, or of a switch that was half done when its pass was still good. It has to be
    /// idle to be asked.
    func isEarly(_ sides: Sides, _ state: RolloutState, isWhole: Bool) -> Bool {
        guard let preview = plan.preview.map(Preview.init), state.canary?.inForce == nil,
            sides.lane.weights[sides.spec.id] != nil
        else { return false }
        let known = isWhole ? state.preview : preview.current(state, now: sides.now)
        return known?.passed == nil
    }

    /// A slot that has none beside it: checked before its first traffic too.
    func alone(
        _ change: Change, _ state: RolloutState, _ lane: LaneObservation,
        _ answer: PreviewAnswer?, _ now: Moment
    ) -> RolloutStep {
        var state = state
        if let slot = change.target.slot.flatMap({ lane.slot($0) }),
            slot.healthyCount < slot.replicas
        {
            state.preview = nil
        }
        // Without its deadline, to see what it would do next: the checks have a say in how it ends.
        let next = AllAtOnce(deadline: .seconds(Int64.max)).advance(
            change, state: state, in: lane, now: now)
        guard let preview = plan.preview.map(Preview.init), change.kind == .create,
            let id = change.target.slot, case .forward = state.direction,
            case .act(.route(let weights)) = next.next, weights[id] != nil
        else {
            return AllAtOnce(deadline: deadline).advance(change, state: state, in: lane, now: now)
        }
        state = next.state
        switch preview.judge(answer, &state, now: now) {
        case .passed: break
        case .open(let what):
            guard state.stalled >= deadline else { return wait(state, what) }
            state.direction = .back(
                reason: "no progress for \(deadline.milliseconds / 1000) s: \(what)")
        case .failed(let why): state.direction = .back(reason: why)
        }
        return AllAtOnce(deadline: deadline).advance(change, state: state, in: lane, now: now)
    }
}
