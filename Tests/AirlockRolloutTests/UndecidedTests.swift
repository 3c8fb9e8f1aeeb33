import AirlockAnalysis
import AirlockModel
import AirlockRollout
import Testing

/// What becomes of a step of which nobody knows in time whether it does harm.
@Suite("an undecided step")
struct UndecidedTests {
    @Test(
        "an undecided step widens while few enough users have met the new slot, and never to all traffic"
    )
    func widening() throws {
        var plan = CanaryTests.plan
        plan.maxExposed = 2_000
        var stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        _ = stage.run(seconds: 90)
        #expect(stage.lane.weights[Stage.new.id] == 250, "after its hold")
        let passed = try #require(stage.operation.rollout.canary?.ruling?.passed)
        #expect(passed.contains("widened") && passed.contains("and 2000 may"), "\(passed)")
        #expect(stage.run(seconds: 1_000) == .settled, "25% decides by itself")

        plan.maxExposed = 1_000
        stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        _ = stage.run(seconds: 590)
        #expect(stage.lane.weights[Stage.new.id] == 10, "the next hold alone would meet 1,500")

        plan.maxExposed = 1_000_000
        plan.steps = [10, 20, 1000]
        stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        #expect(stage.run(seconds: 1_500) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 20, "all of it is never reached undecided")
    }

    /// A canary of 100 requests a second that was widened to a share which does not decide in its time either.
    private static func widened() -> Stage {
        var plan = CanaryTests.plan
        (plan.steps, plan.maxExposed) = ([10, 500, 1000], 600)
        (plan.hold, plan.decideWithin) = (.seconds(10), .seconds(20))
        var stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        _ = stage.run(seconds: 14)
        return stage
    }

    @Test("a widened share that does not decide either is given back once enough users have met it")
    func narrowing() throws {
        var stage = Self.widened()
        #expect(stage.lane.weights[Stage.new.id] == 500, "widened after its hold")
        #expect(stage.run(seconds: 300) == nil)
        #expect(stage.lane.weights == [Stage.new.id: 10, Stage.old.id: 990])
        let canary = try #require(stage.operation.rollout.canary)
        let narrowed = try #require(canary.ruling?.narrowed)
        #expect(narrowed.contains("no more than 600 were to"), "\(narrowed)")
        #expect((600..<1_100).contains(canary.exposed ?? 0), "\(canary.exposed ?? 0)")
        #expect(stage.operation.waitsForPerson(nil) != nil, "its own time is over there")
        let routes = stage.actions.filter { $0.capability == .route }
        #expect(routes.count == 3, "it is not widened again: \(routes)")
    }

    @Test("a share between that git sets is given back too, and one that is not judged hides none")
    func betweenShares() throws {
        var plan = CanaryTests.plan
        (plan.steps, plan.maxExposed) = ([10, 200, 500, 1000], 600)
        (plan.hold, plan.decideWithin) = (.seconds(5), .seconds(20))
        var stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        for _ in 0..<60 where stage.lane.weights[Stage.new.id] != 500 { _ = stage.run(seconds: 1) }
        try #require(stage.lane.weights[Stage.new.id] == 500)
        stage.course.ceiling = 200
        _ = stage.run(seconds: 2)
        #expect(stage.lane.weights[Stage.new.id] == 200)
        #expect(stage.run(seconds: 90) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10)

        plan.rules = [.init(), .init(isJudged: false), .init(), .init()]
        stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        for _ in 0..<60 where stage.lane.weights[Stage.new.id] != 500 { _ = stage.run(seconds: 1) }
        try #require(stage.lane.weights[Stage.new.id] == 500)
        #expect(stage.run(seconds: 90) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10)
    }

    @Test("nothing is widened where no judged share below all of the traffic follows")
    func noVerdictAhead() {
        var plan = CanaryTests.plan
        (plan.steps, plan.maxExposed) = ([10, 500, 1000], 100_000)
        (plan.hold, plan.decideWithin) = (.seconds(5), .seconds(20))
        plan.rules = [.init(), .init(isJudged: false), .init()]
        var stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        #expect(stage.run(seconds: 100) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10)
    }

