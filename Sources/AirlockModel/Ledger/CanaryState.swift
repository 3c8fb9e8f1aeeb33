package import AirlockAnalysis

/// Where a canary stands: its step, how long it is there, and all that was seen so far.
package struct CanaryState: Hashable, Sendable, Codable {
    /// The place of the present step in the plan's list.
    package var step: Int
    /// Monotonic time at this step with its share of the traffic, added up over boots.
    package var held: Duration
    /// Up to where seconds were judged; nil until the router has acknowledged the step's share.
    package var judgedTo: Timestamp?
    package var judge: Judge
    /// What the judge said last, for people; the verdict itself is in ``judge``.
    package var verdict: String

    package init(
        step: Int = 0, held: Duration = .zero, judgedTo: Timestamp? = nil, judge: Judge,
        verdict: String = "undecided"
    ) {
        self.step = step
        self.held = held
        self.judgedTo = judgedTo
        self.judge = judge
        self.verdict = verdict
    }
}
