import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("whatever happens, a rollout ends well")
struct RolloutPropertyTests {
    private static let slots = [Stage.old, Stage.new, Stage.other]

    private func works() -> [OperationRecord.Work] {
        var works = [Change.Kind.create, .replace, .scale, .remove].map {
            OperationRecord.Work.change(Stage.change($0))
        }
        works.append(.change(Stage.change(.replace, replicas: Build.replicas(0, 4))))
        works.append(.change(Stage.change(.replace, replicas: Build.replicas(3, 5))))
        works.append(Stage.repair())
        works.append(.repair(Repair(lane: Stage.lane, to: nil, found: [])))
        return works
    }

    private func randomLane(_ random: inout SplitMix) -> LaneObservation {
        var lane = Stage.empty
        for slot in Self.slots where Bool.random(using: &random) {
            let replicas = Int.random(in: 0...5, using: &random)
            lane = lane.after(.start(slot, replicas: replicas))
            lane = lane.with(slot.id) {
                $0.with(healthy: Int.random(in: 0...max(1, replicas), using: &random))
            }
            if Int.random(in: 0..<6, using: &random) == 0 {
                lane = lane.with(slot.id) { $0.edited(into: Build.slot("checkout", 9)) }
            }
        }
        switch (Int.random(in: 0..<3, using: &random), lane.slots.first, lane.slots.last) {
        case (1, let first?, _): return lane.after(.route([first.id: 1000]))
        case (2, let first?, let last?) where first.id != last.id:
            return lane.after(.route([first.id: 400, last.id: 600]))
        default: return lane
        }
    }

    @Test("from any observation the same end is reached, once instances are healthy")
    func fromAnywhere() {
        var random = SplitMix(seed: 1)
        for number in 0..<600 {
            let work = works()[number % works().count]
            var stage = Stage(work, in: randomLane(&random))
            let before = stage.lane
            for _ in 0..<60 {
                if case .end(let outcome) = stage.look() {
                    #expect(outcome == .settled)
                    break
                }
                // Everything that is there becomes healthy in the end.
                for slot in stage.lane.slots {
                    stage.lane = stage.lane.with(slot.id) { $0.with(healthy: $0.replicas) }
                }
                stage.pass(1)
            }
            #expect(isReached(work, in: stage.lane), "from \(before)")
        }
    }

    /// Whether the lane is what the work asks for, by a rule that shares nothing with the code.
    private func isReached(_ work: OperationRecord.Work, in lane: LaneObservation) -> Bool {
        let wanted: (SlotSpec, Replicas)?
        switch work {
        case .change(let change):
            switch change.target {
            case .slot(let slot, _, let replicas): wanted = (slot, replicas)
            case .removal: wanted = nil
            }
        case .repair(let repair): wanted = repair.to.map { ($0.slot, $0.replicas) }
        case .heal(let heal): return heal.action.isDone(in: lane)
        case .verify: return !lane.jobs.isEmpty
        }
        guard let (slot, replicas) = wanted else { return lane == Stage.empty }
        guard lane.slots.count == 1, let there = lane.slots.first else { return false }
        return there.id == slot.id && there.spec == slot && replicas.contains(there.replicas)
            && lane.weights == [slot.id: 1000]
    }

    @Test("a kill before or after any action changes nothing about the end")
    func killed() {
        let lanes: [(Change.Kind, LaneObservation)] = [
            (.create, Stage.empty), (.replace, Stage.serving(Stage.old)),
            (.scale, Stage.serving(Stage.old)), (.remove, Stage.serving(Stage.old)),
        ]
        for (kind, lane) in lanes {
            for isHealthy in [true, false] {
                let phase: (SlotSpec) -> InstanceObservation.Phase = {
                    isHealthy || $0 == Stage.old ? .healthy : .failed
                }
                var straight = Stage(kind, in: lane, deadline: 5)
                let outcome = straight.run(phase: phase)
                for killAt in 0..<12 {
                    var stage = Stage(kind, in: lane, deadline: 5)
                    var durable = stage.operation
                    var end: OperationRecord.Outcome?
                    for look in 0..<60 where end == nil {
                        if case .end(let outcome) = stage.look(phase: phase) { end = outcome }
                        if look == killAt {
                            // The world has done it, the journal does not know.
                            stage.operation = durable
                            stage.restart()
                            end = nil
                        }
                        durable = stage.operation
                        stage.pass(1)
                    }
                    #expect(end == outcome, "\(kind), killed at look \(killAt)")
                    #expect(stage.lane == straight.lane, "\(kind), killed at look \(killAt)")
                }
            }
        }
    }

    @Test("no action of a replacement takes the lane from a slot that serves to none")
    func neverZero() {
        for seed in 0..<500 {
            var random = SplitMix(seed: UInt64(seed))
            let low = Int.random(in: 0...2, using: &random)
            let replicas = Build.replicas(low, low + Int.random(in: 1...3, using: &random))
            var stage = Stage(
                .change(Stage.change(.replace, replicas: replicas, deadline: 20)),
                in: Stage.serving(Stage.old))
            var ended = false
            for _ in 0..<400 where !ended {
                shake(&stage, &random, isOldWell: seed.isMultiple(of: 2))
                let before = stage.lane
                let isForward = stage.operation.rollout.direction == .forward
                let next = stage.look(phase: { _ in .starting })
                if case .end = next { ended = true }
                guard case .act(let action) = next, !before.serving.isEmpty else {
                    stage.pass(1)
                    continue
                }
                #expect(!before.after(action).serving.isEmpty, "seed \(seed): \(action)")
                #expect(!isForward || !isHasty(action, in: before), "seed \(seed): \(action)")
            }
            #expect(ended, "seed \(seed) goes on for ever")
        }
    }

    /// Health comes and goes; someone scales the new slot inside its bounds.
    private func shake(_ stage: inout Stage, _ random: inout SplitMix, isOldWell: Bool) {
        for slot in stage.lane.slots {
            let isWell = isOldWell && slot.id == Stage.old.id
            let healthy = isWell ? slot.replicas : Int.random(in: 0...slot.replicas, using: &random)
            stage.setHealth(slot.id == Stage.old.id ? Stage.old : Stage.new, healthy)
        }
        if Int.random(in: 0..<20, using: &random) == 0 {
            stage.lane = stage.lane.with(Stage.new.id) { $0.with(replicas: 0, phase: .starting) }
        }
    }

    /// Whether the action stops the last slot with a healthy instance.
    private func isHasty(_ action: Action, in lane: LaneObservation) -> Bool {
        guard case .stop(let id) = action else { return false }
        return !lane.slots.contains { $0.id != id && $0.healthyCount > 0 }
    }
}
