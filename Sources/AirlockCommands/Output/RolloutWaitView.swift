import AirlockModel

/// That a rollout stays where it is, as JSON and YAML show it.
struct RolloutWaitView: Codable {
    /// The step at which a person is waited for, counted from 1; nil where it is none.
    let step: Int?
    let since: String?
    let reason: String
    /// What the judge says, with its numbers.
    let evidence: String?
    let advice: String

    init(_ wait: RolloutWait, in lane: LaneID) {
        if case .person(let person) = wait { step = person.step } else { step = nil }
        since = wait.since?.rfc3339
        reason = wait.phrase
        evidence = wait.told
        advice = wait.advice(for: lane)
    }
}
