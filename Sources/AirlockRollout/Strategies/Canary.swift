import AirlockAnalysis
import AirlockModel

/// Shifts traffic in steps, and judges each beside the slot that serves the rest.
///
/// At each step capacity comes before traffic, and the router's own word before anything is judged or
/// stopped. The old slot keeps its full size until the last step, so that going back is one action.
/// Judging goes on while the next step is brought about: the shares in force count, not the wish.
struct Canary: SideBySide {
    let plan: CanaryPlan
    let course: Course
    let traits: SignalTraits

    var deadline: Duration { plan.deadline }

    func advance(
        _ change: Change, state: RolloutState, in lane: LaneObservation, answer: SignalAnswer?,
        now: Moment
    ) -> RolloutStep {
        // Without another slot beside it there is nothing to shift and nothing to compare with.
        guard let sides = Sides(change, state, lane, now) else {
            return AllAtOnce(deadline: deadline).advance(change, state: state, in: lane, now: now)
        }
        var known =
            state.canary
            ?? CanaryState(
                judge: judge(
                    plan.falseAlarms, plan.limits,
                    comparing: plan.compare ?? ComparedSignal.errorsAlone))
        let serving = lane.slot(sides.base)
        known.served = serving?.replicas ?? known.served
        let total = sides.replicas.nearest(to: known.served ?? 0)
        // Once the new slot has had traffic, and lost it, the old one is brought back instead. What goes back waits for
        // nothing of what it leaves, at any step.
        let isLeft = change.isReturn == true && lane.isDead(sides.base)
        let hasBegun = known.inForce != nil || known.step != 0
        let isAlone = !hasBegun && known.losses == nil && total > 0 && lane.isDead(sides.base)
        if isAlone, change.isReturn != true, course.isBound(below: 1000) == true {
            return waitAlone(sides, state, total: total)
        }
        if isLeft || isAlone || !hasBegun && total == 0 {
            var state = state
            state.isAlone = isAlone && change.isReturn != true ? true : nil
            return AllAtOnce(deadline: deadline).advance(change, state: state, in: lane, now: now)
        }
        var state = state
        state.isAlone = nil
        let seen = look(
            sides, state, known, answer, isJudged: plan.rule(at: known.step).isJudged)
        if let harm = seen.harm { return harm }
        var canary = seen.watched
        state = seen.state
        canary.note(lane.slot(sides.spec.id))
        canary.noteLoss(of: sides.spec.id, in: lane, now: now)
        state.canary = canary
        // The time of a hold is no lack of progress, unless nothing is left of what is held.
        if course.isHeld, let lost = canary.lostAt, now.elapsed(since: lost) >= deadline {
            let spent = deadline.milliseconds / 1000
            return back(
                sides, state,
                "no progress for \(spent) s: no instance of the new slot is healthy")
        }
        if let action = clearing(sides) { return act(action, sides, state) }
        return keepBelowCeiling(sides, state, canary, total: total)
    }

    /// Waits where git allows a share alone and nothing could serve the rest. That is no lack of the new slot.
    private func waitAlone(_ sides: Sides, _ before: RolloutState, total: Int) -> RolloutStep {
        var state = before
        (state.seen, state.isAlone, state.isBound) = (sides.now, nil, true)
        if let action = sides.restoring(to: total) { return act(action, sides, state) }
        (state.stalled, state.best) = (.zero, 0)
        let bound = Share(perMille: course.bound ?? 0).text
        return wait(
            state,
            "git allows at most \(bound), and no instance of the old slot is healthy to serve the rest"
        )
    }

    /// Goes down to the last step that the ceiling allows; while none is, the old slot serves alone.
    private func keepBelowCeiling(
        _ sides: Sides, _ before: RolloutState, _ given: CanaryState, total: Int
    ) -> RolloutStep {
        var (state, canary) = (before, given)
        let isOldThere = (sides.lane.slot(sides.base)?.healthyCount ?? 0) > 0
        guard plan.steps[canary.step] > course.ceiling, isOldThere else {
            return bring(sides, state, canary, total: total)
        }
        let allowed = plan.steps.lastIndex { $0 <= course.ceiling }
        canary.step = allowed ?? 0
        if canary.step != given.step { canary.ruling = nil }
        if let from = canary.widenedFrom, from >= canary.step { canary.widenedFrom = nil }
        guard allowed == nil else {
            if canary.inForce != canary.step { canary.suspend() }
            state.canary = canary
            return bring(sides, state, canary, total: total)
        }
        canary.suspend()
        // Without traffic nothing is lost, however long the ceiling stays.
        canary.lostAt = nil
        state.canary = canary
        let alone = [sides.base: 1000]
        guard sides.lane.weights == alone else { return act(.route(alone), sides, state) }
        state.isBound = course.isBound(below: plan.steps[0])
        return wait(state, atCeiling)
    }

    private var atCeiling: String {
        "\(course.ceilingBy) allows at most \(Share(perMille: max(0, course.ceiling)).text)"
    }

