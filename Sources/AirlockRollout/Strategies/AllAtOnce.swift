import AirlockModel

/// Start, wait for health, route, stop.
///
/// When the new slot makes no progress for `deadline`, it is stopped and the old one goes on serving.
/// The same slot with another number of instances has nothing to go back to: it settles then, with
/// whatever health it has.
struct AllAtOnce {
    let deadline: Duration

    func advance(
        _ change: Change, state: RolloutState, in lane: LaneObservation, now: Moment
    ) -> RolloutStep {
        switch state.direction {
        case .forward: forward(change, state: state, in: lane, now: now)
        case .back(let reason): back(change, state: state, in: lane, reason: reason, now: now)
        }
    }

    private func forward(
        _ change: Change, state: RolloutState, in lane: LaneObservation, now: Moment
    ) -> RolloutStep {
        var state = state
        let goal: Goal =
            switch change.target {
            case .slot(let spec, _, let replicas): .slot(spec, replicas, isPatient: true)
            case .removal: .nothing
            }
        let slot = change.target.slot.flatMap(lane.slot)
        // Time in which nobody knows how its instances are says nothing of them.
        if let slot, lane.isUnsure(slot.id, of: slot.replicas) { state.seen = nil }
        note(healthy: slot?.healthyCount ?? 0, in: &state, now: now)
        switch goal.next(in: lane) {
        case .act(let action):
            // A provider that will not act keeps no place in the limits for ever. A removal and another
            // number of instances have nothing to go back to and are tried on.
            guard state.stalled >= deadline, change.kind == .create || change.kind == .replace
            else {
                return RolloutStep(state: state, next: .act(action))
            }
            return turnBack(
                change, state: state, in: lane,
                what: "the next action, \(action.capability.rawValue), does not get done")
        case .wait(let what):
            guard state.stalled >= deadline else {
                return RolloutStep(state: state, next: .wait(what, lookAgain: Goal.lookAgain))
            }
            // There is no other slot to go back to, and the engine keeps the number that git asks for.
            if change.kind == .scale { return RolloutStep(state: state, next: .end(.settled)) }
            return turnBack(change, state: state, in: lane, what: what)
        case .reached: return RolloutStep(state: state, next: .end(.settled))
        }
    }

    private func turnBack(
        _ change: Change, state: RolloutState, in lane: LaneObservation, what: String
    ) -> RolloutStep {
        var state = state
        let reason = "no progress for \(deadline.milliseconds / 1000) s: \(what)"
        state.turnBack(reason)
        return back(change, state: state, in: lane, reason: reason)
    }

    /// - Parameter now: Nil right after it turned.
    private func back(
        _ change: Change, state: RolloutState, in lane: LaneObservation, reason: String,
        now: Moment? = nil
    ) -> RolloutStep {
        var state = state
        var isPatient = false
        if let now {
            state.noteFailure(of: change.base?.slot.id, in: lane, now: now)
            if state.keepsCapacity == true {
                // The base was stopped long ago: it takes the traffic when it is whole, or at the deadline.
                let healthy = change.base.flatMap { lane.slot($0.slot.id) }?.healthyCount ?? 0
                note(healthy: healthy, in: &state, now: now)
                isPatient = state.stalled < deadline
            }
            state.seen = now
        }
        let goal =
            change.base.map {
                Goal.slot(
                    $0.slot, $0.replicas, isPatient: isPatient, shunned: change.target.slot)
            } ?? .nothing
        switch goal.next(in: lane) {
        case .act(let action): return RolloutStep(state: state, next: .act(action))
        case .wait(let what):
            if let base = change.base?.slot.id,
                let action = state.bringAnew(base, after: deadline, in: lane)
            {
                return RolloutStep(state: state, next: .act(action))
            }
            return RolloutStep(state: state, next: .wait(what, lookAgain: Goal.lookAgain))
        case .reached:
            return RolloutStep(state: state, next: .end(.rolledBack(reason: reason)))
        }
    }

    /// Adds the time since the last look, and starts anew when more instances than ever are healthy:
    /// readiness that comes and goes is no progress.
    func note(healthy: Int, in state: inout RolloutState, now: Moment) {
        if healthy > state.best {
            state.best = healthy
            state.stalled = .zero
        } else if let seen = state.seen {
            state.stalled += now.elapsed(since: seen)
        }
        state.seen = now
    }
}
