import AirlockAnalysis

/// That a rollout stays at its step until a person lets it leave, or takes it back.
package struct PersonWait: Hashable, Sendable {
    /// Counted from 1.
    package let step: Int
    /// Whether the release asks for a person at the step; else it had its time and stayed undecided.
    package let isApproval: Bool
    /// Since when only a person is waited for.
    package let since: Timestamp
    /// What the judge says, with its numbers and their limits.
    package let told: String

    /// One phrase, without a full stop.
    package var phrase: String {
        isApproval
            ? "step \(step) waits for a person's approval"
            : "step \(step) stays undecided and waits for a person"
    }

    /// What that person types.
    package func advice(for lane: LaneID) -> String {
        "run `airlock rollout resume \(lane)` or `airlock rollout abort \(lane)`"
    }
}

extension OperationRecord {
    /// What it waits for a person with; nil when it waits for none.
    ///
    /// - Parameter steering: What was said about the operation already.
    package func waitsForPerson(_ steering: Steering?) -> PersonWait? {
        guard case .forward = rollout.direction, let canary = rollout.canary,
            let since = canary.waitsSince, canary.inForce == canary.step,
            case .canary(let plan)? = change?.strategy, canary.step < plan.steps.count - 1,
            steering?.passed[canary.step] == nil, steering?.held == nil, steering?.aborted == nil
        else { return nil }
        return PersonWait(
            step: canary.step + 1, isApproval: plan.rule(at: canary.step).needsApproval,
            since: since, told: canary.judge.verdict.sentences.joined(separator: " "))
    }
}
