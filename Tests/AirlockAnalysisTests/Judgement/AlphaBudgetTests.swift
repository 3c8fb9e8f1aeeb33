import AirlockAnalysis
import Testing

@Suite("Budget of false alarms")
struct AlphaBudgetTests {
    @Test("the shares never add up to more than the total")
    func neverMore() throws {
        for count in 1...20 {
            let weights = try (0..<count).map { place in
                (metric: try name("m\(place)"), weight: Int64(place * place % 7 + 1))
            }
            let budget = AlphaBudget(total: Chance(billionths: 10_000_001), weights: weights)
            let sum = budget.shares.reduce(0) { $0 + $1.chance.billionths }
            #expect(sum <= budget.total.billionths)
            #expect(sum > budget.total.billionths - Int64(count))
        }
    }

    @Test("a metric with twice the weight may spend twice as much, and the report says so")
    func line() throws {
        let budget = AlphaBudget(
            total: .onePercent,
            weights: [(try name("errors"), 3), (try name("latency.p99"), 1)])
        #expect(
            budget.description
                == "1% for the whole rollout: errors 0.75%, latency.p99 0.25%")
    }

    @Test("three metrics with harmless data raise fewer false alarms than the budget")
    func wholeRollout() throws {
        let metrics = try (0..<3).map { ComparedMetric(name: try name("m\($0)")) }
        let policy = try JudgePolicy.of(metrics, alpha: Chance(millionths: 50000))
        var alarms = 0
        for run in 0..<200 {
            var numbers = Numbers(seed: UInt64(run))
            var judge = Judge(policy: policy)
            for second in 1...60 {
                let readings = (0..<3).map { _ in
                    let tally = Tally.of(
                        canary: (numbers.successes(of: 10, chance: 0.1), 10),
                        stable: (numbers.successes(of: 40, chance: 0.1), 40))
                    return MetricReading.events(tally, at: second * 1000)
                }
                judge.add(Look(at: second * 1000, step: 0, metrics: readings))
            }
            if !judge.reasons.isEmpty { alarms += 1 }
        }
        #expect(alarms <= 10)
    }
}
