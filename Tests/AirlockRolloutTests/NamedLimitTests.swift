import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("bounds on signals of the service's own")
struct NamedLimitTests {
    /// A canary that has to keep a queue between two bounds.
    private static func stage(
        queue: @escaping (_ second: Int) -> ClosedRange<Int64>?
    ) throws -> Stage {
        let name = try #require(SignalName("queue"))
        var plan = CanaryPlan(
            steps: [10, 1000], hold: .seconds(60), decideWithin: .seconds(600),
            onUndecided: .promote)
        plan.limits = [
            HardLimit(
                signal: name, side: .above, threshold: SignalValue(millionths: 100_000_000),
                duration: .seconds(5)),
            HardLimit(
                signal: name, side: .below, threshold: SignalValue(millionths: 5_000_000),
                duration: .zero),
        ]
        var stage = Stage(canary: plan)
        stage.signals = { question, _ in
            let seconds = question.from.milliseconds / 1000..<question.to.milliseconds / 1000
            func counters(_ requests: Int, isNew: Bool) -> [SecondCounters] {
                seconds.map { second in
                    let reading = queue(second).map {
                        NamedReading(
                            name, lowest: SignalValue(millionths: $0.lowerBound * 1_000_000),
                            highest: SignalValue(millionths: $0.upperBound * 1_000_000))
                    }
                    return SecondCounters(
                        second: second, requests: requests, errors: 0, latencyP99Microseconds: nil,
                        cpuBasisPoints: nil, memoryBytes: nil,
                        named: isNew ? reading.map { [$0] } : nil)
                }
            }
            return .counters(
                target: counters(10, isNew: true), base: counters(990, isNew: false))
        }
        return stage
    }

    /// Why it went back; nil when it did not in so many seconds.
    private static func reason(_ stage: inout Stage, seconds: Int) -> String? {
        guard case .rolledBack(let reason)? = stage.run(seconds: seconds) else { return nil }
        return reason
    }

    @Test("the highest series is held to `above`, for its time, and the lowest to `below`")
    func sides() throws {
        var high = try Self.stage { _ in 50...120 }
        let above = try #require(Self.reason(&high, seconds: 60))
        #expect(above.contains("queue is 120, above 100"), "\(above)")
        #expect((5_000...12_000).contains(high.milliseconds))
        var low = try Self.stage { _ in 4...50 }
        let below = try #require(Self.reason(&low, seconds: 60))
        #expect(below.contains("queue is 4, below 5"), "\(below)")
        // A second beyond the bound that is not for its time takes nothing back.
        var spikes = try Self.stage { second in second % 4 == 0 ? 50...120 : 5...100 }
        #expect(Self.reason(&spikes, seconds: 50) == nil)
    }

    @Test("without a value it neither goes on nor back, whatever is to be done when undecided")
    func silent() throws {
        var stage = try Self.stage { _ in nil }
        #expect(stage.run(seconds: 2_000) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 10, Stage.old.id: 990])
        let told = try #require(stage.operation.rollout.canary?.told)
        #expect(told.contains("queue: the") && told.contains("nobody knows"), "\(told)")
    }

    @Test("the audit log carries their values, and a judge of them says the same")
    func replayed() throws {
        var stage = try Self.stage { second in 50...(second < 20 ? 60 : 120) }
        #expect(Self.reason(&stage, seconds: 60) != nil)
        var canary = try #require(stage.operation.rollout.canary)
        let policy = JudgedPolicy(canary, steps: [10, 1000])
        let read = try #require(JudgedPolicy(policy.text))
        let looks = canary.takeUnrecorded().looks
        var again = Judge(policy: read.policy)
        for detail in EvidenceColumns.details(of: looks, after: 0) {
            for look in try EvidenceColumns.looks(in: detail, of: read).looks {
                again.add(Look(look, policy: read.policy))
            }
        }
        #expect(again == canary.judge)
        #expect(again.verdict.word == "harmful")
    }
}
