import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("each kind of work takes its straight way")
struct GoldenPathTests {
    private let old = Stage.old
    private let new = Stage.new
    private let other = Stage.other

    @Test("a first deployment starts, waits for health and routes")
    func create() {
        var stage = Stage(.create)
        #expect(stage.look(phase: { _ in .starting }) == .act(.start(new, replicas: 2)))
        let waiting = RolloutStep.Next.wait(
            "0 of 2 instances are healthy", lookAgain: .seconds(1))
        #expect(stage.look() == waiting)
        stage.setHealth(new, 2)
        #expect(stage.look() == .act(.route([new.id: 1000])))
        #expect(stage.look() == .end(.settled))
        #expect(stage.operation.rollout.step == 2)
    }

    @Test("a replacement starts, routes and only then stops the old slot")
    func replace() {
        var stage = Stage(.replace, in: Stage.serving(old))
        #expect(stage.run() == .settled)
        #expect(
            stage.actions == [
                .start(new, replicas: 2), .route([new.id: 1000]), .stop(old.id),
            ])
        #expect(stage.lane == Stage.serving(new))
    }

    @Test("a replacement waits until every instance is healthy")
    func patient() {
        var stage = Stage(.replace, in: Stage.serving(old))
        _ = stage.look(phase: { _ in .starting })
        stage.setHealth(new, 1)
        #expect(stage.look() == .wait("1 of 2 instances are healthy", lookAgain: .seconds(1)))
        #expect(stage.lane.serving.map(\.id) == [old.id])
    }

    @Test("what an earlier change left idle is stopped while the next waits, if something serves")
    func leftovers() {
        var stage = Stage(.replace, in: Stage.serving(old).after(.start(other, replicas: 2)))
        #expect(stage.look(phase: { _ in .starting }) == .act(.start(new, replicas: 2)))
        #expect(stage.look(phase: { _ in .starting }) == .act(.stop(other.id)))
        guard case .wait = stage.look(phase: { _ in .starting }) else {
            Issue.record("it does not wait")
            return
        }
        stage.setHealth(new, 2)
        #expect(stage.run() == .settled)
        #expect(stage.lane == Stage.serving(new))
        // The slot with the traffic has no healthy instance: another that has some is not stopped.
        var lost = Stage(.replace, in: Stage.serving(old).after(.start(other, replicas: 2)))
        lost.setHealth(old, 0)
        for _ in 0..<3 { _ = lost.look(phase: { _ in .starting }) }
        #expect(lost.lane.slot(other.id) != nil)
        var first = Stage(.create, in: Stage.empty.after(.start(other, replicas: 2)))
        for _ in 0..<3 { _ = first.look(phase: { _ in .starting }) }
        #expect(first.actions == [.start(new, replicas: 2), .stop(other.id)])
    }

    @Test("traffic that was taken from the old slot before the new one has any is given back")
    func unserved() {
        let strategies: [Strategy] = [
            .allAtOnce(), .canary(CanaryPlan()), .blueGreen(BlueGreenPlan()),
        ]
        for strategy in strategies {
            var stage = Stage(.replace, strategy: strategy)
            for _ in 0..<3 { _ = stage.look(phase: { _ in .starting }) }
            stage.lane = stage.lane.after(.route([:]))
            #expect(stage.look(phase: { _ in .starting }) == .act(.route([old.id: 1000])))
            // Also of what is held, but where there is none at all: that may be meant.
            let lost = stage.lane.after(.route([other.id: 1000]))
            #expect(Rollout.isWatched(stage.operation, in: lost))
            let next = RolloutStep.Next.act(.route([old.id: 1000]))
            #expect(Rollout.isRescue(next, of: stage.operation, in: lost))
            for lane in [stage.lane, stage.lane.after(.route([:]))] {
                #expect(!Rollout.isRescue(next, of: stage.operation, in: lane))
            }
        }
    }

    @Test("a switch to no replicas settles with no traffic")
    func switchToNone() {
        let change = Stage.change(
            .replace, replicas: Build.replicas(0),
            strategy: .blueGreen(BlueGreenPlan(keep: .seconds(10), deadline: .seconds(60))))
        var stage = Stage(.change(change), in: Stage.serving(old))
        #expect(stage.run(seconds: 100) == .settled)
        #expect(stage.actions.count { $0 == .route([:]) } == 1)
        #expect(stage.lane.weights.isEmpty)
    }

    @Test("another number of replicas scales the slot that is there")
    func scale() {
        var stage = Stage(.scale, in: Stage.serving(old))
        #expect(stage.run() == .settled)
        #expect(stage.actions == [.scale(old.id, replicas: 4)])
    }

    @Test("a change of replicas that never becomes healthy settles at its deadline")
    func scaleUnhealthy() {
        var stage = Stage(.scale, in: Stage.serving(old), deadline: 10)
        #expect(stage.run(phase: { _ in .starting }) == .settled)
        #expect(stage.actions == [.scale(old.id, replicas: 4)])
        #expect(stage.now.wall.milliseconds >= 10_000)
    }

    @Test("a removal takes the traffic away before it stops")
    func remove() {
        let lane = Stage.serving(old).after(.start(other, replicas: 1))
        var stage = Stage(.remove, in: lane)
        #expect(stage.run() == .settled)
        let stops = [old.id, other.id].sorted().map(Action.stop)
        #expect(stage.actions == [.route([:])] + stops)
        #expect(stage.lane == Stage.empty)
    }

    @Test("what is already there is settled without an action")
    func already() {
        for (kind, lane) in [
            (Change.Kind.create, Stage.serving(new)), (.replace, Stage.serving(new)),
            (.scale, Stage.serving(old, replicas: 4)), (.remove, Stage.empty),
        ] {
            var stage = Stage(kind, in: lane)
            #expect(stage.run() == .settled)
            #expect(stage.actions.isEmpty)
        }
    }

    @Test("no replicas means no traffic")
    func none() {
        let change = Stage.change(.replace, replicas: Build.replicas(0))
        var stage = Stage(.change(change), in: Stage.serving(old))
        #expect(stage.run() == .settled)
        #expect(stage.actions == [.start(new, replicas: 0), .route([:]), .stop(old.id)])
    }

    @Test("inside bounds the new slot starts with as many instances as serve now")
    func bounds() {
        let change = Stage.change(.replace, replicas: Build.replicas(2, 8))
        for (running, expected) in [(1, 2), (5, 5), (20, 8)] {
            var stage = Stage(.change(change), in: Stage.serving(old, replicas: running))
            #expect(stage.run() == .settled)
            #expect(stage.actions.first == .start(new, replicas: expected))
        }
        var first = Stage(.change(change))
        #expect(first.run() == .settled)
        #expect(first.actions.first == .start(new, replicas: 2))
    }

    @Test("slots of a rollout that was superseded are stopped with the old one")
    func superseded() {
        var stage = Stage(.replace, in: Stage.serving(old).after(.start(other, replicas: 2)))
        #expect(stage.run() == .settled)
        #expect(stage.lane == Stage.serving(new))
    }

    // MARK: Repairs

    private func repair(_ lane: LaneObservation) -> [Action] {
        var stage = Stage(Stage.repair(), in: lane)
        #expect(stage.run() == .settled)
        #expect(stage.lane == Stage.serving(old))
        return stage.actions
    }

    @Test("a slot that is gone is started again")
    func missing() {
        #expect(repair(Stage.empty) == [.start(old, replicas: 2), .route([old.id: 1000])])
    }

    @Test("another number of replicas is set back")
    func replicas() {
        #expect(repair(Stage.serving(old, replicas: 5)) == [.scale(old.id, replicas: 2)])
    }

    @Test("a slot that does not belong here is stopped, after its traffic was taken")
    func foreign() {
        let lane = Stage.serving(old).after(.start(other, replicas: 1))
        #expect(repair(lane) == [.stop(other.id)])
        let split = lane.after(.route([old.id: 500, other.id: 500]))
        #expect(repair(split) == [.route([old.id: 1000]), .stop(other.id)])
    }

    @Test("traffic that someone moved is moved back")
    func weights() {
        #expect(repair(Stage.serving(old).after(.route([:]))) == [.route([old.id: 1000])])
    }

    @Test("an edited slot is never edited back but stopped and started anew")
    func edited() {
        let lane = Stage.serving(old).with(old.id) { $0.edited(into: other) }
        #expect(
            repair(lane) == [
                .route([:]), .stop(old.id), .start(old, replicas: 2), .route([old.id: 1000]),
            ])
        // What never had traffic gets none here: a change left it behind before it had shown itself.
        let withIdle = lane.after(.start(new, replicas: 2))
        #expect(
            repair(withIdle) == [
                .route([:]), .stop(old.id), .start(old, replicas: 2), .route([old.id: 1000]),
                .stop(new.id),
            ])
        #expect(
            repair(withIdle.after(.route([old.id: 900, new.id: 100]))) == [
                .route([new.id: 1000]), .stop(old.id), .start(old, replicas: 2),
                .route([old.id: 1000]), .stop(new.id),
            ])
    }

    @Test(
        "what goes back gives its traffic to the slot that served, however that was edited meanwhile",
        arguments: [
            Strategy.allAtOnce(deadline: .seconds(60)), .canary(CanaryPlan()),
            .blueGreen(BlueGreenPlan()),
        ])
    func backToEdited(strategy: Strategy) {
        var stage = Stage(.replace, strategy: strategy)
        stage.lane = stage.lane.after(.start(new, replicas: 12))
            .after(.route([new.id: 500, old.id: 500]))
            .with(old.id) { $0.edited(into: other) }
        stage.operation.rollout.direction = .back(reason: "it fails")
        #expect(stage.run() == .rolledBack(reason: "it fails"))
        #expect(stage.actions == [.route([old.id: 1000]), .stop(new.id)])
    }

    @Test("what goes back starts a slot anew that was edited to death")
    func backToDead() {
        for share in [0, 500] {
            var stage = Stage(.replace, strategy: .canary(CanaryPlan()))
            stage.lane = stage.lane.after(.start(new, replicas: 12))
                .after(.route(share > 0 ? [new.id: 500, old.id: 500] : [old.id: 1000]))
                .with(old.id) { $0.edited(into: other).with(replicas: 12, phase: .unhealthy) }
            stage.operation.rollout.direction = .back(reason: "it fails")
            #expect(stage.run() == .rolledBack(reason: "it fails"))
            let standIn: [SlotID: Int] = share > 0 ? [new.id: 1000] : [:]
            #expect(
                stage.actions == [
                    .route(standIn), .stop(old.id), .start(old, replicas: 12),
                    .route([old.id: 1000]), .stop(new.id),
                ], "\(stage.actions)")
        }
    }

    @Test("a lane that shall run nothing is emptied")
    func nothing() {
        let work = OperationRecord.Work.repair(Repair(lane: Stage.lane, to: nil, found: []))
        var stage = Stage(work, in: Stage.serving(other))
        #expect(stage.run() == .settled)
        #expect(stage.actions == [.route([:]), .stop(other.id)])
    }
}
