/// Two slots side by side, second by second.
struct JudgementTraffic: Sendable {
    /// One second of one slot.
    struct Second: Sendable {
        var requests: Int64 = 0
        /// Bad events with a cause of their own: bursts.
        var faults: Int64 = 0
        /// Bad events with every retry.
        var raw: Int64 = 0
        /// Retries that come in the next second: half of them do.
        var late: Int64 = 0
    }

    /// Share of the requests that fail on the stable slot.
    let stableErrors: Double
    /// Share of the requests that fail on the canary.
    let canaryErrors: Double
    /// Bad events of one burst in the mean; 1 is no retry.
    let burst: Double

    private(set) var canary = Second()
    private(set) var stable = Second()
    private var dice: JudgementDice

    init(seed: UInt64, stableErrors: Double, canaryErrors: Double, burst: Double) {
        dice = JudgementDice(seed: seed)
        self.stableErrors = stableErrors
        self.canaryErrors = canaryErrors
        self.burst = burst
    }

    /// Draws the next second.
    /// - Parameters:
    ///   - canaryRate: Requests per second that reach the canary.
    ///   - stableRate: Requests per second that reach the stable slot.
    mutating func advance(canaryRate: Double, stableRate: Double) {
        canary = Self.second(after: canary, canaryRate, canaryErrors, burst, &dice)
        stable = Self.second(after: stable, stableRate, stableErrors, burst, &dice)
    }

    private static func second(
        after last: Second, _ rate: Double, _ errors: Double, _ burst: Double,
        _ dice: inout JudgementDice
    ) -> Second {
        var second = Second(requests: dice.poisson(rate))
        second.faults = dice.successes(of: second.requests, chance: errors)
        let retries = dice.retries(after: second.faults, mean: burst)
        second.late = retries / 2
        second.raw = second.faults + retries - second.late + last.late
        second.requests += retries - second.late + last.late
        return second
    }
}
