import AirlockAnalysis
package import AirlockModel

extension Rollout {
    /// What keeps a step undecided that had its time, where no word of a person decides it: a number that is
    /// not known, or one that stands against the release. Nil for any other operation.
    ///
    /// - Parameter steering: What people said about the operation already.
    package static func staysOpen(
        _ operation: OperationRecord, _ steering: Steering?
    ) -> String? {
        guard let (canary, plan) = standing(operation), steering?.held == nil,
            plan.rule(at: canary.step).isJudged,
            !canary.isOpenToWord,
            canary.held >= plan.timeToDecide(at: canary.step)
        else { return nil }
        return canary.told
    }

    /// Whether a person's word lets it leave the step that it is at: one that waits for it, or that asks for
    /// it and still has time to go. A word that decides nothing is not kept for later.
    package static func takesWord(_ operation: OperationRecord, _ steering: Steering?) -> Bool {
        if operation.waitsForPerson(steering) != nil { return true }
        guard staysOpen(operation, steering) == nil, let (canary, plan) = standing(operation),
            steering?.passed[canary.step] == nil
        else { return false }
        return plan.rule(at: canary.step).needsApproval
    }

    /// The canary of an operation at a step below the last that has its traffic.
    private static func standing(_ operation: OperationRecord) -> (CanaryState, CanaryPlan)? {
        guard case .forward = operation.rollout.direction, let canary = operation.rollout.canary,
            canary.inForce == canary.step, case .canary(let plan)? = operation.change?.strategy,
            canary.step < plan.steps.count - 1
        else { return nil }
        return (canary, plan)
    }
}

extension CanaryState {
    /// The time at the step that counts towards deciding it.
    var weighed: Duration { min(held, judge.compared ?? held) }

    /// Whether nothing stands against an undecided step but that there was too little traffic, or none at one of the
    /// slots: a person may let it go on.
    var isOpenToWord: Bool {
        guard case .undecided(let reasons) = judge.verdict else { return true }
        return reasons.allSatisfy { $0.isAboutEvidence || isForLackOfRequests($0) }
    }

    /// Whether a reason is no more than that one of the slots got no request.
    func isForLackOfRequests(_ reason: Indecision) -> Bool {
        guard let unserved = judge.unserved else { return false }
        // What the new slot is held to is known where it gets requests.
        if unserved == .stable, case .limitUnknown = reason { return false }
        return reason.isAboutRequests
    }
}

extension Indecision {
    /// Whether it says what it does of a slot without requests, too.
    fileprivate var isAboutRequests: Bool {
        switch self {
        case .fault(_, .empty), .nothingToCompare, .noReference: true
        case .limitUnknown(let limit, .empty):
            [HardLimit.Known.errorRate.name, HardLimit.Known.latencyP99.name].contains(
                limit.signal)
        case .fault, .limitUnknown, .evidence, .noMetric, .oneWitness, .limitBeyond: false
        }
    }

    /// Whether more of the same traffic could decide it. What is not known at all decides nothing, and
    /// what stands against the release is no matter of opinion.
    var isAboutEvidence: Bool {
        switch self {
        case .evidence, .noMetric: true
        case .oneWitness, .limitBeyond, .fault, .limitUnknown, .nothingToCompare, .noReference:
            false
        }
    }
}
