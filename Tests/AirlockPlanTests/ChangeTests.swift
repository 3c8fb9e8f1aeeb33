import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("what counts as a change and what as drift")
struct ChangeTests {
    private let lane = "production/checkout"
    private let id = Build.lane("production/checkout")

    private func withSecret() -> FleetWorld {
        var desired = Build.desired(lane)
        desired.cause = Build.commit(1)
        desired.release.config["PASSWORD"] = .secret(Build.secret("db"))
        desired.release.config["TOKEN"] = .secret(Build.secret("api"))
        var world = FleetWorld([desired])
        world.secrets = [Build.secret("db"): "1", Build.secret("api"): "1"]
        world.converge()
        world.merge(world.fleet)
        return world
    }

    @Test("the rotation of a secret is a change with a cause, of the last accepted commit")
    func rotation() {
        var world = withSecret()
        #expect(world.plan.isEmpty)
        world.secrets[Build.secret("db")] = "2"
        let change = world.plan.changes.first
        #expect(change?.kind == .replace)
        #expect(change?.cause == "secret:db@2")
        #expect(change?.commit == world.ledger.head?.commit.id)
        #expect(change?.commit != Build.commit(1))
        world.secrets[Build.secret("api")] = "7"
        #expect(world.plan.changes.first?.cause == "secret:api@7 secret:db@2")
        world.converge()
        #expect(world.plan.isEmpty)
    }

    @Test("a rotation together with something else is a change of its commit")
    func rotationAndMore() {
        var world = withSecret()
        world.secrets[Build.secret("db")] = "2"
        var next = world.fleet
        next.lanes[id]?.release.config["MODE"] = .plain("safe")
        next.lanes[id]?.cause = Build.commit(42)
        world.merge(next)
        #expect(world.plan.changes.first?.cause == nil)
        #expect(world.plan.changes.first?.commit == Build.commit(42))
    }

    @Test("a change id is the same after an unrelated merge, another count and another look")
    func stableID() {
        var world = FleetWorld.settled([Build.desired(lane), Build.desired("production/cart")])
        world.merge(Build.desired(lane, 2))
        let first = world.plan(of: lane).change?.id
        #expect(first != nil)
        world.merge(Build.desired("production/cart", 2))
        world.pass(5_000)
        world.tamper(lane) { lane, slot in lane.after(.scale(slot, replicas: 9)) }
        #expect(world.plan(of: lane).change?.id == first)
        world.step(lane)
        #expect(world.plan(of: lane).change?.id == first)
        world.merge(Build.desired(lane, 3))
        #expect(world.plan(of: lane).change?.id != first)
    }

    @Test("what people call an artifact, and who owns it, changes nothing")
    func names() {
        var world = FleetWorld.settled([Build.desired(lane)])
        var same = Build.desired(lane)
        same.owner = "another"
        same.release.version = "1.0.0-final"
        same.release.strategy = .allAtOnce(deadline: .seconds(1))
        same.cause = Build.commit(77)
        world.merge(same)
        #expect(world.plan.isEmpty)
    }

    @Test("another number of replicas is a change of the same slot")
    func scale() {
        var world = FleetWorld.settled([Build.desired(lane, replicas: 2)])
        world.merge(Build.desired(lane, replicas: 3))
        #expect(world.plan.changes.map(\.kind) == [.scale])
        world.converge()
        #expect(world.actions.last?.action == .scale(Build.slot("checkout").id, replicas: 3))
        #expect(world.plan.isEmpty)
    }

    @Test("inside its bounds an observed count is neither change nor drift")
    func bounds() {
        var desired = Build.desired(lane)
        desired.release.replicas = Build.replicas(2, 5)
        var world = FleetWorld.settled([desired])
        for count in 2...5 {
            world.tamper(lane) { lane, slot in lane.after(.scale(slot, replicas: count)) }
            #expect(world.plan.isEmpty)
        }
        world.tamper(lane) { lane, slot in lane.after(.scale(slot, replicas: 6)) }
        #expect(
            world.plan(of: lane).drift == [
                .replicas(Build.slot("checkout").id, found: 6, declared: Build.replicas(2, 5))
            ])
        world.converge()
        #expect(world.lanes[id]?.slots.first?.replicas == 5)
    }

    @Test("every kind of drift is found, named and repaired by the next pass")
    func drift() {
        let slot = Build.slot("checkout")
        let other = Build.slot("checkout", 7)
        let (own, foreign) = (slot.id, other.id)
        let cases: [((LaneObservation, SlotID) -> LaneObservation, [Drift], String)] = [
            (
                { lane, id in lane.after(.stop(id)) }, [.slotMissing(own)],
                "slot \(own.short) is gone"
            ),
            (
                { lane, id in lane.with(id) { $0.edited(into: other) } },
                [.slotEdited(own, found: foreign)],
                "slot \(own.short) was edited into \(foreign.short)"
            ),
            (
                { lane, _ in lane.after(.start(other, replicas: 1)) }, [.slotForeign(foreign)],
                "slot \(foreign.short) does not belong here"
            ),
            (
                { lane, id in lane.after(.scale(id, replicas: 9)) },
                [.replicas(own, found: 9, declared: Build.replicas(2))],
                "slot \(own.short) has 9 replicas instead of 2"
            ),
            (
                { lane, _ in lane.after(.route([:])) }, [.weights(found: [:], settled: own)],
                "traffic goes to nothing instead of \(own.short)"
            ),
            (
                { lane, id in
                    lane.after(.start(other, replicas: 1))
                        .after(.route([id: 400, other.id: 600]))
                },
                [.slotForeign(foreign), .weights(found: [own: 400, foreign: 600], settled: own)],
                "slot \(foreign.short) does not belong here"
            ),
        ]
        for (tamper, found, phrase) in cases {
            var world = FleetWorld.settled([Build.desired(lane)])
            world.tamper(lane, tamper)
            let plan = world.plan(of: lane)
            #expect(plan.drift == found)
            #expect(plan.drift.first?.phrase == phrase)
            guard case .repair(let repair, nil) = plan.disposition else {
                Issue.record("\(plan.disposition)")
                continue
            }
            #expect(repair.found == found && repair.to?.slot == slot)
            #expect(plan.verdicts.isEmpty && plan.change == nil)
            world.pass(world.plan)
            #expect(world.plan.isEmpty)
        }
    }

    @Test("a slot that appears in a lane which was removed is drift too")
    func resurrected() {
        var world = FleetWorld.settled([Build.desired(lane), Build.desired("production/cart")])
        world.remove(lane)
        world.converge()
        world.lanes[id] = LaneObservation(lane: id).after(
            .start(Build.slot("checkout"), replicas: 1))
        #expect(world.plan(of: lane).drift == [.slotForeign(Build.slot("checkout").id)])
        world.converge()
        #expect(world.lanes[id]?.slots.isEmpty == true)
    }

    @Test("drift and a change at once end in the change")
    func driftAndChange() {
        var world = FleetWorld.settled([Build.desired(lane)])
        world.tamper(lane) { lane, _ in lane.after(.route([:])) }
        world.merge(Build.desired(lane, 2))
        let plan = world.plan(of: lane)
        guard case .change = plan.disposition else {
            Issue.record("\(plan.disposition)")
            return
        }
        #expect(plan.drift.count == 1)
        world.converge()
        #expect(world.version(of: lane) == 2)
    }
}
