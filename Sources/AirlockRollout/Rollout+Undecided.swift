import AirlockAnalysis
package import AirlockModel

extension Rollout {
    /// What a step that had its time waits for a person with; nil for any other operation.
    ///
    /// - Parameter steering: What people said about the operation already.
    package static func waitsForPerson(
        _ operation: OperationRecord, _ steering: Steering?
    ) -> String? {
        guard case .forward = operation.rollout.direction, let canary = operation.rollout.canary,
            canary.inForce == canary.step, case .canary(let plan)? = operation.change?.strategy,
            canary.step < plan.steps.count - 1, steering?.passed[canary.step] == nil,
            steering?.held == nil
        else { return nil }
        let rule = plan.rule(at: canary.step)
        if case .undecided(let reasons) = canary.judge.verdict, rule.isJudged {
            let isOpen =
                (plan.onUndecided ?? .hold) == .hold || !reasons.allSatisfy(\.isAboutEvidence)
            let time = max(plan.hold(at: canary.step), plan.decideWithin)
            return isOpen && canary.held >= time ? canary.told : nil
        }
        let isDue = rule.needsApproval && canary.held >= plan.hold(at: canary.step)
        return isDue ? "the step asks for a person's word; \(canary.told)" : nil
    }

    /// Whether a person's word lets it leave the step that it is at: one that waits for it, or that asks for
    /// it and still has time to go.
    package static func takesWord(_ operation: OperationRecord, _ steering: Steering?) -> Bool {
        if waitsForPerson(operation, steering) != nil { return true }
        guard case .forward = operation.rollout.direction, let canary = operation.rollout.canary,
            canary.inForce == canary.step, case .canary(let plan)? = operation.change?.strategy,
            canary.step < plan.steps.count - 1, steering?.passed[canary.step] == nil
        else { return false }
        return plan.rule(at: canary.step).needsApproval
    }
}
