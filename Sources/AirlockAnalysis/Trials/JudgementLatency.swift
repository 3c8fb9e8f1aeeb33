/// A canary of one instance with a tenth of the traffic beside nine stable ones, all of which
/// stall.
package struct LatencyTrial: Hashable, Sendable {
    /// What is compared.
    package let quantile: Quantile
    /// Requests per second of each instance.
    package let canaryRate: Double
    /// By how many buckets every request of the canary is slower; 3 nearly double what is slow.
    package let shift: Int

    /// When each run was decided, in seconds; nil where it was not.
    package struct Outcome: Sendable {
        package var harmful: [Int?] = []
        package var excluded: [Int?] = []
    }

    /// Buckets, each with 0.8 times the requests of the one before.
    private static let buckets = 48
    private static let stableInstances = 9
    /// In one second out of a hundred an instance stalls: all that it serves is 8 buckets slower.
    private static let stall = (chance: 0.01, buckets: 8)

    package init(quantile: Quantile, canaryRate: Double, shift: Int) {
        self.quantile = quantile
        self.canaryRate = canaryRate
        self.shift = shift
    }

    /// Watches `runs` canaries for `seconds`; p50 tolerates 1.5, the others 2.
    package func watch(runs: Int, seconds: Int = 1800, seed: UInt64 = 1) -> Outcome {
        var outcome = Outcome()
        let tolerated: HarmRatio =
            quantile.thousandths > 500 ? .double : HarmRatio(thousandths: 1500)
        for run in 0..<runs {
            var dice = JudgementDice(seed: seed &* 7919 &+ UInt64(run))
            var test = LatencyTest(
                quantile: quantile, tolerated: tolerated, chance: .onePercent,
                falsePass: .fivePercent)
            var times: (harmful: Int?, excluded: Int?) = (nil, nil)
            for second in 1...seconds {
                test.add(tally(&dice))
                if test.test.isHarmful, times.harmful == nil { times.harmful = second }
                if test.test.isExcluded, times.excluded == nil { times.excluded = second }
            }
            outcome.harmful.append(times.harmful)
            outcome.excluded.append(times.excluded)
        }
        return outcome
    }

    private func tally(_ dice: inout JudgementDice) -> LatencyTally {
        var canary = [Int64](repeating: 0, count: Self.buckets)
        var stable = canary
        serve(&canary, shift: shift, &dice)
        for _ in 0..<Self.stableInstances { serve(&stable, shift: 0, &dice) }
        return LatencyTally(canary: canary, stable: stable, witnesses: Witnesses([1, 2]))
    }

    private func serve(_ counts: inout [Int64], shift: Int, _ dice: inout JudgementDice) {
        let stalls = dice.unit() < Self.stall.chance
        let base = shift + (stalls ? Self.stall.buckets : 0)
        for _ in 0..<dice.poisson(canaryRate) {
            var bucket = base
            while bucket < Self.buckets - 1, dice.unit() < 0.8 { bucket += 1 }
            counts[bucket] += 1
        }
    }
}
