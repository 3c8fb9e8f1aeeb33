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
        guard let (canary, plan) = standing(operation, steering), steering?.held == nil,
            plan.rule(at: canary.step).isJudged,
            case .undecided(let reasons) = canary.judge.verdict,
            !reasons.allSatisfy(\.isAboutEvidence),
            canary.held >= plan.timeToDecide(at: canary.step)
        else { return nil }
        return canary.told
    }

    /// Whether a person's word lets it leave the step that it is at: one that waits for it, or that asks for
    /// it and still has time to go.
    package static func takesWord(_ operation: OperationRecord, _ steering: Steering?) -> Bool {
        if operation.waitsForPerson(steering) != nil { return true }
        if staysOpen(operation, steering) != nil { return true }
        guard let (canary, plan) = standing(operation, steering) else { return false }
        return plan.rule(at: canary.step).needsApproval
    }

    /// The canary of an operation at a step below the last that has its traffic and nobody let it leave.
    private static func standing(
        _ operation: OperationRecord, _ steering: Steering?
    ) -> (CanaryState, CanaryPlan)? {
        guard case .forward = operation.rollout.direction, let canary = operation.rollout.canary,
            canary.inForce == canary.step, case .canary(let plan)? = operation.change?.strategy,
            canary.step < plan.steps.count - 1, steering?.passed[canary.step] == nil
        else { return nil }
        return (canary, plan)
    }
}
