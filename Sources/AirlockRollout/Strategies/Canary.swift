import AirlockAnalysis
import AirlockModel

/// Shifts traffic in steps, and judges each beside the slot that serves the rest.
///
/// At each step capacity comes before traffic, and the router's own word before anything is judged or
/// stopped. The old slot keeps its full size until the last step, so that going back is one action.
struct Canary {
    let plan: CanaryPlan

    func advance(
        _ change: Change, state: RolloutState, in lane: LaneObservation, answer: SignalAnswer?,
        now: Moment
    ) -> RolloutStep {
        // Without another slot beside it there is nothing to shift and nothing to compare with.
        guard case .forward = state.direction, change.kind == .replace, let base = change.base,
            case .slot(let spec, _, let replicas) = change.target
        else {
            return AllAtOnce(deadline: plan.deadline).advance(
                change, state: state, in: lane, now: now)
        }
        let step = Step(change: change, base: base.slot.id, spec: spec, replicas: replicas)
        var state = state
        let elapsed = state.seen.map { now.elapsed(since: $0) } ?? .zero
        var canary = state.canary ?? CanaryState(judge: Judge(policy: plan.policy))
        state.seen = now
        if canary.judgedTo != nil, plan.steps[canary.step] < 1000 {
            canary.take(answer, limits: plan.limits, now: now)
        }
        state.canary = canary
        if case .harmful(let reasons) = canary.judge.verdict {
            return back(step, state, lane, reasons.map(\.sentence).joined(separator: " "), now)
        }
        if plan.steps[canary.step] == 1000 { return finish(step, state, elapsed, lane, now) }
        return hold(step, state, elapsed, lane, now)
    }

    /// What does not change while one step is looked at.
    private struct Step {
        let change: Change
        let base: SlotID
        let spec: SlotSpec
        let replicas: Replicas
    }

    /// Brings a step about and keeps it until it is decided.
    private func hold(
        _ step: Step, _ before: RolloutState, _ elapsed: Duration, _ lane: LaneObservation,
        _ now: Moment
    ) -> RolloutStep {
        var state = before
        guard var canary = state.canary else { preconditionFailure("a canary has a state") }
        let share = plan.steps[canary.step]
        guard let other = lane.slot(step.base), other.healthyCount > 0 else {
            return back(step, state, lane, "the slot that serves the rest is gone", now)
        }
        let total = step.replicas.nearest(to: other.replicas)
        let needed = max(1, (total * share + 999) / 1000)
        guard let slot = lane.slot(step.spec.id) else {
            return RolloutStep(state: state, next: .act(.start(step.spec, replicas: needed)))
        }
        if slot.isEdited { return back(step, state, lane, "the new slot was changed by hand", now) }
        if slot.replicas < needed {
            return RolloutStep(state: state, next: .act(.scale(slot.id, replicas: needed)))
        }
        guard slot.healthyCount >= needed else {
            return lack(
                step, state, elapsed, lane, now,
                "\(slot.healthyCount) of \(needed) instances are healthy at \(Self.text(share))")
        }
        let weights = [slot.id: share, step.base: 1000 - share]
        guard lane.weights == weights else {
            return RolloutStep(state: state, next: .act(.route(weights)))
        }
        guard canary.judgedTo != nil else {
            // No second that is judged lies across a change of weights.
            canary.judgedTo = Timestamp(milliseconds: (now.wall.milliseconds / 1000 + 1) * 1000)
            state.canary = canary
            return wait(state, "the router took \(Self.text(share))")
        }
        canary.held += elapsed
        state.canary = canary
        return decide(step, state, lane, now)
    }

