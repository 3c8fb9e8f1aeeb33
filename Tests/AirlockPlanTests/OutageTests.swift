import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("an outage is not an instruction")
struct OutageTests {
    private let limits = Limits(
        removals: Limits.Bound(count: 2), changing: Limits.Bound(count: 10))

    /// Ten lanes, settled; two removals are allowed.
    private func world() -> FleetWorld {
        .settled((0..<10).map { Build.desired("production/unit-\($0)") }, limits: limits)
    }

    private func without(_ count: Int, _ fleet: Fleet) -> Fleet {
        var fleet = fleet
        for number in 0..<count { fleet.lanes[Build.lane("production/unit-\(number)")] = nil }
        return fleet
    }

    private func expectNothingRemoved(_ world: FleetWorld, saying reason: String) {
        var world = world
        #expect(world.plan.notices.contains { $0.contains(reason) }, "\(world.plan.notices)")
        let held = world.plan.lanes.filter { $0.change?.kind == .remove }
        #expect(!held.isEmpty)
        for lane in held {
            guard case .outage(let why, _)? = lane.held else {
                Issue.record("\(lane.disposition)")
                continue
            }
            #expect(why.contains(reason))
        }
        let lanes = world.lanes
        world.converge()
        #expect(world.lanes == lanes)
    }

    @Test("an empty fleet removes nothing")
    func empty() {
        var world = world()
        var next = world.fleet
        next.lanes = [:]
        world.merge(next)
        expectNothingRemoved(world, saying: "services/ is lost or describes no service")
        next.environments = [:]
        next.order = []
        world.merge(next)
        #expect(world.plan.lanes.allSatisfy { $0.held == .environmentRemoved })
    }

    @Test("a lost services/ folder removes nothing, however few lanes there are")
    func lostFolder() {
        var world = FleetWorld.settled([Build.desired("production/checkout")])
        var next = world.fleet
        next.lanes = [:]
        next.serviceFileCount = 0
        world.merge(next)
        expectNothingRemoved(world, saying: "services/ is lost")
    }

    @Test("more removals than the limit remove nothing")
    func overLimit() {
        var world = world()
        world.merge(without(3, world.fleet))
        expectNothingRemoved(world, saying: "3 of 10 lanes would go, and limits.removals allows 2")
    }

    @Test("the advice is what helps: a limit does not where everything is lost")
    func advice() {
        var limited = world()
        limited.merge(without(3, limited.fleet))
        var lost = world()
        var next = lost.fleet
        next.lanes = [:]
        lost.merge(next)
        func advice(_ world: FleetWorld) -> String? {
            let plan = world.plan(of: "production/unit-0")
            return plan.held?.moves(in: plan.lane).first?.advice
        }
        #expect(
            advice(limited)
                == "bring the files of services/ back, or raise limits.removals in fleet.yaml in a "
                + "commit of its own before the one that removes them")
        #expect(
            advice(lost)
                == "bring the files of services/ back; a fleet is never emptied, whatever "
                + "limits.removals says")
    }

    @Test("exactly at the limit they go")
    func atLimit() {
        var world = world()
        world.merge(without(2, world.fleet))
        #expect(world.plan.notices.isEmpty)
        world.converge()
        #expect(world.plan.isEmpty && world.plan.lanes.count == 8)
    }

    @Test("the limit in force is that of the commit before: a commit cannot allow its own removals")
    func limitBefore() {
        var world = world()
        var next = without(3, world.fleet)
        next.limits.removals.count = 5
        world.merge(next)
        expectNothingRemoved(world, saying: "allows 2")

        var stricter = self.world()
        var fleet = without(2, stricter.fleet)
        fleet.limits.removals.count = 1
        stricter.merge(fleet)
        stricter.converge()
        #expect(stricter.plan.lanes.count == 8)

        var raised = self.world()
        fleet = raised.fleet
        fleet.limits.removals.count = 5
        raised.merge(fleet)
        raised.merge(without(3, fleet))
        raised.converge()
        #expect(raised.plan.lanes.count == 7)
    }

    @Test("other changes go on while removals are held")
    func othersGoOn() {
        var world = world()
        var next = without(5, world.fleet)
        next.lanes[Build.lane("production/unit-9")] = Build.desired("production/unit-9", 2)
        world.merge(next)
        world.converge()
        #expect(world.version(of: "production/unit-9") == 2)
        #expect(world.version(of: "production/unit-0") == 1)
    }

    @Test("removals under way are not counted against the next commit")
    func underWay() {
        var world = world()
        world.merge(without(2, world.fleet))
        world.step("production/unit-0")
        world.step("production/unit-1")
        world.merge(without(4, world.fleet))
        #expect(world.plan.notices.isEmpty)
        world.converge()
        #expect(world.plan.lanes.count == 6)
    }

    @Test("a lane whose removal is held is still repaired")
    func repaired() {
        var world = world()
        world.merge(without(3, world.fleet))
        world.tamper("production/unit-0") { lane, slot in lane.after(.scale(slot, replicas: 7)) }
        guard case .repair = world.plan(of: "production/unit-0").disposition else {
            Issue.record("\(world.plan(of: "production/unit-0").disposition)")
            return
        }
    }
}
