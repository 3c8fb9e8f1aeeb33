import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a canary")
struct CanaryTests {
    static let plan = CanaryPlan(
        steps: [10, 250, 1000], hold: .seconds(60), decideWithin: .seconds(600),
        deadline: .seconds(120))

    /// Traffic of 5,000 requests a second, shared out as the router does it, with these error rates.
    static func traffic(
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
                        memoryBytes: 1 << 26, separateErrors: errors,
                        witnesses: (0..<min(errors, 2)).map { UInt64(second * 2 + $0) })
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
            // No word of a person stands in for numbers.
            #expect(stage.operation.waitsForPerson(nil) == nil)
            #expect(Rollout.staysOpen(stage.operation, nil) != nil)
            #expect(!Rollout.takesWord(stage.operation, nil))
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
                let wait = stage.operation.waitsForPerson(nil)
                #expect(wait?.phrase == "step 1 stays undecided and waits for a person")
                #expect((wait?.since.milliseconds ?? 0) >= 600_000)
                plan.rules = [CanaryPlan.StepRule(needsApproval: true), .init(), .init()]
                stage = Stage(canary: plan)
                stage.signals = Self.traffic(new: 0.005, perSecond: 100)
                _ = stage.run(seconds: 650)
                #expect(
                    stage.operation.waitsForPerson(nil)?.phrase
                        == "step 1 stays undecided and waits for a person's approval")
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

    @Test("what decides in its own time is not widened, and what nobody knows is not either")
    func noWidening() {
        var plan = Self.plan
        plan.maxExposed = 1_000_000
        var stage = Stage(canary: plan)
        stage.signals = Self.traffic(new: 0.005)
        let outcome = stage.run(seconds: 2_000)
        #expect(outcome == .settled)
        let passed = stage.operation.rollout.canary?.ruling?.passed ?? ""
        #expect(passed.hasPrefix("acceptable after"), "\(passed)")
        stage = Stage(canary: plan)
        stage.signals = { _, _ in .down("x") }
        _ = stage.run(seconds: 900)
        #expect(stage.lane.weights[Stage.new.id] == 10)
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
        // Three instances are needed, and one comes and goes.
        var stage = Stage(canary: CanaryPlan(steps: [250, 1000], deadline: .seconds(120)))
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

    @Test("a step is passed by what was seen under its own share, and by nothing from before")
    func ownEvidence() {
        var plan = Self.plan
        plan.hold = .seconds(1)
        var stage = Stage(canary: plan)
        let good = Self.traffic(new: 0.005)
        // The source falls silent as soon as the second step is in force.
        stage.signals = { question, lane in
            (lane.weights[question.target] ?? 0) > 10
                ? .counters(target: [], base: []) : good(question, lane)
        }
        #expect(stage.run(seconds: 2_000) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 250)
    }

    @Test("a source that falls silent promotes nothing, whatever it said before")
    func silence() {
        var plan = Self.plan
        plan.hold = .seconds(600)
        var stage = Stage(canary: plan)
        let good = Self.traffic(new: 0.005)
        stage.signals = { question, lane in
            question.to.milliseconds > 400_000
                ? .counters(target: [], base: []) : good(question, lane)
        }
        #expect(stage.run(seconds: 400) == nil)
        #expect(stage.operation.rollout.canary?.judge.verdict.word == "acceptable")
        #expect(stage.run(seconds: 2_000) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10)
    }

    @Test("a source that answers late is asked again and loses nothing")
    func late() {
        var stage = Stage(canary: Self.plan)
        let bad = Self.traffic(new: 0.05)
        stage.signals = { question, lane in
            guard case .counters(let target, let base) = bad(question, lane) else {
                return .down("")
            }
            // The last five seconds are not there yet.
            let known = question.to.milliseconds / 1000 - 5
            return .counters(
                target: target.filter { $0.second < known }, base: base.filter { $0.second < known }
            )
        }
        guard case .rolledBack? = stage.run(seconds: 60) else {
            Issue.record("it did not go back")
            return
        }
        #expect(stage.milliseconds < 40_000)
    }

    @Test(
        "an old slot that restarts is no fault of the new one; one that is dead is replaced at once"
    )
    func oldSlot() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0.005)
        _ = stage.run(seconds: 20)
        stage.setHealth(Stage.old, 0)
        #expect(stage.run(seconds: 5) == nil)
        stage.setHealth(Stage.old, 12)
        #expect(stage.run(seconds: 2_000) == .settled)
        var dead = Stage(canary: Self.plan)
        dead.setHealth(Stage.old, 0)
        #expect(dead.run(seconds: 5) == .settled)
        #expect(
            dead.actions == [
                .start(Stage.new, replicas: 12), .route([Stage.new.id: 1000]), .stop(Stage.old.id),
            ])
    }

    @Test("inside bounds the last step has as many instances as served before")
    func bounds() throws {
        let bounds = try #require(Replicas(minimum: 2, maximum: 16))
        let change = Stage.change(.replace, replicas: bounds, strategy: .canary(Self.plan))
        var stage = Stage(.change(change), in: Stage.serving(Stage.old, replicas: 10))
        stage.signals = Self.traffic(new: 0.005)
        #expect(stage.run(seconds: 2_000) == .settled)
        #expect(stage.actions.contains(.scale(Stage.new.id, replicas: 10)))
        let (scaled, routed) = (
            stage.actions.firstIndex(of: .scale(Stage.new.id, replicas: 10)),
            stage.actions.firstIndex(of: .route([Stage.new.id: 1000]))
        )
        #expect(try #require(scaled) < #require(routed))
    }

    @Test("a canary without one healthy instance has no traffic")
    func dead() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0)
        _ = stage.run(seconds: 20)
        #expect(stage.lane.weights[Stage.new.id] == 10)
        stage.setHealth(Stage.new, 0)
        _ = stage.look()
        #expect(stage.lane.weights == [Stage.old.id: 1000])
        guard case .rolledBack(let reason)? = stage.run(seconds: 200) else {
            Issue.record("it was not given up")
            return
        }
        #expect(reason.hasPrefix("no progress for 120 s"), "\(reason)")
    }

    @Test("an action that is refused for the whole deadline ends the canary")
    func refused() {
        var stage = Stage(canary: Self.plan)
        var end: RolloutStep.Next?
        for _ in 0..<200 {
            end = stage.look(isRefused: true)
            if case .end? = end { break }
            stage.pass(1)
        }
        guard case .end(.rolledBack(let reason))? = end else {
            Issue.record("it was tried for ever")
            return
        }
        #expect(reason.contains("start, does not get done"), "\(reason)")
    }

    @Test("harm is watched for while the next step is brought about")
    func betweenSteps() {
        var stage = Stage(canary: Self.plan)
        let (good, bad) = (Self.traffic(new: 0.005), Self.traffic(new: 0.2))
        stage.signals = good
        // The instances of the second step never start.
        for _ in 0..<600 where (stage.lane.slot(Stage.new.id)?.replicas ?? 0) < 3 {
            _ = stage.look { _ in .healthy }
            if (stage.lane.slot(Stage.new.id)?.replicas ?? 0) < 3 { stage.pass(1) }
        }
        stage.setHealth(Stage.new, 1)
        stage.signals = bad
        let begin = stage.milliseconds
        guard case .rolledBack(let reason)? = stage.run(seconds: 100) else {
            Issue.record("it did not go back")
            return
        }
        #expect(reason.contains("evidence of harm"), "\(reason)")
        #expect(stage.milliseconds - begin < 60_000)
    }

    @Test("a clock that is set back neither promotes nor blinds")
    func clock() {
        var stage = Stage(canary: Self.plan)
        stage.signals = Self.traffic(new: 0.005)
        stage.pass(10_000)
        _ = stage.run(seconds: 50)
        stage.setWall(back: 3_600)
        #expect(stage.run(seconds: 5) == nil)
        stage.signals = Self.traffic(new: 0.1)
        guard case .rolledBack? = stage.run(seconds: 60) else {
            Issue.record("it did not go back")
            return
        }
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