    @Test(
        "the holds up to the next verdict count, and an unjudged share that waits for a person stays"
    )
    func holdsBetween() {
        var plan = CanaryTests.plan
        (plan.steps, plan.maxExposed) = ([10, 100, 500, 1000], 600)
        (plan.hold, plan.decideWithin) = (.seconds(5), .seconds(20))
        plan.rules = [.init(), .init(isJudged: false), .init(hold: .seconds(60)), .init()]
        var stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 10, "a minute at 50% would meet 3,000")

        plan.rules = [.init(), .init(isJudged: false, needsApproval: true), .init(), .init()]
        stage = Stage(canary: plan)
        stage.signals = CanaryTests.traffic(new: 0.005, perSecond: 100)
        #expect(stage.run(seconds: 300) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 100)
        #expect(stage.operation.waitsForPerson(nil) != nil)
    }

    @Test("what is given back is judged until the router has done it")
    func refusedRoute() throws {
        var stage = Self.widened()
        try #require(stage.lane.weights[Stage.new.id] == 500)
        for _ in 0..<60 where stage.operation.rollout.canary?.step == 1 {
            _ = stage.look(isRefused: true)
            stage.pass(1)
        }
        let canary = try #require(stage.operation.rollout.canary)
        #expect(canary.step == 0 && canary.judgedTo != nil)
        stage.course.isHeld = true
        stage.signals = CanaryTests.traffic(new: 0.4, perSecond: 100)
        for _ in 0..<20 {
            _ = stage.look(isRefused: true)
            stage.pass(1)
        }
        guard case .back = stage.operation.rollout.direction else {
            Issue.record("harm under a share that nobody gave back is not seen")
            return
        }
    }

    /// Few requests, of which half fail, beside an old slot without a fault.
    private static func ailing(
        _ question: SignalQuestion, _ lane: LaneObservation
    ) -> SignalAnswer {
        let seconds = question.from.milliseconds / 1000..<question.to.milliseconds / 1000
        func counters(_ requests: Int, _ errors: (Int) -> Int) -> [SecondCounters] {
            seconds.map { second in
                SecondCounters(
                    second: second, requests: requests, errors: errors(second),
                    latencyP99Microseconds: 100_000, cpuBasisPoints: 4_000,
                    memoryBytes: 1 << 26, separateErrors: errors(second),
                    witnesses: errors(second) > 0 ? [UInt64(second)] : [])
            }
        }
        return .counters(
            target: counters(1) { $0 < 9 ? 1 : 0 }, base: counters(1) { _ in 0 })
    }

    @Test("what leans to harm is not promoted and not widened; a person decides")
    func leaning() throws {
        var plan = CanaryTests.plan
        (plan.hold, plan.decideWithin) = (.seconds(9), .seconds(10))
        (plan.onUndecided, plan.maxExposed) = (.promote, 1_000)
        var stage = Stage(canary: plan)
        stage.signals = Self.ailing
        #expect(stage.run(seconds: 16) == nil)
        #expect(
            stage.lane.weights[Stage.new.id] == 10, "\(stage.operation.rollout.canary?.told ?? "")")
        guard case .undecided = try #require(stage.operation.rollout.canary).judge.verdict else {
            Issue.record("\(stage.operation.rollout.canary?.told ?? "")")
            return
        }
        #expect(stage.operation.waitsForPerson(nil)?.isUndecided == true)
        stage.course.passed[0] = "ada"
        _ = stage.run(seconds: 5)
        #expect(stage.lane.weights[Stage.new.id] == 250, "a person let it go on")
    }

    @Test(
        "an abort is recorded with what was served until then, which may be harm",
        arguments: [0.005, 0.4])
    func aborted(_ rate: Double) throws {
        var stage = Stage(canary: CanaryTests.plan)
        stage.signals = CanaryTests.traffic(new: 0.005)
        _ = stage.run(seconds: 5)
        let looks = try #require(stage.operation.rollout.canary).looks
        stage.signals = CanaryTests.traffic(new: rate)
        stage.course.abort = "aborted by ada"
        stage.pass(10)
        _ = stage.look()
        guard case .back(let reason) = stage.operation.rollout.direction else {
            Issue.record("it does not go back")
            return
        }
        #expect(rate > 0.1 ? reason.contains("evidence of harm") : reason == "aborted by ada")
        #expect(try #require(stage.operation.rollout.canary).looks >= looks + 10)
    }
}
