/// What a rollout has to know of two slots that serve beside each other.
package struct SignalQuestion: Hashable, Sendable {
    /// The slot that is judged.
    package let target: SlotID
    /// The slot that serves the rest.
    package let base: SlotID
    /// Whole seconds in `from..<to`.
    package let from: Timestamp
    package let to: Timestamp

    package init(target: SlotID, base: SlotID, from: Timestamp, to: Timestamp) {
        self.target = target
        self.base = base
        self.from = from
        self.to = to
    }
}

/// What a source of signals said to a question.
package enum SignalAnswer: Hashable, Sendable {
    /// Oldest first; seconds without data are missing.
    case counters(target: [SecondCounters], base: [SecondCounters])
    /// It did not answer, and why.
    case down(String)
}
