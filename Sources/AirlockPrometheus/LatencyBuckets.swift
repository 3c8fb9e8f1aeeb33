import AirlockModel

/// How many requests of one step fell into each bucket of a histogram. Pure.
struct LatencyBuckets {
    /// The most buckets that are read.
    private static let most = 512

    let counts: [Int]
    let slowest: [SecondCounters.Slowest]

    /// Nil where a bucket is not known, or the buckets are none: without `+Inf`, or not cumulative.
    ///
    /// - Parameters:
    ///   - series: Counters with the label `le`, the upper bound of a bucket.
    ///   - label: What names an instance.
    ///   - areTold: Whether there are several instances; of one alone the step is the witness.
    init?(
        _ series: [RangeAnswer.Series], at time: Int, step: Int, tellingBy label: String,
        areTold: Bool
    ) {
        let grown = SeriesGrowth.parts(of: series, at: time, step: step, tellingBy: label)
        guard let grown else { return nil }
        var sums: [Double: Double] = [:]
        var parts: [String: [Double: Double]] = [:]
        for (one, growth) in grown {
            guard let bound = one.labels["le"].flatMap(Double.init), !bound.isNaN else {
                return nil
            }
            sums[bound, default: 0] += growth
            let name = areTold ? one.instance(by: label) : "\(time)"
            parts[name, default: [:]][bound, default: 0] += growth
        }
        let bounds = sums.keys.sorted()
        guard bounds.last == .infinity, (2...Self.most).contains(bounds.count),
            let counts = Self.counts(bounds.map { sums[$0] ?? 0 })
        else { return nil }
        self.counts = counts
        var slowest: [SecondCounters.Slowest] = []
        for name in parts.keys.sorted() {
            let part = parts[name] ?? [:]
            guard let own = Self.counts(bounds.map { part[$0] ?? 0 }),
                let bucket = own.lastIndex(where: { $0 > 0 })
            else { continue }
            slowest.append(
                SecondCounters.Slowest(witness: CounterSteps.digest(name), bucket: bucket))
        }
        self.slowest = Array(slowest.sorted { $0.bucket > $1.bucket }.prefix(2))
    }

    /// Differences of what is cumulative; nil where it falls, as it does when one bucket was scraped later.
    private static func counts(_ cumulative: [Double]) -> [Int]? {
        var before = 0.0
        var counts: [Int] = []
        for value in cumulative {
            guard value >= before - 0.5, value < Double(1 << 31) else { return nil }
            counts.append(Int((max(value, before) - before).rounded()))
            before = max(value, before)
        }
        return counts
    }
}
