import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a canary of a service without errors")
struct CleanCanaryTests {
    /// 5,000 requests a second from plain counters, shared out as the router does it; no errors.
    private static func traffic(
        _ question: SignalQuestion, _ lane: LaneObservation
    ) -> SignalAnswer {
        func counters(_ slot: SlotID) -> [SecondCounters] {
            (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map { second in
                SecondCounters(
                    second: second, requests: 5 * lane.weights[slot, default: 0], errors: 0,
                    latencyP99Microseconds: nil, cpuBasisPoints: nil, memoryBytes: nil)
            }
        }
        return .counters(
            target: counters(question.target), base: question.base.map(counters) ?? [])
    }

    @Test("it goes through every step by itself, and says what was excluded")
    func passes() throws {
        var stage = Stage(
            canary: CanaryPlan(
                steps: [10, 250, 1000], hold: .seconds(60), decideWithin: .seconds(600)))
        stage.signals = Self.traffic
        #expect(stage.run(seconds: 500) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10, "27,000 requests take nine minutes")
        #expect(stage.run(seconds: 400) == .settled)
        let passed = try #require(stage.operation.rollout.canary?.ruling?.passed)
        #expect(passed.contains("a share of 0.1% bad requests or more"), "\(passed)")
    }
}
