import AirlockAnalysis
import Foundation
import Testing

/// The chances of 0...`trials` successes.
private func binomial(_ trials: Int, _ chance: Double) -> [Double] {
    (0...trials).map { count in
        let ways =
            lgamma(Double(trials + 1)) - lgamma(Double(count + 1))
            - lgamma(Double(trials - count + 1))
        return exp(
            ways + Double(count) * log(chance) + Double(trials - count) * log(1 - chance))
    }
}

private func stake(_ evidence: LogEvidence) -> Double { exp(Double(evidence.millionths) / 1e6) }

@Suite("Evidence")
struct EvidenceTests {
    @Test("the stake of the harm test is at most 1 in the mean when nothing is wrong")
    func harmIsFair() {
        for (canary, stable, bad) in [(1, 99, 5), (10, 90, 20), (500, 500, 30), (900, 100, 7)] {
            let share = Double(canary) / Double(canary + stable)
            let mean = zip(0..., binomial(bad, share)).reduce(0.0) { sum, part in
                var test = HarmTest(chance: .onePercent)
                test.add(
                    .of(
                        canary: (min(Int64(part.0), Int64(canary)), Int64(canary)),
                        stable: (Int64(bad - min(part.0, canary)), Int64(stable))))
                return sum + part.1 * stake(test.evidence)
            }
            #expect(mean <= 1, "\(canary) of \(canary + stable)")
            #expect(canary < bad || mean > 0.9999)
        }
    }

    @Test("the stake of the safety test is at most 1 in the mean when harm is there")
    func safetyIsFair() {
        for ratio in [2.0, 2.5, 5] {
            let share = 100 * ratio / (900 + 100 * ratio)
            let mean = zip(0..., binomial(25, share)).reduce(0.0) { sum, part in
                var test = SafetyTest(tolerated: .double, chance: .fivePercent)
                test.add(
                    .of(
                        canary: (Int64(part.0), 100),
                        stable: (Int64(25 - part.0), 900)))
                return sum + part.1 * stake(test.evidence)
            }
            #expect(mean <= 1, "ratio \(ratio)")
        }
    }

    @Test("the stake on parts of a look is at most 1 in the mean, caps included")
    func fractionsAreFair() {
        for (canary, stable, part) in [(1, 8, 0.1), (3, 12, 0.02), (6, 6, 0.5), (20, 2, 0.05)] {
            var mean = 0.0
            for (ours, chance) in zip(0..., binomial(canary, part)) {
                for (theirs, other) in zip(0..., binomial(stable, part)) {
                    var test = FractionTest(
                        tolerated: .double, chance: .onePercent, falsePass: .fivePercent)
                    test.add(
                        canary: .init(bad: Int64(ours), requests: Int64(canary)),
                        stable: .init(bad: Int64(theirs), requests: Int64(stable)),
                        expected: Chance(millionths: Int64(part * 1e6)), mayAccuse: true)
                    mean += chance * other * stake(test.harmEvidence)
                }
            }
            #expect(mean <= 1.000_001, "\(canary) beside \(stable)")
        }
    }

    @Test("the stake on plain counters is at most 1 in the mean, with bursts of three too")
    func countersAreFair() {
        for burst: Int64 in [1, 3] {
            var mean = 0.0
            for (ours, chance) in zip(Int64(0)..., binomial(5, 0.1)) {
                for (theirs, other) in zip(Int64(0)..., binomial(20, 0.1)) {
                    var test = PartsTest(
                        tolerated: .double, chance: .onePercent, falsePass: .fivePercent)
                    test.add(.of(canary: (0, 5), stable: (2 * burst, 20 * burst)))
                    let before = stake(test.harmEvidence)
                    test.add(counters(ours, theirs, burst: burst))
                    mean += chance * other * stake(test.harmEvidence) / before
                }
            }
            #expect(mean <= 1.000_001, "bursts of \(burst)")
            #expect(mean > 0.5)
        }
        let fresh = PartsTest(tolerated: .double, chance: .onePercent, falsePass: .fivePercent)
        var silent = fresh
        silent.add(.of(canary: (0, 5), stable: (0, 20)))
        #expect(silent.harmEvidence <= .zero)
    }

    /// One second in which every request comes `burst` times.
    private func counters(_ canary: Int64, _ stable: Int64, burst: Int64) -> Tally {
        func served(_ bad: Int64, _ requests: Int64) -> Served {
            Served(
                requests: requests * burst, badAtLeast: min(bad, 1), badAtMost: bad * burst)
        }
        return Tally(
            canary: served(canary, 5), stable: served(stable, 20), witnesses: Witnesses([1, 2]))
    }

