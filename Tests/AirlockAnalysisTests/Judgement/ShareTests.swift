import AirlockAnalysis
import Foundation
import Testing

@Suite("The canary's own share of bad requests")
struct ShareTests {
    private func test(retries: Int64 = 1) -> ShareTest {
        ShareTest(negligible: .oneInAThousand, retries: retries, falsePass: .fivePercent)
    }

    private func judge(_ negligible: Chance?, kind: ComparedMetric.Kind = .badEvents) throws
        -> Judge
    {
        let metric = ComparedMetric(name: try name("errors"), kind: kind)
        return Judge(policy: try JudgePolicy(metrics: [metric], negligible: negligible))
    }

    private func isAcceptable(_ judge: Judge) -> Bool {
        if case .acceptable = judge.verdict { true } else { false }
    }

    @Test("the stake is at most 1 in the mean when the share is there, and 1 where it is just that")
    func isFair() {
        for share in [0.001, 0.0015, 0.005, 0.1] {
            var mean = 0.0
            var chance = pow(1 - share, 400)
            for bad in 0...400 {
                var one = test()
                one.add(.of(canary: (Int64(bad), 400), stable: (0, 900)))
                mean += chance * exp(Double(one.evidence.millionths) / 1e6)
                chance *= Double(400 - bad) / Double(bad + 1) * share / (1 - share)
            }
            #expect(mean <= 1.000_001, "\(share)")
            #expect(share > 0.001 || mean > 0.999)
        }
    }

    @Test("a share of 0.1% is excluded in at most 1% of the steps, with retries too")
    func isBounded() {
        for retries: Int64 in [1, 5] {
            let excluded = (0..<300).count { run in
                var numbers = Numbers(seed: UInt64(run))
                var one = test(retries: retries)
                for _ in 0..<100 {
                    let faults = numbers.successes(of: 100, chance: 0.001 / Double(retries))
                    one.add(.of(canary: (faults * retries, 100), stable: (0, 900)))
                }
                return one.isExcluded
            }
            // Three times what is stated is far beyond the chance of 300 runs.
            #expect(excluded <= 9, "\(retries)")
        }
    }

    @Test("a service without errors passes, says by what, and has to show it anew at each step")
    func passes() throws {
        var judge = try judge(.oneInAThousand)
        let clean = Tally.of(canary: (0, 100), stable: (0, 900))
        var second = 0
        while !isAcceptable(judge), second < 1000 {
            second += 1
            judge.add(.of(clean, second: second))
        }
        #expect((50...56).contains(second), "about 5,500 requests: \(second) s")
        let sentence = try #require(judge.verdict.sentences.first)
        #expect(
            sentence.contains(
                "a share of 0.1% bad requests, retries counted once, or more on the canary is "
                    + "excluded"), "\(sentence)")
        #expect(try JSONDecoder().decode(Judge.self, from: try judge.bytes) == judge)
        var later = judge
        for more in 1...3 {
            later.add(.of(.of(canary: (1, 100), stable: (9, 900)), second: second + more))
        }
        #expect(isAcceptable(later))
        #expect(
            later.verdict.sentences.first?.contains("was excluded earlier in this step; by now")
                == true)
        judge.add(.of(clean, second: second + 1, step: 1))
        #expect(!isAcceptable(judge))
        #expect(judge.verdict.sentences.first?.contains("s more at this traffic") == true)
    }

    @Test("plain counters need five times as many, because one cause may be in them five times")
    func counters() throws {
        var judge = try judge(.oneInAThousand, kind: .badParts)
        let clean = Tally.of(canary: (0, 1000), stable: (0, 9000))
        for second in 1...25 { judge.add(.of(clean, second: second)) }
        #expect(!isAcceptable(judge))
        for second in 26...30 { judge.add(.of(clean, second: second)) }
        #expect(isAcceptable(judge))
        let sentence = try #require(judge.verdict.sentences.first)
        #expect(
            sentence.contains("a share of 0.1% bad requests or more on the canary is excluded"),
            "\(sentence)")
    }

    @Test("harm is harm however small, and no request on one of the slots is no pass")
    func noPass() throws {
        var harmful = try judge(.oneInAThousand)
        for second in 1...100 {
            let bad: Int64 = second % 5 == 0 ? 1 : 0
            harmful.add(.of(.of(canary: (bad, 1000), stable: (0, 100_000)), second: second))
        }
        guard case .harmful = harmful.verdict else {
            Issue.record("\(harmful.verdict)")
            return
        }
        for tally in [
            Tally.of(canary: (0, 0), stable: (0, 100_000)),
            .of(canary: (0, 100_000), stable: (0, 0)),
        ] {
            var judge = try judge(.oneInAThousand)
            for second in 1...100 { judge.add(.of(tally, second: second)) }
            #expect(judge.verdict == .undecided([.nothingToCompare(try name("errors"))]))
        }
    }

    @Test("a policy without it is judged and kept as ever, byte for byte")
    func without() throws {
        var judge = try judge(nil)
        for second in 1...100 {
            judge.add(.of(.of(canary: (0, 1000), stable: (0, 9000)), second: second))
        }
        #expect(!isAcceptable(judge))
        let text = String(decoding: try judge.bytes, as: UTF8.self)
        #expect(!text.contains("negligible") && !text.contains("\"share\""))
        #expect(judge.verdict.sentences.first?.contains("of less than") == false)
        #expect(throws: JudgePolicyError.chance(.certain)) {
            try JudgePolicy(metrics: [.init(name: name("errors"))], negligible: .certain)
        }
    }

    @Test("the time that is told for a service without errors is what it takes")
    func time() throws {
        let rates = (
            TrafficRate(requests: 10, during: .seconds(1)),
            TrafficRate(requests: 990, during: .seconds(1))
        )
        func decide(_ errors: Int64, _ share: ShareTest?) -> Duration? {
            DecisionTime(canary: rates.0, stable: rates.1, errors: Chance(millionths: errors))
                .toDecide(
                    chance: .onePercent, tolerated: .double, falsePass: .fivePercent, share: share)
        }
        var one = test()
        var seconds = 0
        while !one.isExcluded {
            one.add(.of(canary: (0, 10), stable: (0, 990)))
            seconds += 1
        }
        let told = try #require(decide(0, test()))
        #expect(abs(Double(told.components.seconds) / Double(seconds) - 1) < 0.1)
        #expect(decide(0, nil) == nil)
        #expect(
            decide(5000, test()) == decide(5000, nil), "of 0.5% errors the ratio is told sooner")
    }
}
