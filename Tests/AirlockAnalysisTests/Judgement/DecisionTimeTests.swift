import AirlockAnalysis
import Testing

@Suite("Time to a decision")
struct DecisionTimeTests {
    private func rate(_ perSecond: Int64) -> TrafficRate {
        TrafficRate(requests: perSecond, during: .seconds(1))
    }

    private func seconds(_ duration: Duration?) throws -> Double {
        let components = try #require(duration).components
        return Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    @Test("the estimate for a doubling is within 30% of what trials take")
    func doubling() throws {
        let estimate = DecisionTime(
            canary: rate(10), stable: rate(990), errors: Chance(millionths: 5000)
        ).toFindDoubling(chance: .onePercent)
        let outcome = JudgementTrial(canaryRate: 10, canaryErrors: 0.01)
            .watch(runs: 100, seconds: 4000)
        let times = outcome.judge.compactMap { $0 }
        #expect(times.count == 100)
        let mean = Double(times.reduce(0, +)) / 100
        #expect(abs(try seconds(estimate) / mean - 1) < 0.3)
    }

    @Test("the estimate for excluding a doubling is within 30% of what trials take")
    func excluding() throws {
        let estimate = DecisionTime(
            canary: rate(20), stable: rate(80), errors: Chance(millionths: 20000)
        ).toExclude(.double, limit: LogEvidence(limitFor: .fivePercent))
        var sum = 0.0
        for run in 0..<200 {
            var numbers = Numbers(seed: UInt64(run))
            var test = SafetyTest(tolerated: .double, chance: .fivePercent)
            while !test.isExcluded {
                test.add(
                    .of(
                        canary: (numbers.successes(of: 20, chance: 0.02), 20),
                        stable: (numbers.successes(of: 80, chance: 0.02), 80)))
                sum += 1
            }
        }
        #expect(abs(try seconds(estimate) / (sum / 200) - 1) < 0.3)
    }

    @Test("no traffic, no stable slot or no error ever never decides")
    func never() {
        let some = Chance(millionths: 5000)
        for (canary, stable, errors) in [
            (rate(0), rate(10), some), (rate(10), rate(0), some),
            (rate(10), rate(90), Chance(millionths: 0)),
        ] {
            let time = DecisionTime(canary: canary, stable: stable, errors: errors)
            #expect(time.toFindDoubling(chance: .onePercent) == nil)
            #expect(
                time.toDecide(
                    chance: .onePercent, tolerated: .double, falsePass: .fivePercent) == nil)
        }
    }

    @Test("the first weight that decides in time is named, and none where none does")
    func firstWeight() throws {
        let weights = DecisionTime.ofWeights(
            [100, 500, 2500, 10000], traffic: rate(100), errors: Chance(millionths: 5000),
            chance: .onePercent)
        let times = try weights.prefix(3).map { try seconds($0.time) }
        #expect(times == times.sorted(by: >))
        #expect(weights[3].time == nil)
        #expect(DecisionTime.first(of: weights, within: .seconds(1800))?.basisPoints == 500)
        #expect(DecisionTime.first(of: weights, within: .seconds(60)) == nil)
    }

    @Test("evidence that is there already shortens the time")
    func have() throws {
        let time = DecisionTime(
            canary: rate(10), stable: rate(990), errors: Chance(millionths: 5000))
        let limit = LogEvidence(limitFor: .fivePercent)
        let fresh = try seconds(time.toExclude(.double, limit: limit))
        let later = try seconds(
            time.toExclude(.double, limit: limit, have: LogEvidence(millionths: 2_000_000)))
        #expect(later < fresh / 2)
    }
}