    /// Goes on, waits or goes back by what the judge says.
    private func decide(
        _ step: Step, _ before: RolloutState, _ lane: LaneObservation, _ now: Moment
    ) -> RolloutStep {
        guard let canary = before.canary else { preconditionFailure("a canary has a state") }
        let share = Self.text(plan.steps[canary.step])
        switch canary.judge.verdict {
        case .harmful(let reasons):
            return back(step, before, lane, reasons.map(\.sentence).joined(separator: " "), now)
        case .acceptable:
            guard canary.held >= plan.hold else {
                return wait(before, "\(share) is held for \(plan.hold.milliseconds / 1000) s")
            }
            return next(step, before, lane, now)
        case .undecided(let reasons):
            let why = reasons.map(\.sentence).joined(separator: " ")
            guard canary.held >= max(plan.hold, plan.decideWithin),
                reasons.allSatisfy(\.isAboutEvidence)
            else { return wait(before, "\(share) is undecided: \(why)") }
            switch plan.onUndecided {
            case .hold: return wait(before, "\(share) stays undecided, a person decides: \(why)")
            case .promote: return next(step, before, lane, now)
            case .revert:
                return back(step, before, lane, "\(share) stayed undecided: \(why)", now)
            }
        }
    }

    /// The next step, from its beginning.
    private func next(
        _ step: Step, _ before: RolloutState, _ lane: LaneObservation, _ now: Moment
    ) -> RolloutStep {
        var state = before
        guard var canary = state.canary else { preconditionFailure("a canary has a state") }
        canary.step += 1
        (canary.held, canary.judgedTo, canary.verdict) = (.zero, nil, "undecided")
        (state.stalled, state.best, state.canary) = (.zero, 0, canary)
        return plan.steps[canary.step] == 1000
            ? finish(step, state, .zero, lane, now) : hold(step, state, .zero, lane, now)
    }

    /// The last step: all traffic, then the old slot is stopped.
    private func finish(
        _ step: Step, _ state: RolloutState, _ elapsed: Duration, _ lane: LaneObservation,
        _ now: Moment
    ) -> RolloutStep {
        let goal = Goal.slot(step.spec, step.replicas, isPatient: true)
        switch goal.next(in: lane) {
        case .act(let action): return RolloutStep(state: state, next: .act(action))
        case .wait(let what): return lack(step, state, elapsed, lane, now, what)
        case .reached: return RolloutStep(state: state, next: .end(.settled))
        }
    }

    /// Waits for health, at most for the deadline; readiness that comes and goes is no progress.
    private func lack(
        _ step: Step, _ before: RolloutState, _ elapsed: Duration, _ lane: LaneObservation,
        _ now: Moment, _ what: String
    ) -> RolloutStep {
        var state = before
        let healthy = lane.slot(step.spec.id)?.healthyCount ?? 0
        if healthy > state.best {
            (state.best, state.stalled) = (healthy, .zero)
        } else {
            state.stalled += elapsed
        }
        guard state.stalled >= plan.deadline else { return wait(state, what) }
        let spent = plan.deadline.milliseconds / 1000
        return back(step, state, lane, "no progress for \(spent) s: \(what)", now)
    }

    private func wait(_ state: RolloutState, _ what: String) -> RolloutStep {
        RolloutStep(state: state, next: .wait(what, lookAgain: Goal.lookAgain))
    }

    private func back(
        _ step: Step, _ before: RolloutState, _ lane: LaneObservation, _ reason: String,
        _ now: Moment
    ) -> RolloutStep {
        var state = before
        state.direction = .back(reason: reason)
        state.seen = nil
        return AllAtOnce(deadline: plan.deadline).advance(
            step.change, state: state, in: lane, now: now)
    }

    /// A share of the traffic in percent.
    private static func text(_ share: Int) -> String {
        share % 10 == 0 ? "\(share / 10)%" : "\(share / 10).\(share % 10)%"
    }
}

extension CanaryPlan {
    /// What the judge of this plan compares and watches.
    var policy: JudgePolicy {
        do throws(JudgePolicyError) {
            return try JudgePolicy(
                metrics: [ComparedMetric(name: HardLimit.Known.errorRate.name, kind: .badParts)],
                limits: limits, alpha: falseAlarms)
        } catch {
            preconditionFailure("the decoder lets no such plan pass: \(error)")
        }
    }
}

extension Indecision {
    /// Whether more of the same traffic could decide it; what is not known at all decides nothing.
    fileprivate var isAboutEvidence: Bool {
        switch self {
        case .evidence, .oneWitness, .limitBeyond, .noMetric: true
        case .fault, .limitUnknown, .nothingToCompare, .noReference: false
        }
    }
}
