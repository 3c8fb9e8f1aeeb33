import AirlockAnalysis
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("what no hold stops")
struct HoldTests {
    private static let plan = CanaryPlan(
        steps: [100, 500, 1000], hold: .seconds(60), deadline: .seconds(120))

    /// A canary whose first share the router has just taken.
    private static var routed: Stage {
        var stage = Stage(canary: plan)
        _ = stage.look()
        _ = stage.look()
        return stage
    }

    /// What the next look would do, and whether that is done whatever holds the change.
    private func next(_ stage: Stage) -> (step: RolloutStep.Next, isRescue: Bool) {
        var stage = stage
        let before = stage.lane
        let operation = stage.operation
        let step = stage.look()
        return (step, Rollout.isRescue(step, of: operation, in: before))
    }

    /// The lane after somebody took the new slot away and left its traffic where it was.
    private func withoutNew(_ lane: LaneObservation) -> LaneObservation {
        LaneObservation(
            lane: lane.lane, slots: lane.slots.filter { $0.id == Stage.old.id },
            weights: lane.weights)
    }

    @Test("a hold that comes right after the router's answer leaves nothing unwatched")
    func watched() {
        let stage = Self.routed
        #expect(stage.lane.weights[Stage.new.id] == 100)
        #expect(stage.operation.rollout.canary?.judgedTo == nil)
        #expect(Rollout.isWatched(stage.operation, in: stage.lane))
        #expect(!Rollout.isWatched(stage.operation, in: Stage.serving(Stage.old, replicas: 12)))
    }

    @Test("traffic is taken from a slot that is dead or gone, and not from one nobody can see")
    func rescue() {
        var stage = Self.routed
        #expect(!next(stage).isRescue)
        stage.setHealth(Stage.new, 0)
        #expect(next(stage).step == .act(.route([Stage.old.id: 1000])))
        #expect(next(stage).isRescue)
        stage.lane = withoutNew(stage.lane)
        #expect(next(stage).step == .act(.route([Stage.old.id: 1000])))
        #expect(next(stage).isRescue)
        var unknown = Self.routed
        unknown.lane = unknown.lane.with(Stage.new.id) {
            $0.with(replicas: $0.replicas, phase: .unknown)
        }
        #expect(!next(unknown).isRescue)
    }

