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

    @Test("a step that asks for a word takes it before its time, once, and the last step never")
    func words() {
        var plan = Self.plan
        plan.rules = [CanaryPlan.StepRule(needsApproval: true), .init(), .init()]
        var stage = Stage(canary: plan)
        #expect(stage.run(seconds: 5) == nil)
        let operation = stage.operation
        #expect(Rollout.waitsForPerson(operation, nil) == nil)
        #expect(Rollout.takesWord(operation, nil))
        let word = Steering.Word(
            actor: .airlock, reason: "because", at: Timestamp(milliseconds: 0))
        let said = Steering(operation: 1, lane: Stage.lane, passed: [0: word])
        #expect(!Rollout.takesWord(operation, said))
        var last = operation
        last.rollout.canary?.step = 2
        last.rollout.canary?.inForce = 2
        last.rollout.canary?.held = .seconds(7_200)
        #expect(Rollout.waitsForPerson(last, nil) == nil && !Rollout.takesWord(last, nil))
    }
}
