import AirlockAnalysis
package import AirlockModel

extension Rollout {
    /// The evidence of a step that had all the time it was given and waits for a person; nil for any
    /// other operation.
    package static func undecided(
        _ operation: OperationRecord
    ) -> (evidence: String, held: Duration)? {
        guard case .forward = operation.rollout.direction, let canary = operation.rollout.canary,
            canary.inForce == canary.step, case .canary(let plan)? = operation.change?.strategy,
            canary.held >= max(plan.hold, plan.decideWithin),
            case .undecided(let reasons) = canary.judge.verdict,
            plan.onUndecided == .hold || !reasons.allSatisfy(\.isAboutEvidence)
        else { return nil }
        return (canary.told, canary.held)
    }
}
