import AirlockAnalysis
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a blue-green switch")
struct BlueGreenTests {
    private static let plan = BlueGreenPlan(
        keep: .seconds(60), deadline: .seconds(120),
        limits: [
            HardLimit(
                signal: HardLimit.Known.errorRate.name, side: .above,
                threshold: SignalValue(millionths: 20_000), duration: .seconds(5))
        ])

    /// 100 requests a second to whoever has the traffic, of which so many of the new slot's fail.
    private static func traffic(
        errors: Int
    ) -> (SignalQuestion, LaneObservation) -> SignalAnswer {
        { question, lane in
            func counters(_ slot: SlotID, _ errors: Int) -> [SecondCounters] {
                let requests = 100 * (lane.weights[slot] ?? 0) / 1000
                return (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map {
                    SecondCounters(
                        second: $0, requests: requests, errors: min(errors, requests),
                        latencyP99Microseconds: nil, cpuBasisPoints: 0, memoryBytes: 0)
                }
            }
            return .counters(
                target: counters(question.target, errors),
                base: question.base.map { counters($0, 0) } ?? [])
        }
    }

    private static var stage: Stage {
        var stage = Stage(.replace, strategy: .blueGreen(plan))
        stage.signals = traffic(errors: 0)
        return stage
    }

    @Test(
        "the new slot comes up whole, the traffic is switched once, the old slot stays for its time"
    )
    func healthy() {
        var stage = Self.stage
        #expect(stage.run(seconds: 55) == nil)
        #expect(
            stage.actions == [
                .start(Stage.new, replicas: 12), .route([Stage.new.id: 1000]),
            ])
        #expect(stage.run(seconds: 30) == .settled)
        #expect(stage.actions.last == .stop(Stage.old.id) && stage.actions.count == 3)
    }

    @Test("a bound that is exceeded after the switch goes back in one routing action")
    func harmful() {
        var stage = Self.stage
        stage.signals = Self.traffic(errors: 3)
        guard case .rolledBack(let reason)? = stage.run(seconds: 60) else {
            Issue.record("it did not go back")
            return
        }
        #expect(reason.contains("error-rate is 0.03, above 0.02"), "\(reason)")
        #expect(
            stage.actions.dropFirst(2) == [.route([Stage.old.id: 1000]), .stop(Stage.new.id)])
        #expect(stage.milliseconds <= 10_000)
    }

    @Test("what judges it is told: its bounds, or nothing")
    func told() {
        var stage = Self.stage
        _ = stage.run(seconds: 5)
        #expect(stage.operation.rollout.canary?.toldOfBounds == "every bound is kept")
        stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan()))
        stage.signals = Self.traffic(errors: 40)
        _ = stage.run(seconds: 5)
        let told = stage.operation.rollout.canary?.toldOfBounds
        #expect(told?.hasPrefix("nothing judges it") == true, "\(told ?? "nothing")")
    }

    @Test("a slot that loses every instance after the switch goes back at once")
    func dies() {
        var stage = Self.stage
        _ = stage.run(seconds: 5)
        stage.setHealth(Stage.new, 0)
        guard case .rolledBack? = stage.run(seconds: 3) else {
            Issue.record("it did not go back")
            return
        }
        #expect(stage.lane.weights == [Stage.old.id: 1000])
    }

    @Test("a slot that never gets healthy sees no traffic and is given up at the deadline")
    func deadline() {
        var stage = Self.stage
        let outcome = stage.run(seconds: 200) {
            $0.id == Stage.new.id ? .starting : .healthy
        }
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("it was not given up")
            return
        }
        #expect(reason.hasPrefix("no progress for 120 s"))
        #expect(stage.actions == [.start(Stage.new, replicas: 12), .stop(Stage.new.id)])
    }

    @Test("without data it neither goes back nor forgets to let the old slot go")
    func noData() {
        var stage = Self.stage
        stage.signals = { _, _ in .down("x") }
        #expect(stage.run(seconds: 90) == .settled)
    }
}
