import AirlockAnalysis
import AirlockModel

/// What the two slots of a change are while both are there.
struct Sides {
    let change: Change
    /// The slot to go back to.
    let base: SlotID
    /// What that settled on.
    let settled: Settled
    /// The slot that shall be.
    let spec: SlotSpec
    let replicas: Replicas
    let lane: LaneObservation
    let now: Moment
    /// Monotonic time since the last look; zero after one that was long ago.
    let elapsed: Duration
    /// Since when a person was waited for at the last look; nil when nobody was.
    let waitedSince: Timestamp?

    /// Nil for what has no other slot beside it, and for what goes back already.
    init?(_ change: Change, _ state: RolloutState, _ lane: LaneObservation, _ now: Moment) {
        guard case .forward = state.direction, change.kind == .replace, let base = change.base,
            case .slot(let spec, _, let replicas) = change.target
        else { return nil }
        self.change = change
        self.base = base.slot.id
        settled = base
        self.spec = spec
        self.replicas = replicas
        self.lane = lane
        self.now = now
        elapsed = state.seen.map { now.elapsed(since: $0) } ?? .zero
        waitedSince = state.canary?.waitsSince
    }

    /// What brings the slot that serves back to its size; nil where it has it, or is not ours to change.
    ///
    /// A hand may have taken it away or made it smaller, and git may ask for more in the middle of a change:
    /// what serves comes before what shall.
    ///
    /// - Parameter wanted: The number of instances that it is to have.
    func restoring(to wanted: Int) -> Action? {
        guard let slot = lane.slot(base) else {
            return wanted > 0 ? .start(settled.slot, replicas: wanted) : nil
        }
        return slot.replicas < wanted && !slot.isEdited ? .scale(base, replicas: wanted) : nil
    }
}

/// A strategy under which the old slot stays until the new one has shown itself.
protocol SideBySide {
    /// The longest time without one more healthy instance of the new slot, or without its action.
    var deadline: Duration { get }
    /// What the source of signals can tell.
    var traits: SignalTraits { get }
}

extension SideBySide {
    /// Judges what was seen since the last look.
    ///
    /// - Parameters:
    ///   - isJudged: Whether numbers decide about the step; where none do, a pause counts without them.
    ///   - bounds: What the new slot is held to while it is idle.
    /// - Returns: The state with the verdict, and the way back where it is that the new slot does harm.
    func look(
        _ sides: Sides, _ before: RolloutState, _ known: CanaryState, _ answer: SignalAnswer?,
        isJudged: Bool, idle bounds: PreviewBounds? = nil
    ) -> (state: RolloutState, watched: CanaryState, harm: RolloutStep?) {
        var (state, watched) = (before, known)
        state.seen = sides.now
        if sides.change.isReturn != true { watched.take(answer, idle: bounds, now: sides.now) }
        if isJudged {
            if case .counters? = answer { watched.countPause() }
        } else {
            watched.countPause()
        }
        (watched.isReady, watched.waitsSince) = (nil, nil)
        state.canary = watched
        guard case .harmful(let reasons) = watched.judge.verdict else {
            return (state, watched, nil)
        }
        let why = reasons.map(\.sentence).joined(separator: " ")
        return (state, watched, back(sides, state, why))
    }

    /// What takes the traffic from a slot that a rollout left whose place this one took: it was judged, and is not
    /// judged by one that goes back. Nil where there is none, or where nothing else could serve.
    func clearing(_ sides: Sides) -> Action? {
        guard sides.change.isReturn == true, (sides.lane.slot(sides.base)?.healthyCount ?? 0) > 0,
            sides.lane.weights.contains(where: {
                $0.value > 0 && ![sides.base, sides.spec.id].contains($0.key)
            })
        else { return nil }
        return .route([sides.base: 1000])
    }

    /// Does an action, or goes back when the provider has not done it for the deadline.
    func act(_ action: Action, _ sides: Sides, _ before: RolloutState) -> RolloutStep {
        guard before.stalled >= deadline else {
            var state = before
            state.stalled += sides.elapsed
            return RolloutStep(state: state, next: .act(action))
        }
        return back(
            sides, before,
            "no progress for \(deadline.milliseconds / 1000) s: the next action, "
                + "\(action.capability.rawValue), does not get done")
    }

    /// Waits for health, at most for the deadline; readiness that comes and goes is no progress.
    func lack(_ sides: Sides, _ before: RolloutState, _ what: String) -> RolloutStep {
        var state = before
        let healthy = sides.lane.slot(sides.spec.id)?.healthyCount ?? 0
        if healthy > state.best {
            (state.best, state.stalled) = (healthy, .zero)
        } else {
            state.stalled += sides.elapsed
        }
        guard state.stalled >= deadline else { return wait(state, what) }
        let spent = deadline.milliseconds / 1000
        return back(sides, state, "no progress for \(spent) s: \(what)")
    }

    func wait(_ state: RolloutState, _ what: String) -> RolloutStep {
        RolloutStep(state: state, next: .wait(what, lookAgain: Goal.lookAgain))
    }

    func back(_ sides: Sides, _ before: RolloutState, _ reason: String) -> RolloutStep {
        var state = before
        state.turnBack(reason)
        return AllAtOnce(deadline: deadline).advance(
            sides.change, state: state, in: sides.lane, now: sides.now)
    }

    /// A judge that compares `signals` and watches `limits`.
    func judge(
        _ falseAlarms: Chance, _ limits: [HardLimit],
        comparing signals: [ComparedSignal] = ComparedSignal.errorsAlone
    ) -> Judge {
        do throws(JudgePolicyError) {
            return Judge(
                policy: try JudgePolicy(
                    metrics: signals.map { compared in
                        let errors: ComparedMetric.Kind = traits.isKeyed ? .badEvents : .badParts
                        return ComparedMetric(
                            name: compared.signal.name,
                            kind: compared.signal.quantile.map { .latency($0) } ?? errors,
                            weight: Int64(compared.weight))
                    },
                    limits: limits, alpha: falseAlarms, negligible: .oneInAThousand))
        } catch {
            preconditionFailure("the decoder lets no such plan pass: \(error)")
        }
    }
}
