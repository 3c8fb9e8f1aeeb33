/// What a signal's daily and weekly course lets expect.
struct Season: Sendable {
    private var day = SeasonProfile(period: 86_400, buckets: 48)
    private var week = SeasonProfile(period: 604_800, buckets: 168)

    /// What is expected of a value, in its own unit.
    struct Expectation {
        /// One step ahead.
        var near: Double
        /// From the long past alone.
        var far: Double
    }

    /// Improves `plain` by a season that has proved itself; then learns the value.
    /// - Parameters:
    ///   - time: Seconds since the epoch.
    ///   - plainly: What is learned of the value while no season is known.
    ///   - plain: What is expected without a season.
    mutating func next(
        _ value: Double, at time: Double, plainly: Double, plain: Expectation
    ) -> Expectation {
        let byDay = day.next(value, at: time, plainly: plainly, rival: plain)
        let byWeek = week.next(value, at: time, plainly: plainly, rival: plain)
        var result = plain
        if week.near.isProven, byWeek.isKnown, week.near.ratio < day.near.ratio {
            result.near = byWeek.expectation.near
        } else if day.near.isProven, byDay.isKnown {
            result.near = byDay.expectation.near
        }
        if week.far.isProven, byWeek.isKnown, week.far.ratio < day.far.ratio {
            result.far = byWeek.expectation.far
        } else if day.far.isProven, byDay.isKnown {
            result.far = byDay.expectation.far
        }
        return result
    }
}
