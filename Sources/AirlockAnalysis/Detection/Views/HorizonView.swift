/// Surprise over a long horizon: how far recent means are off where the signal usually is.
struct HorizonView: Sendable {
    /// Rates of the recent means, per value.
    private static let rates = [0.068, 0.017, 0.0042]
    /// At what rate the usual distance is learned at least, per value.
    private static let slowRate = 0.0015
    /// A distance is learned as at most so many usual ones, after the first values: one glitch, such as a counter
    /// that wrapped, must not pass for what is usual.
    private static let clip = 10.0
    private static let firstValues = 20.0
    /// What is left of a peak with each value, and the share of it that is learned when it comes again.
    private static let peakDecay = 0.998
    private static let peakShare = 0.3

    private var means = [Double](repeating: 0, count: Self.rates.count)
    private var ranks = [TailRank](repeating: TailRank(), count: Self.rates.count)
    private var spread = 0.0
    /// The greatest distance of late: what comes again belongs to the signal.
    private var peak = 0.0
    private var count = 0.0

    /// Where the signal has been in the long past, in its own unit.
    private(set) var level = 0.0

    /// Judges a value, then learns it.
    /// - Parameters:
    ///   - usual: Where the signal usually is: ``level``, or what the season makes of it.
    ///   - haste: Factor on the rate of learning, at least 1.
    ///   - tiny: A positive length that is nothing for this signal.
    /// - Returns: Decades of surprise.
    mutating func next(_ value: Double, usual: Double, haste: Double, tiny: Double) -> Double {
        count += 1
        if count == 1 { level = value }
        let off = count == 1 ? 0 : tamed(value, around: usual) - usual
        let learned = tamed(value, around: level)
        var surprise = 0.0
        for index in means.indices {
            means[index] += Self.rates[index] * (off - means[index])
            let strangeness = abs(means[index]) / (spread + tiny)
            surprise = max(surprise, ranks[index].surprise(adding: strangeness))
        }
        let rate = min(1, max(1 / count, Self.slowRate) * haste)
        spread += rate * (abs(off) - spread)
        level += rate * (learned - level)
        peak = max(Self.peakDecay * peak, count == 1 ? 0 : abs(value - usual))
        return surprise
    }

    /// The value, where it is not further off `expected` than is learned at a time.
    ///
    /// Of a signal that was constant nothing is learned from the first value that is not.
    func tamed(_ value: Double, around expected: Double) -> Double {
        guard count >= Self.firstValues else { return value }
        let most = max(Self.clip * spread, Self.peakShare * peak)
        return max(expected - most, min(expected + most, value))
    }
}
