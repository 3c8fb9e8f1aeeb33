import AirlockAnalysis
import Foundation
import Testing

@Suite("Judge")
struct JudgeTests {
    private func judged(_ looks: [Look], policy: JudgePolicy? = nil) throws -> Judge {
        var judge = Judge(policy: try policy ?? .of())
        for look in looks { judge.add(look) }
        return judge
    }

    private func isAcceptable(_ judge: Judge) -> Bool {
        if case .acceptable = judge.verdict { true } else { false }
    }

    private func isHarmful(_ judge: Judge) -> Bool {
        if case .harmful = judge.verdict { true } else { false }
    }

    @Test("before the first look nothing is concluded")
    func nothingYet() throws {
        let judge = Judge(policy: try .of())
        #expect(judge.verdict == .undecided([.fault(try name("errors"), .empty)]))
    }

    @Test("a canary that doubles errors and more is harmful, with the numbers")
    func harmful() throws {
        let judge = try judged((1...3).map { .of(.harmful, second: $0) })
        guard case .harmful(let reasons) = judge.verdict,
            case .comparison(let numbers, let time)? = reasons.first
        else {
            Issue.record("\(judge.verdict)")
            return
        }
        #expect(reasons.count == 1)
        #expect(time == 1000)
        #expect(numbers.harm.evidence >= numbers.harm.limit)
        #expect(numbers.seen?.canary == Served(requests: 100, bad: 20))
        #expect(judge.verdict.sentences.first?.contains("20 bad of 100 on the canary") == true)
    }

    @Test("harmful stays harmful, whatever comes later")
    func latched() throws {
        var judge = try judged([.of(.harmful, second: 1)])
        let reasons = judge.reasons
        for second in 2...2000 { judge.add(.of(.clean, second: second, step: second / 500)) }
        #expect(judge.reasons == reasons)
        #expect(isHarmful(judge))
    }

    @Test("a clean canary is acceptable, and each step has to show it anew")
    func acceptable() throws {
        var judge = try judged((1...20).map { .of(.clean, second: $0) })
        #expect(isAcceptable(judge))
        judge.add(.of(.of(canary: (0, 1), stable: (1, 100)), second: 21, step: 1))
        #expect(!isAcceptable(judge))
        for second in 22...60 { judge.add(.of(.clean, second: second, step: 1)) }
        #expect(isAcceptable(judge))
    }

    @Test("silence is never a pass: no bad event on either side decides nothing")
    func silence() throws {
        let judge = try judged(
            (1...5000).map { .of(.of(canary: (0, 10), stable: (0, 990)), second: $0) })
        guard case .undecided(let reasons) = judge.verdict, case .evidence? = reasons.first else {
            Issue.record("\(judge.verdict)")
            return
        }
    }

    @Test("a stable slot without requests leaves nothing to compare")
    func wholeTraffic() throws {
        let tally = Tally.of(canary: (5, 1000), stable: (0, 0))
        let judge = try judged((1...100).map { .of(tally, second: $0) })
        #expect(judge.verdict == .undecided([.nothingToCompare(try name("errors"))]))
    }

    @Test(
        "a fault holds an acceptable step until data is back, and is no evidence",
        arguments: DataFault.allCases)
    func faults(fault: DataFault) throws {
        var judge = try judged((1...20).map { .of(.clean, second: $0) })
        let before = judge.metrics.map(\.tests)
        for second in 21...400 { judge.add(.of(fault, second: second)) }
        #expect(judge.verdict == .undecided([.fault(try name("errors"), fault)]))
        #expect(judge.metrics.map(\.tests) == before)
        judge.add(.of(.clean, second: 401))
        #expect(isAcceptable(judge))
    }

    @Test("readings that are old, ahead or impossible are faults, even when they cry harm")
    func badReadings() throws {
        let errors = try name("errors")
        let impossible = [
            Tally.of(canary: (5, 3), stable: (0, 90)), .of(canary: (-1, 3), stable: (0, 90)),
            .of(canary: (0, .max), stable: (0, 90)),
        ]
        for tally in impossible {
            let judge = try judged([.of(tally, second: 1)])
            #expect(judge.verdict == .undecided([.fault(errors, .notANumber)]))
        }
        for (time, fault) in [(0, DataFault.stale), (200_000, .fromTheFuture)] {
            let look = Look(at: 100_000, step: 0, metrics: [.events(.harmful, at: time)])
            let judge = try judged([look])
            #expect(judge.verdict == .undecided([.fault(errors, fault)]))
        }
        let empty = try judged([.of(.nothing, second: 1)])
        #expect(empty.verdict == .undecided([.fault(errors, .empty)]))
    }

