/// How far the carrying out of an operation has come; survives a kill at any step.
package struct RolloutState: Hashable, Sendable, Codable {
    package var direction: Direction
    /// Grows by one with each action that was seen done; part of the idempotency key.
    package var step: Int
    /// Monotonic time without progress, added up over boots.
    package var stalled: Duration
    /// When `stalled` was last added to.
    package var seen: Moment?
    /// Healthy instances of the target that were seen at the most: progress is exceeding it.
    package var best: Int
    /// Where a change stands whose new slot is judged; nil before the first look, and for what is not.
    package var canary: CanaryState? {
        get { boxedCanary?.value }
        set { boxedCanary = newValue.map(Boxed.init) }
    }
    /// What an idle slot has shown; nil before it is looked at, and where nothing is asked of it.
    package var preview: PreviewState? {
        get { boxedPreview?.value }
        set { boxedPreview = newValue.map(Boxed.init) }
    }
    // Most rollouts have neither, and a fleet has a record for every lane that is under way.
    private var boxedCanary: Boxed<CanaryState>?
    private var boxedPreview: Boxed<PreviewState>?
    /// Whether it goes back from where it had settled: the base takes the traffic when it is whole again.
    package var keepsCapacity: Bool?
    /// The most of the traffic that git allowed at the last look, in per mille; nil for all.
    package var ceiling: Int?
    /// Whether nothing but that keeps it from going on; nil for no.
    package var isBound: Bool?
    /// Whether no instance of the old slot was healthy when it began, so that it was brought all at once; nil for no.
    package var isAlone: Bool?
    /// How long every instance of what is gone back to was seen to have failed; nil since one may serve.
    package var failed: Duration?
    /// Why the provider does not take an open test job; told to those who wait for it, decides nothing.
    package var refusal: String?

    package init(
        direction: Direction = .forward, step: Int = 0, stalled: Duration = .zero,
        seen: Moment? = nil, best: Int = 0, canary: CanaryState? = nil, keepsCapacity: Bool? = nil
    ) {
        self.direction = direction
        self.step = step
        self.stalled = stalled
        self.seen = seen
        self.best = best
        self.boxedCanary = canary.map(Boxed.init)
        self.keepsCapacity = keepsCapacity
    }

    /// The time that is counted towards a deadline, forward or back.
    package var counted: Duration { stalled + (failed ?? .zero) }

    /// Turns back; the time without a healthy instance of what is gone back to counts from the next look on.
    package mutating func turnBack(_ reason: String) {
        (direction, seen, failed) = (.back(reason: reason), nil, nil)
    }

    /// What is said of one that ``isAlone``.
    package static let alonePhrase =
        "no instance of the old slot is healthy: all traffic at once, no step waits, nothing to judge it by"

    private enum CodingKeys: String, CodingKey {
        case direction
        case step
        case stalled
        case seen
        case best
        case boxedCanary = "canary"
        case boxedPreview = "preview"
        case keepsCapacity
        case ceiling
        case isBound
        case isAlone
        case failed
        case refusal
    }

    /// Whether a rollout goes to its target or back to its base.
    package enum Direction: Hashable, Sendable, Codable {
        case forward
        /// The target is being stopped and the base serves again.
        case back(reason: String)
    }
}
