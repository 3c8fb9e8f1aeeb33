import AirlockAnalysis
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a canary that is compared by latency")
struct LatencyTests {
    private static func plan(_ compare: [ComparedSignal]?) -> CanaryPlan {
        CanaryPlan(
            steps: [100, 1000], hold: .seconds(60), decideWithin: .seconds(3000),
            compare: compare)
    }

    private static let both = [
        ComparedSignal(.errors, weight: 2), ComparedSignal(.latencyP90, weight: 1),
    ]

    /// A thousand requests a second on the old slot and a hundred on the new one, one in a hundred bad;
    /// of the new slot's this many are in the slow bucket, which holds one in ten of the old slot's.
    private static func traffic(
        slow: Int?
    ) -> (SignalQuestion, LaneObservation) -> SignalAnswer {
        { question, _ in
            let seconds = question.from.milliseconds / 1000..<question.to.milliseconds / 1000
            func counters(_ requests: Int, _ slow: Int?) -> [SecondCounters] {
                seconds.map { second in
                    SecondCounters(
                        second: second, requests: requests, errors: requests / 100,
                        latencyP99Microseconds: nil, cpuBasisPoints: nil, memoryBytes: nil,
                        separateErrors: requests / 100,
                        witnesses: [UInt64(second), UInt64(second) + 1],
                        latencyBuckets: slow.map { [requests / 2, requests / 2 - $0, $0, 0] },
                        slowest: [
                            .init(witness: UInt64(second), bucket: 2),
                            .init(witness: UInt64(second) + 1, bucket: 2),
                        ])
                }
            }
            return .counters(target: counters(100, slow), base: counters(1000, 100))
        }
    }

    @Test("slower requests take it back, and the chance of a false alarm is split by weight")
    func slow() throws {
        var stage = Stage(canary: Self.plan(Self.both))
        stage.signals = Self.traffic(slow: 40)
        let outcome = stage.run(seconds: 900)
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("it ended as \(String(describing: outcome))")
            return
        }
        #expect(
            reason.contains(
                "latency-p90: 640 slow of 1600 on the canary, 1600 of 16000 on stable; evidence of harm"
            ), "\(reason)")
        let judge = try #require(stage.operation.rollout.canary?.judge)
        #expect(
            judge.policy.budget.description
                == "1% for the whole rollout: error-rate 0.6666666%, latency-p90 0.3333333%")
    }

    @Test("the same latency passes, and nobody asks for it where it is not compared")
    func same() {
        var equal = Stage(canary: Self.plan(Self.both))
        equal.signals = Self.traffic(slow: 10)
        #expect(equal.run(seconds: 3_000) == .settled)
        var plain = Stage(canary: Self.plan(nil))
        plain.signals = Self.traffic(slow: 40)
        #expect(plain.run(seconds: 3_000) == .settled)
    }

    @Test("a source without buckets leaves the step undecided, and is told to be silent")
    func missing() {
        var stage = Stage(canary: Self.plan(Self.both))
        stage.signals = Self.traffic(slow: nil)
        #expect(stage.run(seconds: 1_000) == nil)
        let canary = stage.operation.rollout.canary
        #expect(canary?.step == 0 && canary?.silence?.reason.contains("latency-p90") == true)
    }
}
