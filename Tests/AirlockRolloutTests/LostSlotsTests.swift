import AirlockAnalysis
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

/// What happens to the two slots of a rollout from outside: they die, are stopped by hand, or nobody knows.
@Suite("slots that are lost in the middle of a rollout") struct LostSlotsTests {
    private static let unjudged = CanaryPlan.StepRule(isJudged: false)

    /// A canary that nobody judges, at its first step of 10%.
    private static func canary(deadline: Int = 120, hold: Int = 600) -> Stage {
        var plan = CanaryPlan(
            steps: [100, 1000], hold: .seconds(hold), deadline: .seconds(deadline))
        plan.rules = [unjudged, CanaryPlan.StepRule()]
        var stage = Stage(canary: plan)
        #expect(stage.run(seconds: 10) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 100)
        return stage
    }

    /// Nobody knows how the instances of these slots are.
    private static func hide(_ slots: [SlotSpec], in stage: inout Stage) {
        for slot in slots {
            stage.lane = stage.lane.with(slot.id) { found in
                SlotObservation(
                    id: found.id, spec: found.spec, replicas: found.replicas,
                    instances: found.instances.map {
                        InstanceObservation(id: $0.id, phase: .unknown, starts: $0.starts)
                    })
            }
        }
    }

    @Test(
        "a new slot whose instances all die again and again is given up, however short each time is"
    )
    func crashLoop() {
        var stage = Self.canary()
        var losses = 0
        var outcome: OperationRecord.Outcome?
        while outcome == nil, losses < 10 {
            stage.setHealth(Stage.new, 0)
            losses += 1
            outcome = stage.run(seconds: 2)
            guard outcome == nil else { break }
            stage.setHealth(Stage.new, 12)
            outcome = stage.run(seconds: 8)
        }
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("it was tried \(losses) times: \(String(describing: outcome))")
            return
        }
        #expect(losses == 3 && reason.contains("all died 3 times"), "\(losses): \(reason)")
        #expect(stage.lane.weights == [Stage.old.id: 1000])
    }

    @Test("where both are dead the release is given up, and whichever comes back serves")
    func bothDie() {
        var stage = Self.canary(deadline: 60)
        stage.setHealth(Stage.old, 0)
        stage.setHealth(Stage.new, 0)
        #expect(stage.run(seconds: 100) == nil, "it goes back to what does not answer yet")
        #expect(stage.lane.weights[Stage.old.id] == 900)
        stage.setHealth(Stage.new, 12)
        #expect(stage.run(seconds: 2) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 1000], "rather than nothing")
        stage.setHealth(Stage.old, 12)
        guard case .rolledBack? = stage.run(seconds: 20) else {
            Issue.record("it did not go back")
            return
        }
        #expect(stage.lane.weights == [Stage.old.id: 1000])
    }

    @Test("a way back in a group waits for nothing of what it leaves when that dies")
    func leftSlotDies() {
        var plan = CanaryPlan(steps: [100, 1000], hold: .zero, deadline: .seconds(60))
        plan.rules = [Self.unjudged, Self.unjudged]
        let base = Stage.change(.replace, replicas: Build.replicas(12), strategy: .canary(plan))
        let change = Change(
            lane: base.lane, kind: base.kind, base: base.base, target: base.target,
            strategy: base.strategy, policy: base.policy, commit: nil, isReturn: true)
        var stage = Stage(.change(change), in: Stage.serving(Stage.old, replicas: 12))
        stage.course.ceiling = 100
        #expect(stage.run(seconds: 10) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 100)
        stage.setHealth(Stage.old, 0)
        #expect(stage.run(seconds: 15) == .settled)
        #expect(stage.lane.weights == [Stage.new.id: 1000])
    }

    @Test("deaths before a step that was passed are forgiven")
    func passedStep() {
        var plan = CanaryPlan(
            steps: [100, 200, 1000], hold: .seconds(30), deadline: .seconds(120))
        plan.rules = [Self.unjudged, Self.unjudged, CanaryPlan.StepRule()]
        var stage = Stage(canary: plan)
        for share in [100, 200] {
            #expect(stage.run(seconds: 5) == nil)
            #expect(stage.lane.weights[Stage.new.id] == share)
            for _ in 1...2 {
                stage.setHealth(Stage.new, 0)
                #expect(stage.run(seconds: 2) == nil)
                stage.setHealth(Stage.new, 12)
                #expect(stage.run(seconds: 5) == nil)
            }
            if share == 100 { #expect(stage.run(seconds: 25) == nil) }
        }
        #expect(stage.run(seconds: 60) == .settled)
    }

    @Test("instances of the new slot that are started again are evidence against it")
    func restarts() {
        var stage = Stage(
            canary: CanaryPlan(steps: [250, 1000], hold: .seconds(1_800), deadline: .seconds(120)))
        stage.signals = { question, _ in
            func counters(_ requests: Int) -> [SecondCounters] {
                (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map {
                    SecondCounters(
                        second: $0, requests: requests, errors: 0, latencyP99Microseconds: nil,
                        cpuBasisPoints: 0, memoryBytes: 0, separateErrors: 0, witnesses: [])
                }
            }
            return .counters(target: counters(5), base: counters(15))
        }
        var outcome: OperationRecord.Outcome?
        for round in 0..<60 where outcome == nil {
            outcome = stage.run(seconds: 10)
            stage.lane = stage.lane.with(Stage.new.id) { found in
                found.with("\(round % 2)") {
                    InstanceObservation(id: $0.id, phase: .healthy, starts: $0.starts + 1)
                }
            }
        }
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("it was not taken back: \(String(describing: outcome))")
            return
        }
        #expect(reason.hasPrefix("error-rate: "), "\(reason)")
    }

    @Test("an old slot that is stopped by hand is started again at once, and the rollout goes on")
    func oldSlotStopped() {
        var stage = Self.canary(hold: 60)
        stage.lane = stage.lane.after(.stop(Stage.old.id))
        #expect(stage.look() == .act(.start(Stage.old, replicas: 12)))
        #expect(stage.run(seconds: 2) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 100, Stage.old.id: 900])
        #expect(stage.run(seconds: 200) == .settled)
    }

    @Test("a range does not make the old slot that comes back smaller than it was")
    func oldSlotInRange() throws {
        let range = try #require(Replicas(minimum: 2, maximum: 20))
        var plan = CanaryPlan(steps: [100, 1000], hold: .seconds(600), deadline: .seconds(120))
        plan.rules = [Self.unjudged, CanaryPlan.StepRule()]
        let change = Stage.change(.replace, replicas: range, strategy: .canary(plan))
        var stage = Stage(.change(change), in: Stage.serving(Stage.old, replicas: 15))
        #expect(stage.run(seconds: 10) == nil)
        stage.lane = stage.lane.after(.stop(Stage.old.id))
        #expect(stage.look() == .act(.start(Stage.old, replicas: 15)))
    }

    @Test("what lost its traffic does not get all of it because the old slot is lost as well")
    func bothLost() {
        var stage = Self.canary()
        stage.setHealth(Stage.new, 0)
        #expect(stage.look() == .act(.route([Stage.old.id: 1000])))
        Self.hide([Stage.old], in: &stage)
        stage.setHealth(Stage.new, 12)
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.lane.weights == [Stage.old.id: 1000])
    }

    @Test("an old slot that is smaller than git asks gets its size first, by hand or by a commit")
    func oldSlotSmaller() {
        var stage = Self.canary()
        stage.lane = stage.lane.after(.scale(Stage.old.id, replicas: 3))
        #expect(stage.look() == .act(.scale(Stage.old.id, replicas: 12)))
        var green = Stage(.replace, strategy: .blueGreen(BlueGreenPlan()))
        green.lane = green.lane.after(.scale(Stage.old.id, replicas: 3))
        #expect(green.look() == .act(.start(Stage.new, replicas: 12)))
        #expect(green.look() == .act(.scale(Stage.old.id, replicas: 12)))
    }

    @Test("after a blue-green switch the slot that serves gets the size that git asks for")
    func switchedSlotSmaller() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan(keep: .seconds(600))))
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 1000])
        stage.lane = stage.lane.after(.scale(Stage.new.id, replicas: 3))
        #expect(stage.look() == .act(.scale(Stage.new.id, replicas: 12)))
        #expect(stage.run(seconds: 700) == .settled)
        // One that cannot get it is no reason to go back.
        stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan(keep: .seconds(1_000))))
        #expect(stage.run(seconds: 5) == nil)
        stage.lane = stage.lane.after(.scale(Stage.new.id, replicas: 3))
        for _ in 0..<1_500 {
            if case .end(let outcome) = stage.look(isRefused: true) {
                Issue.record("\(outcome)")
                break
            }
            stage.pass(1)
        }
        #expect(stage.lane.weights == [Stage.new.id: 1000])
    }

    @Test("time in which nobody knows how the instances are gives nothing up, under any strategy")
    func partition() {
        var stage = Self.canary(deadline: 40)
        Self.hide([Stage.old, Stage.new], in: &stage)
        let known = stage.actions
        #expect(stage.run(seconds: 300) == nil)
        #expect(stage.actions == known, "nothing is done while nothing is known")
        stage.setHealth(Stage.old, 12)
        stage.setHealth(Stage.new, 12)
        #expect(stage.run(seconds: 700) == .settled)
        for strategy in [
            Strategy.allAtOnce(deadline: .seconds(40)),
            .blueGreen(BlueGreenPlan(deadline: .seconds(40))),
        ] {
            var stage = Stage(.replace, strategy: strategy)
            #expect(stage.look() == .act(.start(Stage.new, replicas: 12)))
            Self.hide([Stage.new], in: &stage)
            #expect(stage.run(seconds: 300) == nil, "\(strategy.word)")
        }
    }

    @Test(
        "what is surely dead is given up at the deadline, also beside one of which nothing is known"
    )
    func halfKnown() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan(deadline: .seconds(40))))
        #expect(stage.look() == .act(.start(Stage.new, replicas: 12)))
        stage.setHealth(Stage.new, 3)
        stage.lane = stage.lane.with(Stage.new.id) { found in
            found.with("11") { InstanceObservation(id: $0.id, phase: .unknown) }
        }
        #expect(stage.run(seconds: 60) != nil)
    }

    @Test(
        "a bound binds the new slot also where nobody measures the old one",
        arguments: [true, false])
    func boundAlone(isCanary: Bool) {
        let limit = HardLimit(
            signal: HardLimit.Known.errorRate.name, side: .above,
            threshold: SignalValue(millionths: 200_000), duration: .seconds(2))
        var canary = CanaryPlan(steps: [100, 1000], hold: .seconds(600))
        canary.limits = [limit]
        let green = BlueGreenPlan(keep: .seconds(600), limits: [limit])
        var stage = Stage(.replace, strategy: isCanary ? .canary(canary) : .blueGreen(green))
        stage.signals = { question, _ in
            .counters(
                target: (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map {
                    SecondCounters(
                        second: $0, requests: 100, errors: 30, latencyP99Microseconds: nil,
                        cpuBasisPoints: 0, memoryBytes: 0)
                }, base: [])
        }
        guard case .rolledBack(let reason)? = stage.run(seconds: 60) else {
            Issue.record("it was not taken back")
            return
        }
        #expect(stage.milliseconds < 15_000, "after \(stage.milliseconds) ms: \(reason)")
        #expect(reason.hasPrefix("error-rate is 0.3"), "\(reason)")
    }
}