    @Test("each test takes the bound that speaks against its own decision")
    func bounds() {
        let sure = Served(requests: 100, badAtLeast: 2, badAtMost: 2)
        let unsure = Served(requests: 100, badAtLeast: 2, badAtMost: 9)
        func evidence(_ canary: Served, _ stable: Served) -> (LogEvidence, LogEvidence) {
            var harm = HarmTest(chance: .onePercent)
            var safety = SafetyTest(tolerated: .double, chance: .fivePercent)
            let tally = Tally(canary: canary, stable: stable, witnesses: .none)
            harm.add(tally)
            safety.add(tally)
            return (harm.evidence, safety.evidence)
        }
        #expect(evidence(unsure, sure).0 == evidence(sure, sure).0)
        #expect(evidence(sure, unsure).0 < evidence(sure, sure).0)
        #expect(evidence(unsure, sure).1 < evidence(sure, sure).1)
        #expect(evidence(sure, unsure).1 == evidence(sure, sure).1)
    }

    @Test("a test that decided stays decided when the evidence falls again")
    func latches() {
        var harm = HarmTest(chance: .onePercent)
        harm.add(.of(canary: (20, 100), stable: (5, 900)))
        for _ in 0..<500 { harm.add(.of(canary: (0, 100), stable: (20, 900))) }
        #expect(harm.isHarmful)
        #expect(harm.evidence < harm.limit)
        var safety = SafetyTest(tolerated: .double, chance: .fivePercent)
        safety.add(.of(canary: (0, 100), stable: (60, 900)))
        for _ in 0..<100 { safety.add(.of(canary: (20, 100), stable: (20, 900))) }
        #expect(safety.isExcluded)
        #expect(safety.evidence < safety.limit)
    }

    @Test("betting a part of the reserve makes no stake out of nothing")
    func renewal() {
        var mixture = EvidenceMixture(weights: [2, 3, 1], reserved: 2)
        for _ in 0..<200 { mixture.renew() }
        #expect(mixture.total <= .zero)
        #expect(mixture.total.millionths > -1000)
    }

    @Test("each bad event of the canary adds evidence, each of stable takes some")
    func monotone() {
        func evidence(_ bad: Int64, _ others: Int64) -> LogEvidence {
            var test = HarmTest(chance: .onePercent)
            test.add(.of(canary: (bad, 200), stable: (others, 1800)))
            return test.evidence
        }
        for count: Int64 in 0..<30 {
            #expect(evidence(count + 1, 20) > evidence(count, 20))
            #expect(evidence(5, count + 1) < evidence(5, count))
        }
    }

    @Test("a slot without requests adds nothing, whatever the other one does")
    func zeroTraffic() {
        var harm = HarmTest(chance: .onePercent)
        var safety = SafetyTest(tolerated: .double, chance: .fivePercent)
        for tally in [
            Tally.of(canary: (0, 0), stable: (50, 50)), .of(canary: (50, 50), stable: (0, 0)),
        ] {
            harm.add(tally)
            safety.add(tally)
        }
        #expect(harm.evidence == .zero)
        #expect(safety.evidence == .zero)
    }

    @Test("a harmless hour does not hide a harm that begins late")
    func lateHarm() {
        var test = HarmTest(chance: .onePercent)
        for _ in 0..<3600 { test.add(.of(canary: (1, 250), stable: (99, 24750))) }
        let before = test.evidence
        var looks = 0
        while !test.isHarmful, looks < 100 {
            test.add(.of(canary: (12, 250), stable: (99, 24750)))
            looks += 1
        }
        #expect(before < .zero)
        #expect(looks <= 5)
    }

    @Test("the largest counts neither trap nor turn evidence round")
    func largest() {
        let most = Served.most
        var test = HarmTest(chance: .onePercent)
        test.add(.of(canary: (most, most), stable: (0, most)))
        #expect(test.isHarmful)
        var safety = SafetyTest(tolerated: .double, chance: .fivePercent)
        safety.add(.of(canary: (0, most), stable: (most, most)))
        #expect(safety.isExcluded)
        var parts = FractionTest(
            tolerated: HarmRatio(thousandths: .max), chance: .onePercent, falsePass: .fivePercent)
        parts.add(
            canary: .init(bad: most, requests: most), stable: .init(bad: most, requests: most),
            expected: .certain, mayAccuse: true)
        #expect(parts.harmEvidence <= .zero)
    }
}
