import AirlockAnalysis
import AirlockModel

/// Brings the new slot up idle, switches all traffic in one action, and keeps the old slot warm.
///
/// While it is warm, going back is one action too. What is watched after the switch are the bounds that
/// the release states: nothing serves beside the new slot that it could be compared with.
struct BlueGreen: SideBySide {
    let plan: BlueGreenPlan
    let course: Course
    let traits: SignalTraits
    /// What the idle slot answered; nil when nothing was asked.
    let previewed: PreviewAnswer?

    var deadline: Duration { plan.deadline }

    /// How long the old slot is kept: at least until a bound that is broken from the switch on has acted, which its
    /// source tells some samples late.
    private var keep: Duration {
        guard let longest = plan.limits.map(\.duration).max() else { return plan.keep }
        return max(
            plan.keep, longest + .seconds(Self.latestSamples * traits.spacing) + Self.lateness)
    }

    /// Samples until a source has told what was true at the first of them.
    private static let latestSamples = 4
    /// What a source needs beside that until it tells a sample.
    private static let lateness = Duration.seconds(5)

    func advance(
        _ change: Change, state: RolloutState, in lane: LaneObservation, answer: SignalAnswer?,
        now: Moment
    ) -> RolloutStep {
        guard let sides = Sides(change, state, lane, now) else {
            return alone(change, state, lane, answer, now)
        }
        let known = state.canary ?? CanaryState(judge: judge(.onePercent, plan.limits))
        let seen = look(
            sides, state, known, answer, isJudged: !plan.limits.isEmpty, idle: plan.preview?.bounds)
        if let harm = seen.harm {
            guard known.isIdle, case .back(let reason) = harm.state.direction else { return harm }
            return RolloutStep(
                state: Preview.broken(harm.state, reason: reason), next: harm.next)
        }
        guard course.ceiling >= 0 || seen.watched.inForce != nil else {
            var state = seen.state
            Preview.forget(&state)
            return wait(state, "\(course.ceilingBy) lets nothing start yet")
        }
        if let action = clearing(sides) { return act(action, sides, seen.state) }
        return bring(sides, seen.state, seen.watched)
    }

    private func bring(
        _ sides: Sides, _ before: RolloutState, _ watched: CanaryState
    ) -> RolloutStep {
        var (state, watched) = (before, watched)
        let (lane, id) = (sides.lane, sides.spec.id)
        let needed = sides.replicas.nearest(to: lane.slot(sides.base)?.replicas ?? 0)
        let isOldThere = (lane.slot(sides.base)?.healthyCount ?? 0) > 0
        guard let slot = lane.slot(id) else {
            guard lane.weights[id] != nil, isOldThere else {
                return act(.start(sides.spec, replicas: needed), sides, state)
            }
            // Somebody took away what has the traffic; until it is there again the old slot serves.
            watched.suspend()
            watched.step = 0
            (state.canary, state.preview) = (watched, nil)
            return act(.route([sides.base: 1000]), sides, state)
        }
        if slot.isEdited { return back(sides, state, "the new slot was changed by hand") }
        let weights = needed == 0 ? [:] : [id: 1000]
        if lane.weights == weights, course.ceiling < 1000, isOldThere {
            watched.suspend()
            watched.step = 0
            (state.canary, state.preview) = (watched, nil)
            return act(.route([sides.base: 1000]), sides, state)
        }
        if isOldThere, isEarly(sides, state, isWhole: lane.weights == weights) {
            state.canary?.endIdle()
            return act(.route([sides.base: 1000]), sides, state)
        }
        if lane.weights == weights { return keep(sides, state, watched, slot) }
        if watched.inForce != nil {
            watched.suspend()
            state.canary = watched
        }
        // What serves comes first. One that is gone altogether is not asked for again: the new one is here.
        let settled = sides.settled.replicas.nearest(to: lane.slot(sides.base)?.replicas ?? 0)
        if sides.change.isReturn != true,
            case .scale(let base, let count)? = sides.restoring(to: settled)
        {
            return act(.scale(base, replicas: count), sides, state)
        }
        if slot.replicas < needed {
            return act(.scale(id, replicas: needed), sides, state)
        }
        if sides.lane.isUnsure(id, of: needed) {
            return wait(state, "nobody knows how its instances are")
        }
        guard slot.healthyCount >= needed else {
            Preview.forget(&state)
            return lack(sides, state, "\(slot.healthyCount) of \(needed) instances are healthy")
        }
        if needed > 0, let step = preview(sides, &state, previewed) { return step }
        guard course.ceiling >= 1000 else {
            state.canary?.isReady = true
            state.isBound = course.isBound(below: 1000)
            state.stalled = .zero
            return wait(state, "the new slot is ready; \(course.ceilingBy) holds back its traffic")
        }
        return act(.route(weights), sides, state)
    }

    /// After the switch: watches, and lets the old slot go when its time is over.
    private func keep(
        _ sides: Sides, _ before: RolloutState, _ watched: CanaryState, _ slot: SlotObservation
    ) -> RolloutStep {
        var (state, watched) = (before, watched)
        if slot.replicas > 0, sides.lane.isDead(slot.id) {
            return back(sides, state, "no instance is healthy after the switch")
        }
        guard watched.inForce != nil else {
            watched.ruling = watched.present()
            watched.step = 1
            watched.begin(now: sides.now)
            (state.canary, state.stalled) = (watched, .zero)
            return wait(state, "all traffic was switched")
        }
        watched.held += sides.elapsed
        state.canary = watched
        // What serves has the size that git asks for, also while the old slot is kept. One that cannot get it
        // is no reason to go back.
        let wanted = sides.replicas.nearest(to: slot.replicas)
        if slot.replicas < wanted, state.stalled < deadline {
            return act(.scale(slot.id, replicas: wanted), sides, state)
        }
        guard watched.held >= keep else {
            if slot.replicas >= wanted { state.stalled = .zero }
            let rest = (keep - watched.held).milliseconds / 1000
            return wait(state, "the old slot stays warm for \(rest) s")
        }
        if let straggler = course.straggler {
            return wait(state, "the old slot stays until \(straggler) has all traffic too")
        }
        switch Goal.slot(sides.spec, sides.replicas, isPatient: true).next(in: sides.lane) {
        case .act(.scale(let id, let count)) where id == slot.id:
            return RolloutStep(state: state, next: .act(.scale(id, replicas: count)))
        case .act(let action): return act(action, sides, state)
        case .wait(let what): return lack(sides, state, what)
        case .reached: return RolloutStep(state: state, next: .end(.settled))
        }
    }
}
