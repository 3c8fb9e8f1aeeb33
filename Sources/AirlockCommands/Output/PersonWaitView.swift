import AirlockModel

/// That a rollout waits for a person, as JSON and YAML show it.
struct PersonWaitView: Codable {
    /// Counted from 1.
    let step: Int
    let since: String
    let reason: String
    /// What the judge says, with its numbers.
    let evidence: String
    let advice: String

    init(_ wait: PersonWait, in lane: LaneID) {
        step = wait.step
        since = wait.since.rfc3339
        reason = wait.phrase
        evidence = wait.told
        advice = wait.advice(for: lane)
    }
}
