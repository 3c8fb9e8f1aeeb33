/// A question to a slot that has no traffic yet.
package struct Probe: Hashable, Sendable {
    package let lane: LaneID
    package let slot: SlotID
    /// Where the provider says that the slot can be reached.
    package let endpoint: HTTPAddress
    package let check: PreviewCheck

    package init(lane: LaneID, slot: SlotID, endpoint: HTTPAddress, check: PreviewCheck) {
        self.lane = lane
        self.slot = slot
        self.endpoint = endpoint
        self.check = check
    }
}

/// What came of a probe.
package enum ProbeAnswer: Hashable, Sendable {
    /// It answered with this HTTP status, after so much time.
    case status(Int, after: Duration)
    /// There was no answer, for this reason; it decides nothing.
    case none(String)
}

/// The probes that a rollout wants answered before it goes on.
package struct PreviewQuestion: Hashable, Sendable {
    package let lane: LaneID
    package let slot: SlotID
    /// Nil where the provider does not say it.
    package let endpoint: HTTPAddress?
    /// The checks that have not passed, by their place in the plan.
    package let checks: [Int: PreviewCheck]

    package init(
        lane: LaneID, slot: SlotID, endpoint: HTTPAddress?, checks: [Int: PreviewCheck]
    ) {
        self.lane = lane
        self.slot = slot
        self.endpoint = endpoint
        self.checks = checks
    }
}

/// The answer to a ``PreviewQuestion``.
package enum PreviewAnswer: Hashable, Sendable {
    /// Nothing could be asked, for this reason; it decides nothing.
    case unaddressed(String)
    /// By the place of the check.
    case answers([Int: ProbeAnswer])
}
