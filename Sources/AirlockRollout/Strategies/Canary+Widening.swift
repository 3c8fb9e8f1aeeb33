import AirlockAnalysis
import AirlockModel

extension Canary {
    /// Why an undecided step may go on to the next all the same, with the numbers; nil when it may not.
    ///
    /// More traffic is what a step lacks that its own cannot decide in time. It gets it while few enough
    /// users have met the new slot, those of the holds up to the next verdict included. All of the traffic is never
    /// reached in this way, and what is not known or speaks against the release widens nothing.
    func widened(_ canary: CanaryState, _ reasons: [Indecision]) -> String? {
        let ahead = stepsToVerdict(beyond: canary.step)
        guard let most = plan.maxExposed, canary.held >= plan.hold(at: canary.step), !ahead.isEmpty
        else { return nil }
        var missing: [String] = []
        for reason in reasons {
            guard case .evidence(_, let estimate) = reason, !reason.leansToHarm else { return nil }
            guard let estimate else {
                missing.append("this share never decides")
                continue
            }
            guard canary.weighed + estimate > plan.timeToDecide(at: canary.step) else { return nil }
            missing.append("this share needs about \(estimate.milliseconds / 1000) s more")
        }
        let exposed = canary.exposed ?? 0
        let coming = ahead.reduce(0) { sum, step in
            sum
                + canary.exposure(
                    in: plan.hold(at: step), per: plan.steps[step], of: plan.steps[canary.step])
        }
        guard exposed + coming < most else { return nil }
        return missing.joined(separator: ", ")
            + ", \(exposed) users at most have met the new slot and \(most) may"
    }

    /// Why a widened share goes back to the one that it was widened from, with the numbers; nil while it may stay.
    ///
    /// As many users as may have met the new slot, and this share does not decide either. One that does is what it was
    /// widened for, and is judged until then. An estimate moves with each bad request, so one that is late by less than
    /// the step's whole time leaves it that time. A person's word for the step counts more, and while it is held no
    /// step is taken.
    func narrowed(_ canary: CanaryState, _ reasons: [Indecision]) -> String? {
        guard let most = plan.maxExposed, let exposed = canary.exposed, exposed >= most,
            canary.widenedFrom != nil, !course.isHeld, course.passed[canary.step] == nil,
            canary.held >= plan.hold(at: canary.step)
        else { return nil }
        let met = "\(exposed) users at most have met the new slot and no more than \(most) were to"
        let rule = plan.rule(at: canary.step)
        guard rule.isJudged else {
            // What waits for a person, for git or for its group is where they want it.
            let isAwaited = rule.needsApproval || plan.steps[canary.step + 1] > course.ceiling
            return isAwaited ? nil : "this share decides nothing, \(met)"
        }
        let time = plan.timeToDecide(at: canary.step)
        var missing: [String] = []
        for reason in reasons {
            guard case .evidence(_, let estimate) = reason else { return nil }
            guard let estimate else {
                missing.append("this share never decides")
                continue
            }
            let isLate = canary.weighed >= time || canary.weighed + estimate > time + time
            if isLate {
                missing.append("this share needs about \(estimate.milliseconds / 1000) s more")
            }
        }
        return missing.isEmpty ? nil : missing.joined(separator: ", ") + ", \(met)"
    }

    /// The steps up to the next one that is judged below all of the traffic, that one included; empty where there is
    /// none. What is widened has to come to a verdict, and passes those that nothing judges.
    private func stepsToVerdict(beyond step: Int) -> [Int] {
        let below = plan.steps.indices.filter { $0 > step && plan.steps[$0] < 1000 }
        guard let verdict = below.first(where: { plan.rule(at: $0).isJudged }) else { return [] }
        return below.filter { $0 <= verdict }
    }
}

extension Indecision {
    /// Whether what was seen is more than halfway to a proof of harm: an undecided step with that is not taken for
    /// one that had too little traffic. The evidence is a logarithm, so the odds for harm are the root of those
    /// that prove it. Nor is one taken for that of which the plain counts say it, however few causes they may have.
    var leansToHarm: Bool {
        guard case .evidence(let numbers, _) = self else { return false }
        return numbers.harm.evidence.millionths > numbers.harm.limit.millionths / 2
            || numbers.seen?.isPlainlyWorse == true
    }
}

extension Tally {
    /// Bad requests of the new slot that no chance brings about, and how many times the old one's share they are.
    private static let plain: (bad: Int64, times: Int64) = (10, 4)

    /// Whether anybody who looks at the counts would call them worse.
    fileprivate var isPlainlyWorse: Bool {
        guard canary.badAtMost >= Self.plain.bad else { return false }
        // Shares compared without a division; one more on the old slot, so that none is some.
        let new = canary.badAtMost.multipliedFullWidth(by: stable.requests)
        let old = (Self.plain.times * (stable.badAtMost + 1)).multipliedFullWidth(
            by: canary.requests)
        return (new.high, new.low) >= (old.high, old.low)
    }
}
