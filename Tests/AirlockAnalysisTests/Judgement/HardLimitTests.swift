import AirlockAnalysis
import Testing

@Suite("Hard limits")
struct HardLimitTests {
    private static let half = SignalValue(millionths: 500_000)

    private func watch(
        _ side: HardLimit.Side = .above, for duration: Duration = .seconds(30)
    ) throws -> LimitWatch {
        LimitWatch(
            limit: HardLimit(
                signal: try name("error.rate"), side: side, threshold: Self.half,
                duration: duration),
            freshness: .usual)
    }

    private func value(_ thousandths: Int64, _ second: Int) -> SignalReading {
        .value(SignalValue(millionths: thousandths * 1000), at: second * 1000)
    }

    @Test("a signal beyond its threshold for the whole duration breaks the limit, not sooner")
    func duration() throws {
        var watch = try watch()
        for second in stride(from: 0, through: 20, by: 10) {
            watch.add(value(600, second), now: second * 1000)
            #expect(
                watch.state == .beyond(SignalValue(millionths: 600_000), since: 0))
        }
        watch.add(value(600, 30), now: 30000)
        #expect(
            watch.state == .broken(SignalValue(millionths: 600_000), since: 0, at: 30000))
    }

    @Test("a limit that is not broken yet says since what time of the day it is passed")
    func since() throws {
        let limit = try watch().limit
        let waiting = Indecision.limitBeyond(
            limit, value: SignalValue(millionths: 600_000), since: 1_795_770_307_900)
        #expect(
            waiting.sentence == "error.rate is 0.6, above 0.5 since 09:05:07 UTC; not for 30 s yet."
        )
    }

    @Test("the threshold itself is allowed, and one good value starts the time anew")
    func reset() throws {
        var watch = try watch()
        for (thousandths, second) in [(600, 0), (600, 20), (500, 25), (600, 30), (600, 50)] {
            watch.add(value(Int64(thousandths), second), now: second * 1000)
        }
        #expect(watch.state == .beyond(SignalValue(millionths: 600_000), since: 30000))
    }

    @Test("below is the mirror, and no duration acts at the first value")
    func below() throws {
        var watch = try watch(.below, for: .zero)
        watch.add(value(500, 1), now: 1000)
        #expect(watch.state == .kept)
        watch.add(value(499, 2), now: 2000)
        #expect(
            watch.state == .broken(SignalValue(millionths: 499_000), since: 2000, at: 2000))
    }

    @Test("a gap neither starts nor fills nor ends the time beyond", arguments: DataFault.allCases)
    func gaps(fault: DataFault) throws {
        var watch = try watch()
        watch.add(value(600, 0), now: 0)
        watch.add(value(600, 20), now: 20000)
        for second in 21...50 { watch.add(.fault(fault), now: second * 1000) }
        #expect(watch.state == .unknown(fault))
        watch.add(value(600, 51), now: 51000)
        #expect(watch.state == .beyond(SignalValue(millionths: 600_000), since: 0))
        watch.add(value(600, 61), now: 61000)
        #expect(
            watch.state == .broken(SignalValue(millionths: 600_000), since: 0, at: 61000))
    }

    @Test("a look without a reading is unknown once the last one is stale")
    func skipped() throws {
        var watch = try watch()
        watch.skip(now: 0)
        #expect(watch.state == .unknown(.empty))
        watch.add(value(100, 10), now: 10000)
        watch.skip(now: 30000)
        #expect(watch.state == .kept)
        watch.skip(now: 90000)
        #expect(watch.state == .unknown(.stale))
    }

    @Test("values that are no numbers, old or ahead are never compared")
    func faults() throws {
        for wrong in [Double.nan, .infinity, -.infinity, 1e300] {
            #expect(SignalValue(wrong) == nil)
        }
        #expect(SignalValue(0.25) == SignalValue(millionths: 250_000))
        var watch = try watch(for: .zero)
        watch.add(value(900, 0), now: 100_000)
        #expect(watch.state == .unknown(.stale))
        watch.add(value(900, 200), now: 100_000)
        #expect(watch.state == .unknown(.fromTheFuture))
    }

    @Test("a broken limit makes the verdict harmful at once and for good")
    func verdict() throws {
        let limit = HardLimit(
            signal: try name("error.rate"), side: .above, threshold: Self.half, duration: .zero)
        var judge = Judge(policy: try .of(limits: [limit]))
        for second in 1...20 { judge.add(look(second, 100)) }
        if case .acceptable = judge.verdict {} else { Issue.record("\(judge.verdict)") }
        judge.add(look(21, 700))
        judge.add(look(22, 100))
        let broken = HarmReason.limit(
            limit, value: SignalValue(millionths: 700_000), since: 21000, at: 21000)
        #expect(judge.verdict == .harmful([broken]))
    }

    @Test("a limit that nobody can check holds a step that is otherwise acceptable")
    func unknownHolds() throws {
        let limit = HardLimit(
            signal: try name("memory"), side: .above, threshold: Self.half, duration: .zero)
        var judge = Judge(policy: try .of(limits: [limit]))
        for second in 1...20 {
            judge.add(
                Look(
                    at: second * 1000, step: 0, metrics: [.events(.clean, at: second * 1000)],
                    limits: [.fault(.down)]))
        }
        #expect(judge.verdict == .undecided([.limitUnknown(limit, .down)]))
    }

    private func look(_ second: Int, _ thousandths: Int64) -> Look {
        Look(
            at: second * 1000, step: 0, metrics: [.events(.clean, at: second * 1000)],
            limits: [value(thousandths, second)])
    }
}
