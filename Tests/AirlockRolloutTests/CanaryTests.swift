import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a canary")
struct CanaryTests {
    private static let plan = CanaryPlan(
        steps: [10, 250, 1000], hold: .seconds(60), decideWithin: .seconds(600),
        deadline: .seconds(120))

    /// Traffic of 5,000 requests a second, shared out as the router does it, with these error rates.
    private static func traffic(
        new: Double, old: Double = 0.005, perSecond: Int = 5_000
    ) -> (SignalQuestion, LaneObservation) -> SignalAnswer {
        { question, lane in
            let seconds = question.from.milliseconds / 1000..<question.to.milliseconds / 1000
            let share = Double(lane.weights[question.target] ?? 0) / 1000
            func counters(_ part: Double, _ rate: Double, _ salt: Int) -> [SecondCounters] {
                seconds.map { second in
                    var random = SplitMix(seed: UInt64(second * 2 + salt))
                    let requests = Int(Double(perSecond) * part)
                    let errors = (0..<requests).count { _ in
                        Double.random(in: 0..<1, using: &random) < rate
                    }
                    return SecondCounters(
                        second: second, requests: requests, errors: errors,
                        latencyP99Microseconds: 100_000, cpuBasisPoints: 4_000,
                        memoryBytes: 1 << 26)
                }
            }
            return .counters(
                target: counters(share, new, 0), base: counters(1 - share, old, 1))
        }
    }

    @Test("a healthy release goes through every step, capacity before traffic, and settles")
    func healthy() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0.005)
        #expect(stage.run(seconds: 2_000) == .settled)
        let (old, new) = (Stage.old.id, Stage.new.id)
        #expect(
            stage.actions == [
                .start(Stage.new, replicas: 1), .route([new: 10, old: 990]),
                .scale(new, replicas: 3), .route([new: 250, old: 750]),
                .scale(new, replicas: 12), .route([new: 1000]), .stop(old),
            ])
    }

    @Test("a harmful release goes back from its first step in one routing action")
    func harmful() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0.05)
        let outcome = stage.run(seconds: 300)
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("it ended as \(String(describing: outcome))")
            return
        }
        #expect(reason.contains("evidence of harm"), "\(reason)")
        #expect(
            stage.actions == [
                .start(Stage.new, replicas: 1),
                .route([Stage.new.id: 10, Stage.old.id: 990]), .route([Stage.old.id: 1000]),
                .stop(Stage.new.id),
            ])
        #expect(stage.milliseconds < 30_000, "5% errors at 50 requests/s are found in seconds")
    }

    @Test("a bound that is exceeded for its time acts at once")
    func limit() throws {
        var plan = Self.plan
        plan.limits = [
            HardLimit(
                signal: HardLimit.Known.latencyP99.name, side: .above,
                threshold: SignalValue(millionths: 90_000), duration: .seconds(5))
        ]
        var stage = Stage(canary: plan)
        stage.signals = Self.traffic(new: 0)
        guard case .rolledBack(let reason)? = stage.run(seconds: 60) else {
            Issue.record("it did not go back")
            return
        }
        #expect(reason.contains("latency-p99 is 0.1, above 0.09"), "\(reason)")
        #expect(stage.milliseconds <= 10_000)
    }

    @Test(
        "without data it holds: it neither goes on nor back, whatever is to be done when undecided",
        arguments: CanaryPlan.Undecided.allCases)
    func noData(undecided: CanaryPlan.Undecided) {
        var plan = Self.plan
        plan.onUndecided = undecided
        for answer in [SignalAnswer.down("x"), .counters(target: [], base: [])] {
            var stage = Stage(canary: plan)
            stage.signals = { _, _ in answer }
            #expect(stage.run(seconds: 3_000) == nil)
            #expect(stage.lane.weights == [Stage.new.id: 10, Stage.old.id: 990])
        }
    }

    @Test("too little traffic to decide ends as the release says")
    func undecided() {
        for undecided in CanaryPlan.Undecided.allCases {
            var plan = Self.plan
            plan.onUndecided = undecided
            var stage = Stage(canary: plan)
            stage.signals = Self.traffic(new: 0.005, perSecond: 100)
            let outcome = stage.run(seconds: 650)
            switch undecided {
            case .hold:
                #expect(outcome == nil && stage.lane.weights[Stage.new.id] == 10)
            case .promote:
                #expect(outcome == nil && stage.lane.weights[Stage.new.id] == 250)
            case .revert:
                guard case .rolledBack(let reason)? = outcome else {
                    Issue.record("it did not go back")
                    continue
                }
                #expect(reason.hasPrefix("1% stayed undecided"), "\(reason)")
            }
        }
    }

    @Test("a kill at any look changes neither the actions nor the verdict")
    func kills() {
        var (stage, other) = (Stage(canary: Self.plan), Stage(canary: Self.plan))
        stage.signals = Self.traffic(new: 0.03)
        other.signals = stage.signals
        var (left, right): (RolloutStep.Next?, RolloutStep.Next?)
        for second in 0..<300 {
            for _ in 0..<5 {
                (left, right) = (stage.look(), other.look())
                #expect(left == right, "at \(second)")
            }
            if case .end? = left { break }
            if second % 3 == 0 { other.restart() }
            stage.pass(1)
            other.pass(1)
        }
        guard case .end(.rolledBack)? = left else {
            Issue.record("it did not go back: \(String(describing: left))")
            return
        }
        #expect(stage.operation.rollout.canary?.judge == other.operation.rollout.canary?.judge)
    }

    @Test(
        "a slot that does not get healthy is given up, and readiness that comes and goes is no progress"
    )
    func deadline() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0)
        var outcome: RolloutStep.Next?
        for second in 0..<400 {
            outcome = stage.look { $0.id == Stage.new.id ? .starting : .healthy }
            outcome = stage.look { $0.id == Stage.new.id ? .starting : .healthy }
            if case .end? = outcome { break }
            if stage.lane.slot(Stage.new.id) != nil {
                stage.setHealth(Stage.new, second % 20 == 0 ? 1 : 0)
            }
            stage.pass(1)
        }
        guard case .end(.rolledBack(let reason))? = outcome else {
            Issue.record("it was not given up: \(String(describing: outcome))")
            return
        }
        #expect(reason.hasPrefix("no progress for 120 s"), "\(reason)")
    }

    @Test("what has nothing beside it to be compared with goes all at once")
    func others() {
        var first = Stage(canary: Self.plan, .create)
        first.lane = Stage.empty
        #expect(first.run() == .settled)
        #expect(
            first.actions == [.start(Stage.new, replicas: 12), .route([Stage.new.id: 1000])])
        var removal = Stage(canary: Self.plan, .remove)
        #expect(removal.run() == .settled)
        var scale = Stage(canary: Self.plan, .scale)
        #expect(scale.run() == .settled)
        #expect(scale.actions == [.scale(Stage.old.id, replicas: 4)])
    }
}
