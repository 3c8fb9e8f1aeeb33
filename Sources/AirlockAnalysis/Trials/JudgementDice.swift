/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014) and draws from it without the C
/// library: a seed gives the same trial on every machine.
struct JudgementDice: Sendable {
    private var state: UInt64
    /// e^-mean of the mean that ``poisson(_:)`` was asked for last.
    private var lastMean = -1.0
    private var lastPower = 1.0

    init(seed: UInt64) { state = seed &* 0xD129_0B3C_F6A5_4E5B &+ 0x632B_E59B_D9B4_E019 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Moves to another place of the sequence, which `place` alone decides.
    mutating func skip(to place: UInt64) { state ^= (place &+ 1) &* 0xA24B_AED4_963E_E407 }

    /// A number in 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Close to a standard normal number: 256 coins and a uniform number between two counts.
    mutating func normal() -> Double {
        let heads = (0..<4).reduce(0) { sum, _ in sum + next().nonzeroBitCount }
        return (Double(heads - 128) + unit() - 0.5) / 8.005
    }

    /// A Poisson number; beyond a mean of 60 by the normal approximation.
    mutating func poisson(_ mean: Double) -> Int64 {
        guard mean > 0 else { return 0 }
        guard mean <= 60 else {
            return max(0, Int64(mean + normal() * Self.root(of: mean) + 0.5))
        }
        if mean != lastMean {
            lastMean = mean
            lastPower = Self.power(minus: mean)
        }
        var left = unit()
        var term = lastPower
        var count: Int64 = 0
        while left >= term, count < 400 {
            left -= term
            count += 1
            term *= mean / Double(count)
        }
        return count
    }

    /// How many of `trials` succeed: exact up to 32, Poisson's limit of rare events beyond.
    ///
    /// The limit spreads a little wider than the truth, so trials of false alarms are not made
    /// easier.
    mutating func successes(of trials: Int64, chance: Double) -> Int64 {
        if trials <= 32 {
            return (0..<trials).reduce(0) { sum, _ in unit() < chance ? sum + 1 : sum }
        }
        return min(trials, poisson(Double(trials) * chance))
    }

    /// Retries that follow a bad event when a burst has `mean` bad events (geometric).
    mutating func retries(after events: Int64, mean: Double) -> Int64 {
        guard mean > 1, events > 0 else { return 0 }
        let again = 1 - 1 / mean
        var count: Int64 = 0
        for _ in 0..<events { while unit() < again { count += 1 } }
        return count
    }

    /// The square root by Newton's rule; `value` is at least 1.
    static func root(of value: Double) -> Double {
        let digits = Int64(value).leadingZeroBitCount
        var root = Double(Int64(1) << Int64((64 - digits) / 2))
        for _ in 0..<6 { root = (root + value / root) / 2 }
        return root
    }

    /// e^-x by sixteen terms on 1/1024 of the way down and squaring.
    private static func power(minus x: Double) -> Double {
        let small = -x / 1024
        var sum = 1.0
        for divisor in stride(from: 16.0, to: 0, by: -1) { sum = 1 + small / divisor * sum }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
