import Glibc

/// How seldom a value of a statistic is, judged by the statistic's own past.
///
/// Keeps a histogram of the logarithm, a quarter of an octave per bin, and forgets by halving.
/// Within the past the answer is the empirical tail; beyond it the tail is continued as a Pareto
/// tail whose index is Hill's estimate (B. M. Hill, Annals of Statistics 3, 1975), so a signal
/// with naturally heavy spikes needs a far larger spike to surprise than a calm one.
struct TailRank: Sendable {
    private static let binCount = 96
    private static let binsPerOctave = 4.0
    private static let lowestOctave = -10.0
    /// Values above this are ranked as this.
    private static let greatest = 1e4
    /// How many values are remembered before all weigh half.
    private static let memory = 10_000.0
    /// The share of the past that the tail is fitted on, and the least number of values.
    private static let tailShare = 0.04
    private static let tailCount = 6.0
    /// The index that a tail has before it is known, in octaves, and how many values that is worth.
    private static let priorIndex = 0.5
    private static let priorWeight = 6.0
    /// From how many greater values in the past on the empirical tail is believed.
    private static let enoughAbove = 4.0
    /// What surprises by more than so many decades is learned with less weight.
    private static let strange = 2.5
    private static let strangeWeight = 0.7

    private var bins = [Double](repeating: 0, count: Self.binCount)
    /// The weight in each bin and all above it, at the last fit.
    private var above = [Double](repeating: 0, count: Self.binCount + 1)
    private var total = 0.0
    private var sinceFit = 0
    private var fitEvery = 8
    private var tailStart = Double.infinity
    private var tailDecades = 0.0
    private var tailIndex = Self.priorIndex

    /// The surprise of `value` in decades: 3 means one in a thousand of the past; then learns it.
    /// - Parameter value: Not negative.
    mutating func surprise(adding value: Double) -> Double {
        let octaves = log2(max(0x1p-30, min(value, Self.greatest)))
        let place = (octaves - Self.lowestOctave) * Self.binsPerOctave
        let bin = max(0, min(Self.binCount - 1, Int(place)))
        let result = surprise(octaves, bin)
        let weight = result > Self.strange ? Self.strangeWeight : 1
        bins[bin] += weight
        total += weight
        sinceFit += 1
        if sinceFit >= fitEvery { fit() }
        return result
    }

    private func surprise(_ octaves: Double, _ bin: Int) -> Double {
        guard total >= 8 else { return 0 }
        let past = max(0.5, 0.5 * (above[bin] + above[bin + 1]))
        let empirical = log10((total + 1) / (past + 0.5))
        guard octaves > tailStart else { return min(empirical, tailDecades) }
        let fitted = tailDecades + (octaves - tailStart) / (tailIndex * M_LN10)
        return past >= Self.enoughAbove ? min(fitted, empirical) : fitted
    }

    /// Sums the tail anew. Done each time the past has grown by a fraction, so the mean cost per
    /// value is small and bounded.
    private mutating func fit() {
        if total > Self.memory {
            for bin in bins.indices { bins[bin] *= 0.5 }
            total *= 0.5
        }
        sinceFit = 0
        fitEvery = max(8, Int(total / 64))
        var sum = 0.0
        var weighted = 0.0
        var start = Self.binCount
        for bin in stride(from: Self.binCount - 1, through: 0, by: -1) {
            above[bin] = above[bin + 1] + bins[bin]
            let isTail = above[bin + 1] < max(Self.tailShare * total, Self.tailCount)
            guard isTail else { continue }
            start = bin
            sum = above[bin]
            weighted += bins[bin] * (Double(bin) + 0.5) / Self.binsPerOctave
        }
        let edge = Double(start) / Self.binsPerOctave
        tailStart = edge + Self.lowestOctave
        tailDecades = max(0, -log10(max(sum, 0.5) / total))
        let excess = weighted - edge * sum + Self.priorIndex * Self.priorWeight
        tailIndex = excess / (sum + Self.priorWeight)
    }
}
