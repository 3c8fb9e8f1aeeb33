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
        if requests < count {
            for _ in 0..<requests {
                buckets[place(of: -log(1 - random.unit()) * mean, among: bounds)] += 1
            }
            return buckets
        }
        if requests <= 1000 {
            // Where each bucket ends among the numbers in 0..<1 that latencies are drawn from: a table
            // is cheaper than a logarithm for each request.
            let ends = bounds.map { 1 - exp(-$0 / mean) }
            for _ in 0..<requests { buckets[place(of: random.unit(), among: ends)] += 1 }
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

    /// The bounds of all buckets but the last.
    private static let bounds = (0..<count - 1).map { first * pow(growth, Double($0)) }

    /// The first of `ends` that is not below `number`; their count when all are.
    private static func place(of number: Double, among ends: [Double]) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
