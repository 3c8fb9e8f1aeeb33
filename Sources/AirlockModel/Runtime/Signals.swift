package import AirlockAnalysis

/// What a rollout has to know of two slots that serve beside each other, or of one that is idle.
package struct SignalQuestion: Hashable, Sendable {
    /// The slot that is judged.
    package let target: SlotID
    /// The slot that serves the rest; nil where the target has no traffic.
    package let base: SlotID?
    /// What a target without traffic is asked for, none of which counts requests; empty where it has some.
    package let bounded: [SignalName]
    /// Whole seconds in `from..<to`.
    package let from: Timestamp
    package let to: Timestamp
    /// When the router took the shares under which both serve now.
    package let sharedSince: Timestamp

    package init(
        target: SlotID, base: SlotID?, bounded: [SignalName] = [], from: Timestamp, to: Timestamp,
        sharedSince: Timestamp
    ) {
        self.bounded = bounded
        self.sharedSince = sharedSince
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

/// What a source of signals can tell beside numbers; a rollout's test is chosen by it.
package struct SignalTraits: Hashable, Sendable {
    /// Whether each error has a key, so that retries are told from new faults.
    package let isKeyed: Bool
    /// Seconds between two of its samples, at least 1.
    package let spacing: Int

    package init(isKeyed: Bool = false, spacing: Int = 1) {
        self.isKeyed = isKeyed
        self.spacing = spacing
    }
}
