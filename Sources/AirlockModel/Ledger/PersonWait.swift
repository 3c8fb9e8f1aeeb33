import AirlockAnalysis

/// That a rollout stays at its step until a person lets it leave, or takes it back.
package struct PersonWait: Hashable, Sendable {
    /// Counted from 1.
    package let step: Int
    /// Whether the release asks for a person at the step; else it had its time and stayed undecided.
    package let isApproval: Bool
    /// Whether the step is judged and the evidence has not decided it; also where a person is asked for.
    package let isUndecided: Bool
    /// Since when only a person is waited for.
    package let since: Timestamp
    /// What the judge says, with its numbers and their limits.
    package let told: String

    /// One phrase, without a full stop.
    package var phrase: String {
        let undecided = isUndecided ? " stays undecided and" : ""
        return "step \(step)\(undecided) waits for a person" + (isApproval ? "'s approval" : "")
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
        let rule = plan.rule(at: canary.step)
        var isUndecided = false
        if case .undecided = canary.judge.verdict { isUndecided = rule.isJudged }
        return PersonWait(
            step: canary.step + 1, isApproval: rule.needsApproval, isUndecided: isUndecided,
            since: since,
            told: canary.judge.unserved.map {
                "No request reached \($0.words) in this step, so nothing can be compared."
            } ?? canary.judge.verdict.sentences.joined(separator: " "))
    }
}
