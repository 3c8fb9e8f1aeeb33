import Glibc

/// The buckets into which simulated requests fall by their latency, the same for every slot.
enum LatencyLadder {
    /// The bound of the first bucket in microseconds; each next one is a fifth higher.
    private static let first = 500.0
    private static let growth = 1.2
    /// Up to 50 s, and one bucket without a bound.
    static let count = 64

    /// How many of `requests` fall into each bucket.
    ///
    /// Latencies are exponential, which the quantile `p99` in microseconds settles. Beyond 1,000 requests
    /// each bucket is drawn by itself instead of each request.
    static func sample(_ requests: Int, p99: Double, _ random: inout SplitMix64) -> [Int] {
        var buckets = Array(repeating: 0, count: count)
        let mean = max(1, p99 / log(100))
        if requests <= 1000 {
            for _ in 0..<requests { buckets[bucket(-log(1 - random.unit()) * mean)] += 1 }
            return buckets
        }
        var rest = requests
        var bound = first
        var below = 0.0
        for place in 0..<count - 1 where rest > 0 {
            let reached = 1 - exp(-bound / mean)
            let part = below < 1 ? min(1, (reached - below) / (1 - below)) : 1
            buckets[place] = random.successes(of: rest, probability: part)
            rest -= buckets[place]
            below = reached
            bound *= growth
        }
        buckets[count - 1] += rest
        return buckets
    }

    private static func bucket(_ microseconds: Double) -> Int {
        guard microseconds > first else { return 0 }
        return min(count - 1, Int((log(microseconds / first) / log(growth)).rounded(.up)))
    }
}