    @Test("a source that repeats its last answer adds nothing and goes stale")
    func repeated() throws {
        let reading = MetricReading.events(.of(canary: (2, 100), stable: (10, 900)), at: 1000)
        var judge = try judged([Look(at: 1000, step: 0, metrics: [reading])])
        let before = judge.metrics.map(\.tests)
        for second in 2...30 {
            judge.add(Look(at: second * 1000, step: 0, metrics: [reading]))
        }
        #expect(judge.metrics.map(\.tests) == before)
        judge.add(Look(at: 100_000, step: 0, metrics: [nil]))
        #expect(judge.verdict == .undecided([.fault(try name("errors"), .stale)]))
    }

    @Test("a judge that was written and read after every look ends in the same bytes")
    func restart() throws {
        let metrics = [
            ComparedMetric(name: try name("errors"), weight: 2),
            ComparedMetric(name: try name("parts"), kind: .badParts),
            ComparedMetric(name: try name("p90"), kind: .latency(Quantile(thousandths: 900))),
        ]
        let limit = HardLimit(
            signal: try name("cpu"), side: .above, threshold: SignalValue(millionths: 900_000),
            duration: .seconds(30))
        let policy = try JudgePolicy.of(metrics, limits: [limit])
        var numbers = Numbers(seed: 5)
        var through = Judge(policy: policy)
        var again = through
        for second in 1...120 {
            let look = mixed(second, &numbers)
            through.add(look)
            again.add(look)
            again = try JSONDecoder().decode(Judge.self, from: try again.bytes)
            #expect(again == through)
        }
        #expect(try again.bytes == through.bytes)
        #expect(again.verdict == through.verdict)
    }

    private func mixed(_ second: Int, _ numbers: inout Numbers) -> Look {
        let tally = Tally.of(
            canary: (numbers.successes(of: 20, chance: 0.05), 20),
            stable: (numbers.successes(of: 80, chance: 0.05), 80))
        let latencies = LatencyTally(
            canary: [numbers.successes(of: 20, chance: 0.8), 4, 1],
            stable: [numbers.successes(of: 80, chance: 0.8), 16, 4],
            witnesses: Witnesses([numbers.next() % 3]))
        let at = second * 1000
        let isGap = second % 17 == 0
        return Look(
            at: at, step: second / 50,
            metrics: [
                isGap ? .fault(.down) : .events(tally, at: at), .events(tally, at: at),
                .latencies(latencies, at: at),
            ],
            limits: [isGap ? nil : .value(SignalValue(millionths: Int64(second) * 8000), at: at)])
    }

    @Test("a policy that could never decide, or decides wrongly, is refused")
    func policies() throws {
        let errors = try name("errors")
        #expect(throws: JudgePolicyError.nothingToJudge) { try JudgePolicy(metrics: []) }
        #expect(throws: JudgePolicyError.twice(errors)) {
            try JudgePolicy(metrics: [.init(name: errors), .init(name: errors)])
        }
        #expect(throws: JudgePolicyError.weight(errors, 0)) {
            try JudgePolicy(metrics: [.init(name: errors, weight: 0)])
        }
        #expect(throws: JudgePolicyError.chance(Chance(billionths: 0))) {
            try JudgePolicy(metrics: [.init(name: errors)], alpha: Chance(billionths: 0))
        }
        let median = ComparedMetric.Kind.latency(Quantile(thousandths: 500))
        #expect(throws: JudgePolicyError.toleratedIsEverything(errors)) {
            try JudgePolicy(metrics: [.init(name: errors, kind: median)])
        }
        #expect(throws: JudgePolicyError.tolerated(errors, HarmRatio(thousandths: 1000))) {
            try JudgePolicy(
                metrics: [.init(name: errors, tolerated: HarmRatio(thousandths: 1000))])
        }
    }
}
