/// The usual course of a signal over a period, learned per bucket of the clock.
struct SeasonProfile: Sendable {
    /// Rates at which the distance to the profile is smoothed, per value.
    private static let nearRate = 0.2
    private static let farRate = 0.004
    /// How much one period's visit moves a bucket's mean once there are several.
    private static let visitRate = 0.25
    /// How many periods must have been seen, in part, before the profile says anything.
    private static let leastPeriods = 1.5

    private let period: Double
    private var means: [Double]
    private var visits: [Double]
    private var samples: [Double]
    private var lastBucket = -1
    private var start: Double?
    private var nearOffset = 0.0
    private var farOffset = 0.0

    /// How its forecasts one step ahead did against smoothing.
    private(set) var near = Contest(leastGain: 0.05)
    /// How its forecasts from the long past did against the long level.
    private(set) var far = Contest(leastGain: 0.1)

    /// No period seen yet.
    /// - Parameters:
    ///   - period: Seconds.
    ///   - buckets: How many equal parts the period has.
    init(period: Double, buckets: Int) {
        self.period = period
        means = Array(repeating: 0, count: buckets)
        visits = means
        samples = means
    }

    /// What was expected of `value`, and whether this place of the period is known; then learns it.
    ///
    /// - Parameter plainly: What is learned of the value while no course is known.
    mutating func next(
        _ value: Double, at time: Double, plainly: Double, rival: Season.Expectation
    ) -> (expectation: Season.Expectation, isKnown: Bool) {
        let begin = start ?? time
        start = begin
        let turns = time / period
        let place = (turns - turns.rounded(.down)) * Double(means.count)
        let bucket = max(0, min(means.count - 1, Int(place)))
        let isKnown = visits[bucket] >= 1 && time - begin > Self.leastPeriods * period
        let usual = usual(bucket, place)
        let expectation = Season.Expectation(near: usual + nearOffset, far: usual + farOffset)
        // One glitch must not pass for a part of the course.
        let value = isKnown ? far.tamed(value, around: expectation.far) : plainly
        if isKnown {
            near.add(abs(value - expectation.near), rival: abs(value - rival.near))
            far.add(abs(value - expectation.far), rival: abs(value - rival.far))
            nearOffset += Self.nearRate * (value - usual - nearOffset)
            farOffset += Self.farRate * (value - usual - farOffset)
        }
        learn(value, bucket)
        return (expectation, isKnown)
    }

    /// Between the middles of two buckets the profile is a straight line.
    private func usual(_ bucket: Int, _ place: Double) -> Double {
        let share = place - Double(bucket) - 0.5
        let side = (bucket + (share < 0 ? means.count - 1 : 1)) % means.count
        guard visits[side] >= 1 else { return means[bucket] }
        return means[bucket] + abs(share) * (means[side] - means[bucket])
    }

    private mutating func learn(_ value: Double, _ bucket: Int) {
        if bucket != lastBucket { visits[bucket] += 1 }
        lastBucket = bucket
        samples[bucket] += 1
        let perVisit = samples[bucket] / visits[bucket]
        let rate = max(1 / samples[bucket], Self.visitRate / perVisit)
        means[bucket] += rate * (value - means[bucket])
    }
}

/// Two forecasts side by side.
struct Contest: Sendable {
    private static let leastCount = 40.0
    private static let leastRate = 0.002
    /// An error counts as at most so many usual ones.
    private static let clip = 10.0
    /// What is left of a peak with each value.
    private static let peakDecay = 0.998

    /// By what share the error must be smaller than the rival's.
    let leastGain: Double
    private var error = 0.0
    private var rival = 0.0
    /// The greatest error of late: what comes again belongs to the signal.
    private var peak = 0.0
    private var count = 0.0

    init(leastGain: Double) { self.leastGain = leastGain }

    /// True when the forecast was clearly better than its rival for long enough.
    var isProven: Bool { count > Self.leastCount && error < (1 - leastGain) * rival }
    /// The error as a share of the rival's.
    var ratio: Double { rival > 0 ? error / rival : .infinity }

    /// The value, where it is not further off `expected` than an error may count for.
    mutating func tamed(_ value: Double, around expected: Double) -> Double {
        defer { peak = max(Self.peakDecay * peak, abs(value - expected)) }
        guard count > Self.leastCount else { return value }
        let most = max(Self.clip * max(error, rival), peak)
        return max(expected - most, min(expected + most, value))
    }

    /// Adds one absolute error of each.
    mutating func add(_ newError: Double, rival newRival: Double) {
        let rate = max(1 / (count + 1), Self.leastRate)
        error += rate * (newError - error)
        rival += rate * (newRival - rival)
        count += 1
    }
}
