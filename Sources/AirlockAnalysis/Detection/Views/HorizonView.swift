/// Surprise over a long horizon: how far recent means are off where the signal usually is.
struct HorizonView: Sendable {
    /// Rates of the recent means, per value.
    private static let rates = [0.068, 0.017, 0.0042]
    /// At what rate the usual distance is learned at least, per value.
    private static let slowRate = 0.0015

    private var means = [Double](repeating: 0, count: Self.rates.count)
    private var ranks = [TailRank](repeating: TailRank(), count: Self.rates.count)
    private var spread = 0.0
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
        let off = count == 1 ? 0 : value - usual
        var surprise = 0.0
        for index in means.indices {
            means[index] += Self.rates[index] * (off - means[index])
            let distance = abs(means[index]) / (spread + tiny)
            surprise = max(surprise, ranks[index].surprise(adding: distance))
        }
        let rate = min(1, max(1 / count, Self.slowRate) * haste)
        spread += rate * (abs(off) - spread)
        level += rate * (value - level)
        return surprise
    }
}
