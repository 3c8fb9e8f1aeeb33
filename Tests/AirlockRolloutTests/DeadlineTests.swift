import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a new slot that makes no progress is taken back")
struct DeadlineTests {
    private let old = Stage.old
    private let new = Stage.new

    /// A replacement that has started its slot, with a deadline of ten seconds.
    private func started(deadline: Int = 10) -> Stage {
        var stage = Stage(.replace, in: Stage.serving(old), deadline: deadline)
        _ = stage.look(phase: { _ in .starting })
        return stage
    }

    private func isBack(_ stage: Stage) -> Bool {
        if case .back = stage.operation.rollout.direction { true } else { false }
    }

    @Test("after the deadline the new slot is stopped and the old one goes on serving")
    func replace() {
        var stage = started()
        let reason = "no progress for 10 s: 0 of 2 instances are healthy"
        #expect(stage.run(phase: { _ in .starting }) == .rolledBack(reason: reason))
        #expect(stage.actions == [.start(new, replicas: 2), .stop(new.id)])
        #expect(stage.lane == Stage.serving(old))
        #expect(stage.now.wall.milliseconds == 10_000)
    }

    @Test("a first deployment that fails leaves nothing behind")
    func create() {
        var stage = Stage(.create, deadline: 10)
        let outcome = stage.run(phase: { _ in .failed })
        #expect(
            outcome == .rolledBack(reason: "no progress for 10 s: 0 of 2 instances are healthy"))
        #expect(stage.lane == Stage.empty)
    }

    @Test("only time that was looked at counts")
    func parked() {
        var stage = started()
        for _ in 0..<50 {
            _ = stage.look()
            stage.restart()
            stage.pass(3_600)
        }
        #expect(stage.operation.rollout.stalled == .zero)
        #expect(!isBack(stage))
        #expect(stage.run() != nil)
    }

    @Test("the time of another boot is not counted")
    func reboot() {
        var stage = started()
        _ = stage.look()
        let later = Moment(
            wall: stage.now.wall, monotonicMilliseconds: 9_000_000, boot: BootID("another"))
        let step = Rollout.advance(stage.operation, in: stage.lane, now: later)
        #expect(step.state.stalled == .zero)
    }

    @Test("readiness that comes and goes is no progress")
    func flapping() {
        var stage = started()
        var looks = 0
        while !isBack(stage), looks < 100 {
            stage.setHealth(new, looks.isMultiple(of: 2) ? 1 : 0)
            _ = stage.look()
            stage.pass(1)
            looks += 1
        }
        #expect(looks == 11)
    }

    @Test("more healthy instances than ever is progress")
    func progress() {
        let change = Stage.change(.replace, replicas: Build.replicas(5), deadline: 10)
        var stage = Stage(.change(change), in: Stage.serving(old))
        _ = stage.look(phase: { _ in .starting })
        for healthy in 1...4 {
            stage.setHealth(new, healthy)
            for _ in 0..<10 {
                _ = stage.look()
                stage.pass(1)
            }
            #expect(!isBack(stage))
        }
        for _ in 0..<2 {
            _ = stage.look()
            stage.pass(1)
        }
        #expect(isBack(stage))
    }

    @Test(
        "an action that is refused again and again comes to the deadline, where there is a way back"
    )
    func refused() {
        for (kind, hasWayBack) in [
            (Change.Kind.create, true), (.replace, true), (.scale, false), (.remove, false),
        ] {
            let start = kind == .create ? Stage.empty : Stage.serving(old)
            var stage = Stage(kind, in: start, deadline: 10)
            for _ in 0...10 {
                #expect(!isBack(stage))
                _ = stage.look(isRefused: true)
                stage.pass(1)
            }
            #expect(isBack(stage) == hasWayBack, "\(kind)")
        }
    }

    @Test("a slot that someone keeps deleting comes to its deadline too")
    func deleted() {
        var stage = started()
        for _ in 0..<40 where !isBack(stage) {
            stage.lane = stage.lane.after(.stop(new.id))
            _ = stage.look(phase: { _ in .starting })
            _ = stage.look()
            stage.pass(1)
            _ = stage.look()
        }
        #expect(isBack(stage))
        #expect(stage.lane.serving.map(\.id) == [old.id])
    }

    @Test("a slot that fails after it took the traffic gives it back, and is taken back in the end")
    func rescue() {
        var stage = Stage(.replace, in: Stage.serving(old), deadline: 10)
        _ = stage.look()
        #expect(stage.look() == .act(.route([new.id: 1000])))
        stage.setHealth(new, 0)
        #expect(stage.look() == .act(.route([old.id: 1000])))
        #expect(stage.lane.serving.map(\.id) == [old.id])
        guard case .rolledBack? = stage.run() else {
            Issue.record("not rolled back")
            return
        }
        #expect(stage.lane == Stage.serving(old))
    }

    @Test("going back starts the old slot again when it is gone")
    func baseGone() {
        var stage = started()
        stage.lane = stage.lane.after(.stop(old.id))
        guard case .rolledBack? = stage.run() else {
            Issue.record("not rolled back")
            return
        }
        #expect(stage.lane == Stage.serving(old))
    }

    @Test("going back takes the traffic as soon as one instance can serve, and then ends")
    func impatient() {
        var stage = started()
        stage.lane = stage.lane.after(.route([new.id: 1000]))
        stage.operation.rollout.direction = .back(reason: "x")
        stage.setHealth(old, 0)
        #expect(stage.look() == .wait("0 of 1 instances are healthy", lookAgain: .seconds(1)))
        stage.setHealth(old, 1)
        #expect(stage.look() == .act(.route([old.id: 1000])))
        stage.setHealth(old, 0)
        #expect(stage.look() == .act(.stop(new.id)))
        #expect(stage.look() == .end(.rolledBack(reason: "x")))
    }

    @Test("a repair ends when the traffic is where it belongs, whatever the health")
    func unhealthyRepair() {
        let lane = Stage.serving(old, replicas: 5).after(.start(Stage.other, replicas: 1))
        var stage = Stage(Stage.repair(), in: lane)
        #expect(stage.run(phase: { _ in .failed }) == .settled)
        #expect(stage.actions == [.scale(old.id, replicas: 2), .stop(Stage.other.id)])
        var missing = Stage(Stage.repair(), in: Stage.empty)
        #expect(missing.run(phase: { _ in .failed }) == nil)
        #expect(missing.actions == [.start(old, replicas: 2)])
    }
}