    @Test("a switch whose slot is taken away gives its traffic back until another is whole")
    func blueGreen() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan()))
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 1000])
        stage.lane = withoutNew(stage.lane)
        #expect(next(stage).step == .act(.route([Stage.old.id: 1000])))
        #expect(next(stage).isRescue)
        #expect(stage.run(seconds: 5) == nil)
        #expect(
            stage.actions.suffix(3) == [
                .route([Stage.old.id: 1000]), .start(Stage.new, replicas: 12),
                .route([Stage.new.id: 1000]),
            ])
    }

    @Test("a switch is not taken back for instances of which nothing is known")
    func unknown() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan()))
        #expect(stage.run(seconds: 5) == nil)
        let seen = stage.lane
        stage.lane = seen.with(Stage.new.id) { $0.with(replicas: $0.replicas, phase: .unknown) }
        #expect(stage.run(seconds: 30) == nil)
        #expect(stage.operation.rollout.direction == .forward)
        stage.lane = seen
        #expect(stage.run(seconds: 1_900) == .settled)
    }

    @Test("time in which nobody looked is not counted against what is held and lost")
    func parked() {
        var stage = Self.routed
        stage.course.isHeld = true
        stage.setHealth(Stage.new, 0)
        #expect(stage.run(seconds: 5) == nil)
        stage.restart()
        stage.pass(500)
        #expect(Rollout.isWatched(stage.operation, in: stage.lane))
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.run(seconds: 70) != nil)
    }

    @Test("what git keeps without traffic is not lost, and a later hold gives nothing up")
    func lostBefore() {
        var stage = Self.routed
        stage.setHealth(Stage.new, 0)
        stage.course = Course(.upTo(50), nil)
        #expect(stage.run(seconds: 500) == nil)
        #expect(stage.lane.weights == [Stage.old.id: 1000])
        stage.course = Course()
        stage.course.isHeld = true
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.operation.rollout.direction == .forward)
    }

    @Test("a step that asks for a word takes it before its time, once, and the last step never")
    func words() {
        var plan = Self.plan
        plan.rules = [CanaryPlan.StepRule(needsApproval: true), .init(), .init()]
        var stage = Stage(canary: plan)
        #expect(stage.run(seconds: 5) == nil)
        let operation = stage.operation
        #expect(operation.waitsForPerson(nil) == nil)
        #expect(Rollout.takesWord(operation, nil))
        let word = Steering.Word(
            actor: .airlock, reason: "because", at: Timestamp(milliseconds: 0))
        let said = Steering(operation: 1, lane: Stage.lane, passed: [0: word])
        #expect(!Rollout.takesWord(operation, said))
        var last = operation
        last.rollout.canary?.step = 2
        last.rollout.canary?.inForce = 2
        last.rollout.canary?.held = .seconds(7_200)
        last.rollout.canary?.waitsSince = Timestamp(milliseconds: 0)
        #expect(last.waitsForPerson(nil) == nil && !Rollout.takesWord(last, nil))
    }

    @Test(
        "without one request nothing goes on or back by itself, and a person may let it go on",
        arguments: CanaryPlan.Undecided.allCases)
    func noRequests(_ undecided: CanaryPlan.Undecided) throws {
        var plan = Self.plan
        (plan.decideWithin, plan.onUndecided) = (.seconds(90), undecided)
        plan.limits = [
            HardLimit(
                signal: HardLimit.Known.errorRate.name, side: .above,
                threshold: SignalValue(millionths: 50_000), duration: .zero)
        ]
        var stage = Stage(canary: plan)
        stage.signals = { question, _ in
            let counters = (question.from.milliseconds / 1000..<question.to.milliseconds / 1000)
                .map {
                    SecondCounters(
                        second: $0, requests: 0, errors: 0, latencyP99Microseconds: nil,
                        cpuBasisPoints: 0, memoryBytes: 0)
                }
            return .counters(target: counters, base: counters)
        }
        #expect(stage.run(seconds: 600) == nil)
        let wait = try #require(stage.operation.waitsForPerson(nil))
        #expect(wait.told.hasPrefix("No request reached either slot"), "\(wait.told)")
        #expect(Rollout.staysOpen(stage.operation, nil) == nil)
        #expect(Rollout.takesWord(stage.operation, nil))
        #expect(stage.operation.rollout.canary?.step == 0)
        stage.course.passed = [0: "ada"]
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.operation.rollout.canary?.step == 1)
    }

    @Test("a slot that alone gets no request is named, and a person may let the step go on")
    func oneIsUnserved() throws {
        for (new, old, named) in [(0, 100, "the new slot"), (100, 0, "the old slot")] {
            var plan = Self.plan
            (plan.decideWithin, plan.onUndecided) = (.seconds(90), .revert)
            var stage = Stage(canary: plan)
            stage.signals = { question, _ in
                func counters(_ requests: Int) -> [SecondCounters] {
                    (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map {
                        // Now and then a second has no request at all.
                        SecondCounters(
                            second: $0, requests: $0.isMultiple(of: 3) ? 0 : requests, errors: 0,
                            latencyP99Microseconds: nil, cpuBasisPoints: 0, memoryBytes: 0)
                    }
                }
                return .counters(target: counters(new), base: counters(old))
            }
            #expect(stage.run(seconds: 600) == nil)
            let wait = try #require(stage.operation.waitsForPerson(nil))
            #expect(wait.told.hasPrefix("No request reached \(named)"), "\(wait.told)")
            #expect(stage.operation.rollout.canary?.silence == nil)
            #expect(Rollout.takesWord(stage.operation, nil))
            stage.course.passed = [0: "ada"]
            #expect(stage.run(seconds: 5) == nil)
            #expect(stage.operation.rollout.canary?.step == 1)
        }
    }

    @Test(
        "a time without numbers, or before both slots had requests, decides nothing",
        arguments: [CanaryPlan.Undecided.promote, .revert])
    func timeWithoutNumbers(_ undecided: CanaryPlan.Undecided) {
        let plan = CanaryPlan(
            steps: [200, 1000], hold: .seconds(5), decideWithin: .seconds(30),
            onUndecided: undecided, deadline: .seconds(120))
        /// - Parameter start: What was lost before it nobody has, also later.
        func counters(
            _ question: SignalQuestion, _ requests: Int, since start: Int = 0
        ) -> [SecondCounters] {
            (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).filter {
                $0 * 1000 >= start
            }.map {
                SecondCounters(
                    second: $0, requests: requests, errors: 0, latencyP99Microseconds: nil,
                    cpuBasisPoints: 0, memoryBytes: 0)
            }
        }
        for isDown in [true, false] {
            var stage = Stage(canary: plan)
            var since = 0
            stage.signals = { question, _ in
                guard since == 0 || question.to.milliseconds <= since + 40_000 else {
                    let start = since + 40_000
                    return .counters(
                        target: counters(question, 20, since: start),
                        base: counters(question, 80, since: start))
                }
                if since == 0 { since = question.from.milliseconds }
                return isDown
                    ? .down("gone")
                    : .counters(target: counters(question, 0), base: counters(question, 0))
            }
            #expect(stage.run(seconds: 60) == nil, "the first numbers decide nothing, \(isDown)")
            #expect(stage.operation.rollout.canary?.step == 0)
            let outcome = stage.run(seconds: 60)
            switch undecided {
            case .promote: #expect(outcome == .settled, "\(isDown)")
            case .revert, .hold:
                guard case .rolledBack(let reason)? = outcome else {
                    Issue.record("it did not go back, \(isDown)")
                    continue
                }
                #expect(reason.contains("stayed undecided"), "\(reason)")
            }
        }
    }

    @Test(
        "seconds of one slot alone, and the first two readings, are no time in which both were compared"
    )
    func oneSidedSeconds() {
        let plan = CanaryPlan(
            steps: [200, 1000], hold: .seconds(5), decideWithin: .seconds(30),
            onUndecided: .promote, deadline: .seconds(120))
        // Both are counted in the first `known` seconds of a step, then the old slot alone for ninety.
        for known in [1, 9] {
            var stage = Stage(canary: plan)
            var start = 0
            stage.signals = { question, _ in
                if start == 0 { start = question.from.milliseconds / 1000 }
                func counters(_ requests: Int, isNew: Bool) -> [SecondCounters] {
                    (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).filter {
                        !isNew || $0 < start + known || $0 >= start + known + 90
                    }.map {
                        SecondCounters(
                            second: $0, requests: requests, errors: 0,
                            latencyP99Microseconds: nil, cpuBasisPoints: 0, memoryBytes: 0)
                    }
                }
                return .counters(
                    target: counters(2, isNew: true), base: counters(8, isNew: false))
            }
            #expect(stage.run(seconds: 105) == nil, "\(known)")
            #expect(stage.operation.rollout.canary?.step == 0, "\(known)")
            #expect(stage.run(seconds: 60) == .settled, "\(known)")
        }
    }

    @Test("what plainly fails is not promoted for its few causes", arguments: [0, 2, 60])
    func plainlyWorse(errors: Int) {
        let plan = CanaryPlan(
            steps: [500, 1000], hold: .seconds(5), decideWithin: .seconds(12),
            onUndecided: .promote, deadline: .seconds(120))
        var stage = Stage(canary: plan)
        stage.signals = { question, _ in
            func counters(_ errors: Int) -> [SecondCounters] {
                (question.from.milliseconds / 1000..<question.to.milliseconds / 1000).map {
                    // Plain counters: whatever fails in one second may have one cause.
                    let bad = $0.isMultiple(of: 6) ? errors : 0
                    return SecondCounters(
                        second: $0, requests: 100, errors: bad, latencyP99Microseconds: nil,
                        cpuBasisPoints: 0, memoryBytes: 0, separateErrors: min(bad, 1),
                        witnesses: bad > 0 ? [1, 2] : [])
                }
            }
            return .counters(target: counters(errors), base: counters(0))
        }
        let outcome = stage.run(seconds: 60)
        if errors == 60 {
            #expect(outcome == nil && stage.operation.rollout.canary?.step == 0)
            #expect(stage.operation.waitsForPerson(nil) != nil)
        } else {
            #expect(outcome == .settled, "\(errors)")
        }
    }

    @Test("a number that nobody has is no lack of requests: no word decides it")
    func noNumbers() {
        var plan = Self.plan
        (plan.decideWithin, plan.onUndecided) = (.seconds(90), .promote)
        var stage = Stage(canary: plan)
        stage.signals = { _, _ in .counters(target: [], base: []) }
        #expect(stage.run(seconds: 600) == nil)
        #expect(stage.operation.waitsForPerson(nil) == nil)
        #expect(!Rollout.takesWord(stage.operation, nil))
    }

    @Test(
        "a step that asks for a word waits for it once its time is over, whatever is done when undecided",
        arguments: CanaryPlan.Undecided.allCases)
    func approval(_ undecided: CanaryPlan.Undecided) throws {
        var plan = Self.plan
        (plan.decideWithin, plan.onUndecided) = (.seconds(90), undecided)
        plan.rules = [CanaryPlan.StepRule(isJudged: false, needsApproval: true), .init(), .init()]
        var stage = Stage(canary: plan)
        #expect(stage.run(seconds: 50) == nil)
        #expect(stage.operation.waitsForPerson(nil) == nil, "its hold is not over")
        #expect(stage.run(seconds: 100) == nil)
        let wait = try #require(stage.operation.waitsForPerson(nil))
        #expect(wait.isApproval && wait.step == 1)
        #expect(wait.phrase == "step 1 waits for a person's approval")
        // The wait begins when the hold is over, and looking again begins no other one.
        #expect((59_000...62_000).contains(wait.since.milliseconds), "\(wait.since)")
        let word = Steering.Word(
            actor: .airlock, reason: "because", at: Timestamp(milliseconds: 0))
        let held = Steering(operation: 1, lane: Stage.lane, held: word)
        #expect(stage.operation.waitsForPerson(held) == nil)
        let said = Steering(operation: 1, lane: Stage.lane, passed: [0: word])
        #expect(stage.operation.waitsForPerson(said) == nil)
        stage.course.passed = [0: "ada"]
        _ = stage.run(seconds: 1)
        #expect(stage.operation.rollout.canary?.waitsSince == nil)
    }
}
