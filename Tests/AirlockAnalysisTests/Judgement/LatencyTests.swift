import AirlockAnalysis
import Testing

@Suite("Latency")
struct LatencyTests {
    private let median = Quantile(thousandths: 500)

    private func judge() throws -> Judge {
        let metric = ComparedMetric(
            name: try name("p50"), kind: .latency(median), tolerated: HarmRatio(thousandths: 1500))
        return Judge(policy: try .of([metric]))
    }

    private func look(_ second: Int, canary: [Int64], stable: [Int64]) -> Look {
        let tally = LatencyTally(canary: canary, stable: stable, witnesses: Witnesses([1, 2]))
        return Look(
            at: second * 1000, step: 0, metrics: [.latencies(tally, at: second * 1000)])
    }

    @Test("slow is what earlier stable requests say, never those of the same look")
    func earlier() {
        var reference = LatencyReference(quantile: median)
        #expect(reference.edge == nil)
        reference.learn([30, 30, 5, 0])
        #expect(reference.edge == 1)
        reference.learn([0, 0, 500, 0])
        #expect(reference.edge == 2)
        var test = LatencyTest(
            quantile: median, tolerated: HarmRatio(thousandths: 1500), chance: .onePercent,
            falsePass: .fivePercent)
        let tally = LatencyTally(canary: [0, 0, 99], stable: [0, 0, 99], witnesses: .none)
        test.add(tally)
        #expect(test.test.harmEvidence == .zero)
    }

    @Test("a quantile in the last bucket, or too few requests, are undecided with that reason")
    func noReference() throws {
        for counts in [[1, 1] as [Int64], [10, 9000]] {
            var judge = try judge()
            for second in 1...10 { judge.add(look(second, canary: [0, 1], stable: counts)) }
            #expect(judge.verdict == .undecided([.noReference(try name("p50"))]))
        }
    }

    @Test("counts with other buckets on each slot are no numbers")
    func unsound() throws {
        for (canary, stable) in [([1, 2, 3], [1, 2]), ([1], [1]), ([-1, 2], [1, 2])]
            as [([Int64], [Int64])]
        {
            var judge = try judge()
            judge.add(look(1, canary: canary, stable: stable))
            #expect(judge.verdict == .undecided([.fault(try name("p50"), .notANumber)]))
        }
    }

    @Test("a slower canary is harmful and stays so, an equal one is acceptable")
    func verdicts() throws {
        var slower = try judge()
        var equal = try judge()
        for second in 1...60 {
            slower.add(look(second, canary: [1, 1, 18, 0], stable: [60, 60, 60, 0]))
            equal.add(look(second, canary: [7, 7, 6, 0], stable: [60, 60, 60, 0]))
        }
        if case .harmful = slower.verdict {} else { Issue.record("\(slower.verdict)") }
        if case .acceptable = equal.verdict {} else { Issue.record("\(equal.verdict)") }
    }

    @Test("other buckets begin the reference anew instead of mixing two meanings")
    func otherBuckets() {
        var reference = LatencyReference(quantile: median)
        reference.learn([100, 0, 0])
        reference.learn([0, 100, 0, 0])
        #expect(reference.edge == 1)
    }
}