    /// Brings the wanted step about: capacity, health, then shares.
    private func bring(
        _ sides: Sides, _ before: RolloutState, _ canary: CanaryState, total: Int
    ) -> RolloutStep {
        var (state, canary) = (before, canary)
        let (lane, share) = (sides.lane, plan.steps[canary.step])
        let isLast = share == 1000
        // The last step's own traffic does not need the old slot any more.
        let isSwitched = isLast && lane.weights == [sides.spec.id: 1000]
        if isLast, !isSwitched, canary.inForce == canary.step {
            canary.suspend()
            state.canary = canary
        }
        // What somebody wants to get away from is not made larger, and nothing waits for it.
        let isBaseNeeded = !isSwitched && sides.change.isReturn != true
        if isBaseNeeded, let step = restore(sides, state, total: total) { return step }
        let needed = max(1, (total * share + 999) / 1000)
        let found = lane.slot(sides.spec.id)
        if found?.isEdited == true {
            return back(sides, state, "the new slot was changed by hand")
        }
        // Also where somebody took it away: the traffic comes before the slot that is to be there again.
        if !isSwitched || found == nil, let step = leaveDead(sides, state, canary) { return step }
        guard let slot = found else {
            return act(.start(sides.spec, replicas: needed), sides, state)
        }
        if !isSwitched, slot.replicas < needed {
            return act(.scale(slot.id, replicas: needed), sides, state)
        }
        if !isSwitched, lane.isUnsure(slot.id, of: needed) {
            return wait(state, "nobody knows how its instances are")
        }
        guard isSwitched || slot.healthyCount >= needed else {
            return lack(
                sides, state,
                "\(slot.healthyCount) of \(needed) instances are healthy at \(Share(perMille: share).text)"
            )
        }
        if isBaseNeeded, lane.isUnsure(sides.base, of: 1) {
            return wait(state, "nobody knows how the instances of the old slot are")
        }
        if isLast { return finish(sides, state) }
        let weights = [slot.id: share, sides.base: 1000 - share]
        guard lane.weights == weights else {
            if canary.inForce == canary.step {
                canary.suspend()
                state.canary = canary
            }
            return act(.route(weights), sides, state)
        }
        guard canary.inForce == canary.step else {
            canary.begin(now: sides.now)
            state.canary = canary
            return wait(state, "the router took \(Share(perMille: share).text)")
        }
        canary.held += sides.elapsed
        // A long hold with a restart now and then is no lack of progress.
        state.stalled = max(.zero, state.stalled - sides.elapsed)
        state.canary = canary
        return decide(sides, state, canary, total: total)
    }

    /// Gives the traffic of a new slot that cannot answer to the old one; nil where it can, or where nothing else
    /// could.
    private func leaveDead(
        _ sides: Sides, _ before: RolloutState, _ given: CanaryState
    ) -> RolloutStep? {
        var (state, canary) = (before, given)
        let lane = sides.lane
        guard lane.isDead(sides.spec.id), lane.weights[sides.spec.id, default: 0] > 0,
            (lane.slot(sides.base)?.healthyCount ?? 0) > 0
        else { return nil }
        if canary.isWornOut {
            return back(
                sides, state,
                "its instances all died \(CanaryState.mostLosses) times while it had traffic")
        }
        canary.suspend()
        state.canary = canary
        return act(.route([sides.base: 1000]), sides, state)
    }

    /// Brings what serves back to its size, or waits for it; nil where it is as it should be.
    private func restore(
        _ sides: Sides, _ state: RolloutState, total: Int
    ) -> RolloutStep? {
        if let action = sides.restoring(to: total) { return act(action, sides, state) }
        guard sides.lane.isDead(sides.base) else { return nil }
        return stuck(sides, state, "the slot that serves the rest has no healthy instance")
    }

    /// Goes on, waits or goes back by what the judge says.
    private func decide(
        _ sides: Sides, _ state: RolloutState, _ canary: CanaryState, total: Int
    ) -> RolloutStep {
        let share = Share(perMille: plan.steps[canary.step]).text
        switch canary.judge.verdict {
        case .harmful(let reasons):
            return back(sides, state, reasons.map(\.sentence).joined(separator: " "))
        case .acceptable: return leave(sides, state, canary, total: total)
        case .undecided(let reasons):
            let why = reasons.map(\.sentence).joined(separator: " ")
            if let inVain = narrowed(canary, reasons) {
                return narrow(sides, state, canary, total: total, because: inVain)
            }
            if !plan.rule(at: canary.step).isJudged {
                return leave(sides, state, canary, total: total)
            }
            if let widened = widened(canary, reasons) {
                return leave(sides, state, canary, total: total, because: widened)
            }
            guard canary.held >= plan.timeToDecide(at: canary.step), canary.isOpenToWord
            else { return wait(state, "\(share) is undecided: \(why)") }
            if course.passed[canary.step] != nil {
                return leave(sides, state, canary, total: total)
            }
            // Where there are no data nothing goes on or back by itself, whatever the release says.
            guard reasons.allSatisfy(\.isAboutEvidence) else {
                return waitForPerson(
                    sides, state,
                    "no request reached \((canary.judge.unserved ?? .both).words) at \(share), a person decides"
                )
            }
            // A time without numbers decides nothing, nor do the first numbers after it.
            guard canary.weighed >= plan.timeToDecide(at: canary.step)
            else { return wait(state, "\(share) is undecided: \(why)") }
            switch plan.onUndecided ?? .hold {
            case .hold:
                return waitForPerson(
                    sides, state, "\(share) stays undecided, a person decides: \(why)")
            case .promote where reasons.contains(where: \.leansToHarm):
                return waitForPerson(
                    sides, state,
                    "\(share) stays undecided and leans to harm, a person decides: \(why)")
            case .promote: return leave(sides, state, canary, total: total)
            case .revert: return back(sides, state, "\(share) stayed undecided: \(why)")
            }
        }
    }

