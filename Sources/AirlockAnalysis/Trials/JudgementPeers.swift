/// More than 1% errors in 3 windows of a minute: the usual fixed rule, for comparison.
struct FixedThreshold: Sendable {
    private var requests: Int64 = 0
    private var bad: Int64 = 0
    private var failures = 0
    /// The second of the third failure.
    private(set) var aborted: Int?

    mutating func add(_ canary: JudgementTraffic.Second, second: Int) {
        requests += canary.requests
        bad += canary.raw
        guard second % 60 == 0 else { return }
        if requests > 0, bad * 100 > requests { failures += 1 }
        if failures == 3, aborted == nil { aborted = second }
        requests = 0
        bad = 0
    }
}

/// A Mann-Whitney judge of points of 60 s against an equal baseline at minutes 10, 20 and 30.
///
/// Fails when the lower end of the two-sided 98% interval of the Hodges-Lehmann shift is above a
/// quarter of the shift itself and the mean rose; points without requests are dropped. The interval
/// is the distribution-free one (Hollander and Wolfe, 4.3).
struct MannWhitney: Sendable {
    private var baseline: JudgementTraffic
    private let rate: Double
    private var sums: (requests: Int64, bad: Int64) = (0, 0)
    private var baselineSums: (requests: Int64, bad: Int64) = (0, 0)
    private var points: [Double] = []
    private var baselinePoints: [Double] = []
    /// The second of the first failed look.
    private(set) var aborted: Int?

    init(seed: UInt64, rate: Double, errors: Double, burst: Double) {
        baseline = JudgementTraffic(
            seed: ~seed, stableErrors: errors, canaryErrors: errors, burst: burst)
        self.rate = rate
    }

    mutating func add(_ canary: JudgementTraffic.Second, second: Int) {
        baseline.advance(canaryRate: rate, stableRate: 0)
        sums = (sums.requests + canary.requests, sums.bad + canary.raw)
        baselineSums.requests += baseline.canary.requests
        baselineSums.bad += baseline.canary.raw
        guard second % 60 == 0 else { return }
        if sums.requests > 0 { points.append(Double(sums.bad) / Double(sums.requests)) }
        if baselineSums.requests > 0 {
            baselinePoints.append(Double(baselineSums.bad) / Double(baselineSums.requests))
        }
        sums = (0, 0)
        baselineSums = (0, 0)
        if second % 600 == 0, aborted == nil, isHigh { aborted = second }
    }

    private var isHigh: Bool {
        guard points.count > 1, baselinePoints.count > 1 else { return false }
        let count = Double(points.count)
        let others = Double(baselinePoints.count)
        let differences = points.flatMap { point in baselinePoints.map { point - $0 } }.sorted()
        let spread = JudgementDice.root(of: count * others * (count + others + 1) / 12)
        let place = Int(count * others / 2 - 2.326 * spread - 0.5)
        guard place >= 0, place < differences.count else { return false }
        let shift = differences[differences.count / 2]
        let mean = points.reduce(0, +) / count
        let other = baselinePoints.reduce(0, +) / others
        return differences[place] > 0.25 * max(shift, -shift) && mean > other
    }
}
