import AirlockAnalysis
import Testing

/// Small runs of what the bench prints in full.
@Suite("Trials of the judge")
struct TrialTests {
    @Test("healthy rollouts are rolled back within the budget", arguments: [1.0, 5])
    func healthy(burst: Double) {
        for (rate, runs) in [(1.0, 60), (10, 60)] {
            let outcome = JudgementTrial(canaryRate: rate, burst: burst).rollOut(runs: runs)
            #expect(outcome.rolledBack <= 2, "\(rate) requests a second")
            #expect(rate < 10 || outcome.finishedAlone >= 57)
        }
    }

    @Test("ten times the errors are found in seconds")
    func detection() throws {
        for (rate, longest) in [(1.0, 90), (10, 12), (50, 4)] {
            let trial = JudgementTrial(canaryRate: rate, canaryErrors: 0.05)
            let outcome = trial.watch(runs: 60)
            let median = try #require(outcome.median(outcome.judge))
            #expect(median <= longest, "\(rate) requests a second")
        }
    }

    @Test("plain counters with bursts raise no false alarm and still find harm")
    func nameless() throws {
        let healthy = JudgementTrial(canaryRate: 10, burst: 3, counting: .nameless)
        #expect(healthy.rollOut(runs: 20).rolledBack <= 1)
        let harmful = JudgementTrial(
            canaryRate: 50, canaryErrors: 0.05, burst: 3, counting: .nameless)
        let outcome = harmful.watch(runs: 20, seconds: 300)
        #expect(try #require(outcome.median(outcome.judge)) <= 60)
    }

    @Test("bursts that are counted raw, or once per second on both slots, break the bound")
    func wrongCounting() {
        for counting in [JudgementTrial.Counting.raw, .perSecond] {
            let trial = JudgementTrial(canaryRate: 10, burst: 3, counting: counting)
            #expect(trial.rollOut(runs: 20).rolledBack > 5)
        }
    }

    @Test("stalls of whole instances are no reason, a slower canary is", arguments: [500, 900])
    func latency(thousandths: Int64) throws {
        let quantile = Quantile(thousandths: thousandths)
        let equal = LatencyTrial(quantile: quantile, canaryRate: 10, shift: 0)
        let healthy = equal.watch(runs: 20, seconds: 600)
        #expect(healthy.harmful.count { $0 != nil } <= 1)
        #expect(healthy.excluded.count { $0 != nil } >= 18)
        let slower = LatencyTrial(quantile: quantile, canaryRate: 10, shift: 4)
        let harmful = slower.watch(runs: 20, seconds: 600)
        #expect(harmful.harmful.allSatisfy { $0 != nil })
    }

    @Test("equal seeds give equal trials")
    func seeds() {
        let trial = JudgementTrial(canaryRate: 1, canaryErrors: 0.05)
        #expect(trial.watch(runs: 5, seed: 3).judge == trial.watch(runs: 5, seed: 3).judge)
        #expect(trial.watch(runs: 5, seed: 3).judge != trial.watch(runs: 5, seed: 4).judge)
    }
}
