import AirlockAnalysis
import AirlockModel

/// What the new slot has to show while it is idle.
extension BlueGreen {
    /// What is to be done in place of the switch; nil when it may happen.
    func preview(
        _ sides: Sides, _ state: inout RolloutState, _ answer: PreviewAnswer?
    ) -> RolloutStep? {
        guard let preview = plan.preview.map(Preview.init) else { return nil }
        switch preview.judge(answer, &state, elapsed: sides.elapsed, now: sides.now) {
        case .passed: return nil
        case .open(let what): return lack(sides, state, what)
        case .holding(let what): return wait(state, what)
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
        _ answer: SignalAnswer?, _ now: Moment
    ) -> RolloutStep {
        var state = state
        let strategy = AllAtOnce(deadline: deadline)
        if let slot = change.target.slot.flatMap({ lane.slot($0) }) {
            if slot.healthyCount < slot.replicas { Preview.forget(&state) }
            if let preview = plan.preview.map(Preview.init), isToServe(change, state, lane) {
                if let wait = first(slot, preview, &state, answer, now) { return wait }
            } else {
                state.canary?.endIdle()
            }
        }
        let step = strategy.advance(change, state: state, in: lane, now: now)
        guard change.kind == .scale, change.preview != nil, case .end(.settled) = step.next,
            case .forward = step.state.direction, let id = change.target.slot,
            lane.weights[id] == nil, let slot = lane.slot(id), slot.replicas > 0
        else { return step }
        // Settled without its traffic, it would be given that unasked as soon as an instance is healthy.
        state = step.state
        state.turnBack(
            "no progress for \(deadline.milliseconds / 1000) s: \(slot.healthyCount) of "
                + "\(slot.replicas) instances are healthy")
        return strategy.advance(change, state: state, in: lane, now: now)
    }

    /// Judges a slot before its first traffic.
    ///
    /// - Returns: What is waited for; nil when it may have its traffic, or goes back.
    private func first(
        _ slot: SlotObservation, _ preview: Preview, _ state: inout RolloutState,
        _ answer: SignalAnswer?, _ now: Moment
    ) -> RolloutStep? {
        let elapsed = state.seen.map { now.elapsed(since: $0) } ?? .zero
        let stalled = state.stalled
        // The preview has a say in how it ends, so its time is counted before it.
        AllAtOnce(deadline: deadline).note(healthy: slot.healthyCount, in: &state, now: now)
        if let bounds = plan.preview?.bounds {
            var watched = state.canary ?? CanaryState(judge: judge(.onePercent, plan.limits))
            watched.take(answer, idle: bounds, now: now)
            state.canary = watched
            if case .harmful(let reasons) = watched.judge.verdict {
                let why = reasons.map(\.sentence).joined(separator: " ")
                state = Preview.broken(state, reason: why)
                state.turnBack(why)
                return nil
            }
        }
        switch preview.judge(previewed, &state, elapsed: elapsed, now: now) {
        case .passed: return nil
        case .holding(let what):
            state.stalled = min(state.stalled, stalled)
            return wait(state, what)
        case .open(let what):
            guard state.stalled >= deadline else { return wait(state, what) }
            state.turnBack(
                "no progress for \(deadline.milliseconds / 1000) s: \(what)")
        case .failed(let why): state.turnBack(why)
        }
        return nil
    }

    /// Whether a slot with none beside it lacks nothing any more but its first traffic.
    private func isToServe(
        _ change: Change, _ state: RolloutState, _ lane: LaneObservation
    ) -> Bool {
        guard change.preview != nil, case .forward = state.direction,
            case .slot(let spec, _, let replicas) = change.target,
            change.kind == .create || change.kind == .scale,
            lane.slot(spec.id).map({ $0.replicas > 0 }) ?? false,
            case .act(.route(let weights)) = Goal.slot(spec, replicas, isPatient: true)
                .next(in: lane)
        else { return false }
        return weights[spec.id] != nil
    }
}
