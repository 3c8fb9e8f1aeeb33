import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("what git and people ask of a rollout")
struct CourseTests {
    @Test(
        "a blue-green switch waits while less than all is allowed, and goes back without a switch")
    func blueGreen() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan()))
        stage.course = Course(.upTo(500), nil)
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.actions == [.start(Stage.new, replicas: 12)])
        #expect(stage.operation.waits(nil) == .bound(500))
        #expect(stage.operation.waits(nil, under: .proceed) == nil)
        stage.course = Course(.abort, nil)
        #expect(
            stage.run(seconds: 5)
                == .rolledBack(reason: "git asks for it: rollout: abort"))
        #expect(stage.actions.last == .stop(Stage.new.id))
    }

    @Test("below the first step the old slot serves alone")
    func zero() {
        var stage = Stage(canary: CanaryPlan(steps: [100, 1000], hold: .seconds(10)))
        stage.course = Course(.upTo(50), nil)
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.lane.weights == [Stage.old.id: 1000])
        #expect(stage.operation.waits(nil) == .bound(50))
        stage.course = Course()
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 100)
        #expect(stage.operation.waits(nil) == nil)
        stage.course = Course(.upTo(50), nil)
        #expect(stage.run(seconds: 5) == nil)
        #expect(stage.lane.weights == [Stage.old.id: 1000])
    }

    @Test(
        "at the bound of git it waits for git once the step below is passed, and not for its group")
    func bound() {
        var plan = CanaryPlan(steps: [100, 500, 1000], hold: .seconds(30))
        let unjudged = CanaryPlan.StepRule(isJudged: false)
        plan.rules = [unjudged, unjudged, CanaryPlan.StepRule()]
        var stage = Stage(canary: plan)
        stage.course = Course(.upTo(500), nil)
        #expect(stage.run(seconds: 20) == nil)
        #expect(stage.operation.waits(nil) == nil, "the next step is allowed")
        #expect(stage.run(seconds: 600) == nil)
        #expect(stage.lane.weights[Stage.new.id] == 500)
        #expect(stage.operation.waits(nil) == .bound(500))
        stage.course = Course(ceiling: 500, ceilingBy: "its group")
        #expect(stage.run(seconds: 60) == nil)
        #expect(stage.operation.waits(nil) == nil)
        stage.course = Course()
        #expect(stage.run(seconds: 600) == .settled)
    }

    @Test("a step without analysis is passed after its own hold, with no data at all")
    func noAnalysis() {
        let plan = CanaryPlan(steps: [100, 1000], hold: .seconds(600))
        var stage = Stage(canary: plan)
        #expect(stage.run(seconds: 2_000) == nil)
        var free = plan
        free.rules = [
            CanaryPlan.StepRule(hold: .seconds(30), isJudged: false), CanaryPlan.StepRule(),
        ]
        stage = Stage(canary: free)
        #expect(stage.run(seconds: 60) == .settled)
        #expect(stage.milliseconds >= 30_000)
    }

    @Test(
        "another number of instances and a removal cannot be aborted: there is nothing to go back to"
    )
    func nothingToGoBackTo() {
        for kind in [Change.Kind.scale, .remove] {
            var stage = Stage(kind, in: Stage.serving(Stage.old))
            stage.course = Course(.abort, nil)
            #expect(!stage.operation.canGoBack)
            #expect(stage.run(seconds: 10) == .settled)
        }
    }

    @Test("rules of steps are part of the change, and a plan without them is the change it was")
    func identity() {
        let plain = CanaryPlan()
        var ruled = plain
        ruled.rules = [CanaryPlan.StepRule(needsApproval: true)]
        #expect(
            Strategy.canary(plain).canonical.canonicalBytes
                != Strategy.canary(ruled).canonical.canonicalBytes)
        #expect(
            !String(decoding: Strategy.canary(plain).canonical.canonicalBytes, as: UTF8.self)
                .contains("rules"))
    }
}