    /// Leaves a step whose time is over, when nobody has to be asked and nobody minds.
    private func leave(
        _ sides: Sides, _ state: RolloutState, _ canary: CanaryState, total: Int,
        because reason: String? = nil
    ) -> RolloutStep {
        let share = Share(perMille: plan.steps[canary.step]).text
        let hold = plan.hold(at: canary.step)
        guard canary.held >= hold else {
            return wait(state, "\(share) is held for \(hold.milliseconds / 1000) s")
        }
        if plan.rule(at: canary.step).needsApproval, course.passed[canary.step] == nil {
            return waitForPerson(
                sides, state,
                "\(share) waits for a person: `airlock rollout resume \(sides.lane.lane)`")
        }
        guard plan.steps[canary.step + 1] <= course.ceiling else {
            var state = state
            state.canary?.isReady = true
            state.isBound = course.isBound(below: plan.steps[canary.step + 1])
            return wait(state, "\(share) is passed; \(atCeiling)")
        }
        return next(sides, state, canary, total: total, because: reason)
    }

    /// Waits for a person, and notes since when.
    private func waitForPerson(
        _ sides: Sides, _ before: RolloutState, _ what: String
    ) -> RolloutStep {
        var state = before
        state.canary?.waitsSince = sides.waitedSince ?? sides.now.wall
        return wait(state, what)
    }

    /// Wants the next step; what is in force stays and is judged until the router has its shares.
    private func next(
        _ sides: Sides, _ before: RolloutState, _ canary: CanaryState, total: Int,
        because reason: String? = nil
    ) -> RolloutStep {
        var (state, canary) = (before, canary)
        canary.ruling = canary.present(letOnBy: course.passed[canary.step], widened: reason)
        // A step that nothing judges changes nothing about what was widened before it.
        if reason != nil {
            canary.widenedFrom = canary.widenedFrom ?? canary.step
        } else if plan.rule(at: canary.step).isJudged {
            canary.widenedFrom = nil
        }
        canary.step += 1
        canary.losses = nil
        (state.stalled, state.best, state.canary) = (.zero, 0, canary)
        return bring(sides, state, canary, total: total)
    }

    /// Wants the share again from which it was widened; all that it was given since goes back in one action, and is
    /// judged until the router has done that.
    private func narrow(
        _ sides: Sides, _ before: RolloutState, _ given: CanaryState, total: Int,
        because reason: String
    ) -> RolloutStep {
        var (state, canary) = (before, given)
        canary.ruling = canary.present(narrowed: reason)
        canary.step = given.widenedFrom ?? given.step
        canary.widenedFrom = nil
        (state.stalled, state.best, state.canary) = (.zero, 0, canary)
        return bring(sides, state, canary, total: total)
    }

    /// The last step: all traffic, then the old slot is stopped.
    private func finish(_ sides: Sides, _ before: RolloutState) -> RolloutStep {
        var state = before
        if sides.lane.weights == [sides.spec.id: 1000] {
            state.canary?.suspend()
            state.canary?.inForce = plan.steps.count - 1
        }
        let next = Goal.slot(sides.spec, sides.replicas, isPatient: true).next(in: sides.lane)
        switch next {
        case .act(.stop), .reached:
            if let straggler = course.straggler {
                return wait(state, "the old slot stays until \(straggler) has all traffic too")
            }
        case .act, .wait: break
        }
        switch next {
        case .act(let action): return act(action, sides, state)
        case .wait(let what): return lack(sides, state, what)
        case .reached: return RolloutStep(state: state, next: .end(.settled))
        }
    }

    /// Waits for something that is not the new slot's doing, at most for the deadline.
    private func stuck(_ sides: Sides, _ before: RolloutState, _ what: String) -> RolloutStep {
        var state = before
        state.stalled += sides.elapsed
        guard state.stalled >= deadline else { return wait(state, what) }
        return back(sides, state, "no progress for \(deadline.milliseconds / 1000) s: \(what)")
    }
}
