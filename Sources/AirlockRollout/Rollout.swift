package import AirlockModel

/// What carrying out an operation comes to at one moment.
package struct RolloutStep: Hashable, Sendable {
    /// The state to keep, whether or not it changed.
    package let state: RolloutState
    package let next: Next

    /// What is to be done now.
    package enum Next: Hashable, Sendable {
        /// Tell the provider to do this, and look again.
        case act(Action)
        /// Nothing to do but to look again, at the latest after this much time.
        case wait(String, lookAgain: Duration)
        case end(OperationRecord.Outcome)
    }
}

/// The carrying out of a change or repair over time: a pure state machine.
///
/// It decides from what is there, never from what it remembers having asked for, so that it can be
/// resumed after a kill at any moment.
package enum Rollout {
    /// Says what is next for an operation.
    ///
    /// - Parameter answer: What a source of signals said to ``question(of:now:)``; nil when nothing
    ///   was asked.
    /// - Parameter preview: What a prober said to ``previewQuestion(of:in:now:)``; nil when nothing was
    ///   asked.
    /// - Parameter traits: What that source can tell; a rollout that begins is judged accordingly.
    /// - Parameter course: What git and people ask of it beside the change itself.
    package static func advance(
        _ operation: OperationRecord, in lane: LaneObservation, answer: SignalAnswer? = nil,
        preview: PreviewAnswer? = nil, course: Course = Course(),
        traits: SignalTraits = SignalTraits(), now: Moment
    ) -> RolloutStep {
        switch operation.work {
        case .change(let change):
            var state = operation.rollout
            (state.ceiling, state.isBound) = (course.bound, nil)
            if let reason = course.abort, operation.canGoBack {
                turnBack(&state, reason, of: change, on: course, after: answer, now: now)
            }
            let step =
                switch change.strategy {
                case .allAtOnce(let deadline):
                    AllAtOnce(deadline: deadline).advance(
                        change, state: state, in: lane, now: now)
                case .canary(let plan):
                    Canary(plan: plan, course: course, traits: traits).advance(
                        change, state: state, in: lane, answer: answer, now: now)
                case .blueGreen(let plan):
                    BlueGreen(
                        plan: plan, course: course, traits: traits, previewed: preview
                    ).advance(change, state: state, in: lane, answer: answer, now: now)
                }
            return tidied(step, of: change, in: lane)
        case .repair(let repair):
            return Self.repair(repair, state: operation.rollout, in: lane, now: now)
        case .heal(let heal):
            return Self.heal(heal, state: operation.rollout, in: lane, now: now)
        case .verify(let verification):
            return verify(verification, of: operation, in: lane, now: now)
        }
    }

    /// Turns back because somebody asks for it. What was seen until then is judged first: it is the evidence of the
    /// turn, and harm is its reason where there is some. What goes back with its group goes back for the other's sake.
    private static func turnBack(
        _ state: inout RolloutState, _ reason: String, of change: Change, on course: Course,
        after answer: SignalAnswer?, now: Moment
    ) {
        var reason = reason
        if case .forward = state.direction, var canary = state.canary, canary.inForce != nil,
            change.isReturn != true, !course.isGroupAbort
        {
            canary.take(answer, now: now)
            state.canary = canary
            if canary.isHarmful { reason = canary.told }
        }
        state.turnBack(reason)
    }

    /// The state of an operation that was not looked at for a while: held, or the process was down.
    ///
    /// Time without a look is not time without progress, and speaks for nothing that was lost.
    package static func parked(_ state: RolloutState) -> RolloutState {
        var state = state
        state.seen = nil
        if let lost = state.canary?.lostAt { state.canary?.lostAt = lost.uncounted }
        return state
    }

    /// The most of a pause between two processes that counts as time without progress.
    private static let longestPause = Duration.seconds(60)

    /// The state of an operation when a process begins.
    ///
    /// A slot that has no traffic yet and is no better than when somebody looked last was so in between. A part of
    /// the pause counts, else processes that only look once would never come to the deadline; not more than a quarter
    /// of it, so that a slot gets its time however long nobody looked.
    ///
    /// A share that was in force is in force still, or its step begins anew at the next look. So the pause counts as
    /// time at the step when what was served in it is judged: as much of it as one look can.
    package static func resumed(_ operation: OperationRecord, at now: Moment) -> RolloutState {
        var state = operation.rollout
        if let seen = state.seen, let canary = state.canary, canary.inForce == canary.step {
            let earlier = canary.paused ?? .zero
            state.canary?.paused = min(earlier + now.elapsed(since: seen), .seconds(mostSeconds))
        }
        if let seen = state.seen, state.canary?.inForce == nil, let change = operation.change,
            case .forward = state.direction
        {
            let most = min(longestPause, change.strategy.deadline / 4)
            state.stalled += min(now.elapsed(since: seen), most)
        }
        if let seen = state.seen, let change = operation.change {
            let pause = min(
                now.elapsed(since: seen), min(longestPause, change.strategy.deadline / 4))
            if let failed = state.failed { state.failed = failed + pause }
            if case .back = state.direction, state.keepsCapacity == true { state.stalled += pause }
        }
        return parked(state)
    }

    /// The state after an action was seen done.
    ///
    /// An action is no progress by itself: a slot that someone keeps deleting, or traffic that keeps
    /// going to and fro, must come to an end.
    package static func afterAction(_ state: RolloutState) -> RolloutState {
        var state = state
        state.step += 1
        state.refusal = nil
        return state
    }

    /// What is done while a change waits. Traffic that somebody took from the old slot before the new one has any
    /// is given back to it. Slots that nobody asks for any more and that have no traffic, as of a change that this
    /// one took the place of, are stopped: many commits in a row would leave one each, all of them running
    /// until the last has settled.
    private static func tidied(
        _ step: RolloutStep, of change: Change, in lane: LaneObservation
    ) -> RolloutStep {
        guard case .wait = step.next, case .forward = step.state.direction,
            let target = change.target.slot
        else { return step }
        if let old = lane.unserved(by: change) {
            return RolloutStep(state: step.state, next: .act(.route([old: 1000])))
        }
        let isServed = lane.slots.contains {
            lane.weights[$0.id, default: 0] > 0 && $0.healthyCount > 0
        }
        // A stop that is refused may not slow down the looks at what is judged.
        guard step.state.canary?.judgedTo == nil else { return step }
        // What could still serve stays while nothing else does.
        guard isServed || (change.kind == .create && lane.weights.isEmpty) else { return step }
        let wanted = [target, change.base?.slot.id]
        let left = lane.slots.first {
            !wanted.contains($0.id) && lane.weights[$0.id, default: 0] == 0
        }
        return left.map { RolloutStep(state: step.state, next: .act(.stop($0.id))) } ?? step
    }

    /// One action, as long as what it was decided on is fresh; what it came to is for the next look.
    private static func heal(
        _ heal: Heal, state: RolloutState, in lane: LaneObservation, now: Moment
    ) -> RolloutStep {
        if heal.action.isDone(in: lane) { return RolloutStep(state: state, next: .end(.settled)) }
        if heal.expires <= now.wall { return RolloutStep(state: state, next: .end(.expired)) }
        // What was said to be done is not said again; it shows, or it expires.
        guard state.step == 0 else {
            return RolloutStep(
                state: state,
                next: .wait("\(heal.action.phrase) does not show", lookAgain: Goal.lookAgain))
        }
        return RolloutStep(state: state, next: .act(heal.action))
    }

    private static func repair(
        _ repair: Repair, state: RolloutState, in lane: LaneObservation, now: Moment
    ) -> RolloutStep {
        let goal = repair.to.map { Goal.slot($0.slot, $0.replicas, isPatient: false) } ?? .nothing
        switch goal.next(in: lane) {
        case .act(let action): return RolloutStep(state: state, next: .act(action))
        case .wait(let what):
            return RolloutStep(state: state, next: .wait(what, lookAgain: Goal.lookAgain))
        case .reached: return RolloutStep(state: state, next: .end(.settled))
        }
    }
}
