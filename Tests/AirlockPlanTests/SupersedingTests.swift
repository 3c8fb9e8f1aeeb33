import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("git moves on while a lane is under way")
struct SupersedingTests {
    private let lane = "production/checkout"
    private let id = Build.lane("production/checkout")

    /// Settled on 1, with the rollout of 2 started and not yet routed.
    private func underWay() -> FleetWorld {
        var world = FleetWorld.settled([Build.desired(lane, 1)])
        world.merge(Build.desired(lane, 2))
        world.step(lane)
        #expect(world.ledger.operation(of: id)?.change?.kind == .replace)
        return world
    }

    @Test("the newest wish wins, and the old slot serves until it does")
    func newest() {
        var world = underWay()
        world.merge(Build.desired(lane, 3))
        world.converge()
        #expect(world.version(of: lane) == 3)
        #expect(world.outcomes[id] == [.settled, .superseded, .settled])
        #expect(world.plan.isEmpty)
    }

    @Test("an operation goes on while git asks for the same, whatever the commit")
    func unrelatedMerge() {
        var world = underWay()
        let number = world.ledger.lanes[id]?.operation
        let before = world.plan(of: lane).change?.id
        var same = Build.desired(lane, 2)
        same.cause = Build.commit(99)
        world.merge(same, Build.desired("production/cart", 1))
        #expect(world.plan(of: lane).change?.id == before)
        guard case .change(_, number) = world.plan(of: lane).disposition else {
            Issue.record("another operation: \(world.plan(of: lane).disposition)")
            return
        }
    }

    @Test("settings that are no part of the release end neither a rollout nor a person's hold")
    func settings() throws {
        var world = underWay()
        let number = try #require(world.ledger.lanes[id]?.operation)
        let before = world.plan(of: lane).change?.id
        var said = Steering(operation: number, lane: id)
        said.held = Steering.Word(
            actor: Actor(id: "uid:1000", kind: .local), reason: "a look", at: world.now.wall)
        world.ledger.apply(.steering(said))
        var next = world.fleet
        next.limits.changing.count = 7
        next.environments[id.environment]?.healing = HealingPolicy()
        world.merge(next)
        #expect(world.plan(of: lane).change?.id == before)
        #expect(world.plan(of: lane).verdict(.rollout)?.answer == .wait)
        #expect(world.plan(of: lane).held != nil)
        world.ledger.apply(.steering(Steering(operation: number, lane: id)))
        world.converge()
        #expect(world.outcomes[id] == [.settled, .settled])
        #expect(world.version(of: lane) == 2)
        #expect(world.plan.isEmpty)
    }

    @Test("an operation with steps takes another number of instances, one without begins anew")
    func resized() throws {
        for steps in [true, false] {
            func desired(_ version: Int, replicas: Int) -> DesiredLane {
                var desired = Build.desired(lane, version, replicas: replicas)
                if steps { desired.release.strategy = .canary(CanaryPlan()) }
                return desired
            }
            var world = FleetWorld.settled([desired(1, replicas: 2)])
            world.merge(desired(2, replicas: 2))
            world.step(lane)
            let number = try #require(world.ledger.lanes[id]?.operation)
            let before = world.plan(of: lane).change?.id
            world.merge(desired(2, replicas: 6))
            guard case .change(let change, let operation) = world.plan(of: lane).disposition else {
                Issue.record("\(world.plan(of: lane).disposition)")
                return
            }
            #expect(operation == (steps ? number : nil))
            #expect(change.id != before)
            world.merge(desired(2, replicas: 0))
            guard case .change(_, nil) = world.plan(of: lane).disposition else {
                Issue.record("\(world.plan(of: lane).disposition)")
                return
            }
        }
    }

    @Test("git going back to the settled slot takes the rollout back, also while it is frozen")
    func backInGit() {
        var world = underWay()
        world.merge(Build.desired(lane, 1))
        world.freeze("production")
        guard case .repair(let repair, nil) = world.plan(of: lane).disposition else {
            Issue.record("\(world.plan(of: lane).disposition)")
            return
        }
        #expect(repair.found.isEmpty && repair.to?.slot == Build.slot("checkout", 1))
        world.converge()
        #expect(world.version(of: lane) == 1)
        #expect(world.plan.isEmpty)
        #expect(world.ledger.quarantines.isEmpty)
    }

    @Test("a rolled-back slot is not tried again until it is released")
    func quarantined() {
        var world = FleetWorld.settled([Build.desired(lane, 1, deadline: .seconds(10))])
        let bad = Build.slot("checkout", 2)
        world.broken = [bad.id]
        world.merge(Build.desired(lane, 2, deadline: .seconds(10)))
        world.converge()
        #expect(world.version(of: lane) == 1)
        #expect(world.ledger.quarantines[id]?.map(\.slot) == [bad.id])
        let held = world.plan(of: lane)
        #expect(held.verdict(.quarantine)?.answer == .refuse)
        let advice = held.verdict(.quarantine)?.move.advice ?? ""
        #expect(advice.contains("`airlock rollback production/checkout`"), "\(advice)")
        #expect(advice.contains("`airlock rollout retry production/checkout`"), "\(advice)")
        if case .hold(let reason) = held.disposition {
            #expect(reason.isQuarantine)
        } else {
            Issue.record("\(held.disposition)")
        }
        let count = world.actions.count
        world.converge()
        #expect(world.actions.count == count)
        world.broken = []
        world.ledger.apply(.release(id, bad.id))
        world.converge()
        #expect(world.version(of: lane) == 2)
    }

