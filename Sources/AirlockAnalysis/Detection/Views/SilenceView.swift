/// Surprise over silence: missing values, or a gap between timestamps, far longer than any before.
struct SilenceView: Sendable {
    /// Decades for a silence that is told.
    private static let told = 4.0
    /// A silence is told from so many usual intervals on.
    private static let leastLength = 24.0
    /// And from so many times the longest silence before on.
    private static let timesLongest = 3.0
    /// And from this share of all values seen on.
    private static let leastShare = 0.02

    private var interval = 0.0
    private var lastTime: Double?
    private var missing = 0.0
    private var longest = 1.0
    private var count = 0.0

    /// A value is missing: decades of surprise, once for each silence.
    mutating func nextMissing() -> Double {
        missing += 1
        return missing == limit.rounded(.up) ? Self.told : 0
    }

    /// A value is there: decades of surprise over the gap before it.
    /// - Parameter time: Seconds since the epoch, if known.
    mutating func next(at time: Double?) -> Double {
        let wasTold = missing >= limit
        var gap = missing
        if let time, let lastTime, time > lastTime {
            let step = time - lastTime
            if interval > 0 { gap = max(gap, step / interval) }
            let limited = interval > 0 ? min(step, 3 * interval) : step
            interval += max(1 / (count + 1), 0.01) * (limited - interval)
        }
        lastTime = time ?? lastTime
        count += 1
        missing = 0
        let isStrange = gap >= limit
        longest = max(longest, gap)
        return isStrange && !wasTold ? Self.told : 0
    }

    private var limit: Double {
        max(Self.leastLength, Self.timesLongest * longest, Self.leastShare * count)
    }
}
