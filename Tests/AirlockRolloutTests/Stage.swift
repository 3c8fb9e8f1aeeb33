import AirlockModel
import AirlockRollout
import AirlockTestSupport

/// One operation in one lane on a clock that the test moves.
struct Stage {
    static let lane = Build.lane("production/checkout")
    static let old = Build.slot("checkout", 1)
    static let new = Build.slot("checkout", 2)
    static let other = Build.slot("checkout", 3)

    var operation: OperationRecord
    var lane: LaneObservation
    var actions: [Action] = []
    /// What the source of signals says.
    var signals: (SignalQuestion, LaneObservation) -> SignalAnswer = { _, _ in
        .down("nobody measures")
    }
    /// What the new slot answers.
    var probes: (PreviewQuestion) -> PreviewAnswer = { _ in .unaddressed("nobody asks") }
    /// What git and people ask of it.
    var course = Course()
    private(set) var milliseconds = 0
    /// How far the wall clock is behind, in milliseconds.
    private var behind = 0

    init(_ work: OperationRecord.Work, in lane: LaneObservation = empty) {
        operation = OperationRecord(
            number: 1, lane: Self.lane, work: work, commit: nil, author: nil,
            opened: Timestamp(milliseconds: 0))
        self.lane = lane
    }

    init(_ kind: Change.Kind, in lane: LaneObservation = empty, deadline: Int = 600) {
        self.init(.change(Self.change(kind, deadline: deadline)), in: lane)
    }

    /// A change under a strategy, beside a slot of twelve that serves.
    init(_ kind: Change.Kind, strategy: Strategy) {
        let change = Self.change(kind, replicas: Build.replicas(12), strategy: strategy)
        self.init(.change(change), in: Self.serving(Self.old, replicas: 12))
    }

    init(canary plan: CanaryPlan, _ kind: Change.Kind = .replace) {
        self.init(kind, strategy: .canary(plan))
    }

    static let empty = LaneObservation(lane: lane)

    /// The lane with one slot of two healthy instances and all traffic.
    static func serving(_ slot: SlotSpec, replicas: Int = 2) -> LaneObservation {
        empty.after(.start(slot, replicas: replicas)).after(.route([slot.id: 1000]))
    }

    static func settled(_ slot: SlotSpec, _ replicas: Replicas = Build.replicas(2)) -> Settled {
        Settled(
            slot: slot, version: nil, replicas: replicas, change: nil, operation: nil, commit: nil,
            at: Timestamp(milliseconds: 0))
    }

    static func change(
        _ kind: Change.Kind, replicas: Replicas = Build.replicas(2), deadline: Int = 600,
        strategy: Strategy? = nil
    ) -> Change {
        let target: Change.Target =
            switch kind {
            case .create, .replace: .slot(new, version: nil, replicas: replicas)
            case .scale: .slot(old, version: nil, replicas: Build.replicas(4))
            case .remove: .removal
            }
        return Change(
            lane: lane, kind: kind, base: kind == .create ? nil : settled(old, replicas),
            target: target, strategy: strategy ?? .allAtOnce(deadline: .seconds(deadline)),
            policy: PolicyDigest(digest: Digest(of: "policy".utf8)), commit: nil)
    }

    static func repair(_ found: [Drift] = []) -> OperationRecord.Work {
        .repair(Repair(lane: lane, to: settled(old), found: found))
    }

    var now: Moment {
        Moment(
            wall: Timestamp(milliseconds: milliseconds - behind),
            monotonicMilliseconds: milliseconds,
            boot: BootID("boot"))
    }

    /// Looks once, and carries an action out without fault.
    ///
    /// - Parameter isRefused: The provider does not carry it out.
    mutating func look(
        isRefused: Bool = false, phase: (SlotSpec) -> InstanceObservation.Phase = { _ in .healthy }
    ) -> RolloutStep.Next {
        let answer = Rollout.question(of: operation, now: now).map {
            signals($0, lane)
        }
        let preview = Rollout.previewQuestion(of: operation, in: lane, now: now).map(probes)
        let step = Rollout.advance(
            operation, in: lane, answer: answer, preview: preview, course: course, now: now)
        operation.rollout = step.state
        if case .act(let action) = step.next {
            actions.append(action)
            if isRefused { return step.next }
            lane = lane.after(action, phase: phase)
            operation.rollout = Rollout.afterAction(operation.rollout)
        }
        return step.next
    }

    /// Looks every second until the operation ends; nil when it does not end in `seconds`.
    mutating func run(
        seconds: Int = 30, phase: (SlotSpec) -> InstanceObservation.Phase = { _ in .healthy }
    ) -> OperationRecord.Outcome? {
        for _ in 0..<seconds {
            for _ in 0..<20 {
                switch look(phase: phase) {
                case .end(let outcome): return outcome
                case .act: continue
                case .wait: break
                }
                break
            }
            pass(1)
        }
        return nil
    }

    mutating func pass(_ seconds: Int) { milliseconds += seconds * 1000 }

    /// Sets the wall clock back by so many seconds.
    mutating func setWall(back seconds: Int) { behind += seconds * 1000 }

    /// The process is killed and started again: what was not durable is gone.
    mutating func restart() { operation.rollout = Rollout.parked(operation.rollout) }

    mutating func setHealth(_ slot: SlotSpec, _ count: Int) {
        lane = lane.with(slot.id) { $0.with(healthy: count) }
    }
}