    @Test("another slot with the same artifact is tried")
    func sameArtifact() {
        var world = FleetWorld.settled([Build.desired(lane, 1, deadline: .seconds(10))])
        world.broken = [Build.slot("checkout", 2).id]
        world.merge(Build.desired(lane, 2, deadline: .seconds(10)))
        world.converge()
        world.merge(Build.desired(lane, 2, config: ["MODE": "safe"], deadline: .seconds(10)))
        #expect(world.plan(of: lane).isMoving)
        world.converge()
        #expect(world.version(of: lane) == 2)
    }

    @Test("a wish for a quarantined slot ends the rollout of another one")
    func quarantinedWish() {
        var world = underWay()
        let bad = Build.slot("checkout", 3)
        world.ledger.apply(
            .quarantine(
                Quarantine(
                    lane: id, slot: bad.id, artifact: bad.artifact, reason: "slow", operation: 1,
                    since: world.now.wall)))
        world.merge(Build.desired(lane, 3))
        #expect(world.plan(of: lane).isMoving)
        world.converge()
        #expect(world.version(of: lane) == 1)
        #expect(world.plan(of: lane).verdict(.quarantine)?.answer == .refuse)
    }

    @Test(
        "going back is finished, also when git asks for the same, for nothing new or cannot be read"
    )
    func goingBack() {
        var world = underWay()
        guard var operation = world.ledger.operation(of: id) else {
            Issue.record("nothing is under way")
            return
        }
        operation.rollout.direction = .back(reason: "x")
        world.ledger.apply(.operation(operation))
        let back = Disposition.back(operation: operation.number)
        #expect(world.plan(of: lane).disposition == back)
        world.freeze("production")
        #expect(world.plan(of: lane).disposition == back)
        world.merge(Build.desired(lane, 1))
        #expect(world.plan(of: lane).disposition == back)
        var next = world.fleet
        next.lanes[id] = nil
        world.merge(next)
        #expect(world.plan(of: lane).disposition == back)
        next.parked.lanes[id] = [Diagnostic(path: "x", problem: "odd")]
        world.merge(next)
        #expect(world.plan(of: lane).disposition == back)
        world.converge()
        #expect(world.version(of: lane) == 1)
    }

    @Test("a slot that git or a person gave up goes back, also when git brings it in another way")
    func givenUp() throws {
        for isGit in [true, false] {
            var world = underWay()
            let number = try #require(world.ledger.lanes[id]?.operation)
            var same = Build.desired(lane, 2, deadline: .seconds(77))
            if isGit {
                same.release.rollout = .abort
            } else {
                var said = Steering(operation: number, lane: id)
                said.aborted = Steering.Word(
                    actor: Actor(id: "uid:1000", kind: .local), reason: "odd", at: world.now.wall)
                world.ledger.apply(.steering(said))
            }
            world.merge(same)
            #expect(world.plan(of: lane).disposition == .back(operation: number))
            // Another slot takes its place all the same.
            world.merge(Build.desired(lane, 3))
            guard case .change(_, nil) = world.plan(of: lane).disposition else {
                Issue.record("\(world.plan(of: lane).disposition)")
                continue
            }
        }
    }

    @Test("a newer wish takes the place of a failed one that is still going back")
    func goingBackSuperseded() {
        var world = underWay()
        guard var operation = world.ledger.operation(of: id) else { return }
        operation.rollout.direction = .back(reason: "x")
        world.ledger.apply(.operation(operation))
        world.merge(Build.desired(lane, 3))
        world.converge()
        #expect(world.version(of: lane) == 3)
    }

    @Test("where git cannot be understood an operation goes on", arguments: ["parked", "secret"])
    func notUnderstood(cause: String) {
        var world = underWay()
        var next = world.fleet
        if cause == "parked" {
            next.lanes[id] = nil
            next.parked.lanes[id] = [Diagnostic(path: "x", problem: "odd")]
        } else {
            next.lanes[id]?.release.config["PASSWORD"] = .secret(Build.secret("db"))
        }
        let number = world.ledger.lanes[id]?.operation
        world.merge(next)
        guard case .change(_, number) = world.plan(of: lane).disposition else {
            Issue.record("\(world.plan(of: lane).disposition)")
            return
        }
        world.converge()
        #expect(world.version(of: lane) == 2)
        #expect(world.plan(of: lane).held != nil)
    }

    @Test("a repository that lost its files ends no operation")
    func outage() {
        var world = underWay()
        var next = world.fleet
        next.lanes = [:]
        next.serviceFileCount = 0
        let number = world.ledger.lanes[id]?.operation
        world.merge(next)
        guard case .outage? = world.plan(of: lane).held else {
            Issue.record("\(world.plan(of: lane).disposition)")
            return
        }
        #expect(world.ledger.lanes[id]?.operation == number)
    }

    @Test("the removal of a lane that never settled clears what was started")
    func createWithdrawn() {
        var world = FleetWorld([Build.desired(lane, 1), Build.desired("production/cart")])
        world.step(lane)
        #expect(world.lanes[id]?.slots.count == 1)
        world.remove(lane)
        world.converge()
        #expect(world.lanes[id]?.slots.isEmpty == true)
        #expect(world.plan.isEmpty)
    }
}
