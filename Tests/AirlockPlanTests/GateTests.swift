import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("every gate says its reason and whose move it is")
struct GateTests {
    private let lane = "production/checkout"

    private func changing(
        _ count: Int = 1, limits: Limits = Limits(changing: Limits.Bound(count: 20))
    ) -> FleetWorld {
        var world = FleetWorld.settled(
            (0..<count).map { Build.desired("production/unit-\($0)") }
                + [Build.desired(lane)], limits: limits, tiers: ["production": .production])
        var next = world.fleet
        for id in Array(next.lanes.keys) { next.lanes[id] = Build.desired(id.description, 2) }
        world.merge(next)
        return world
    }

    @Test("a change that passes has the verdict of every gate, in their order")
    func all() {
        let plan = changing().plan(of: lane)
        #expect(plan.verdicts.map(\.gate) == GateName.allCases)
        #expect(plan.verdicts.allSatisfy { $0.answer == .pass && $0.until == nil })
    }

    @Test("frozen means no forward change and no repair, and each hold has a reason")
    func frozen() {
        var world = changing()
        world.tamper("production/unit-0") { lane, _ in lane.after(.route([:])) }
        world.merge(Build.desired("production/unit-0", 1))
        world.freeze("production")
        let lanes = world.lanes
        for plan in world.plan.lanes {
            #expect(plan.held?.phrase == "freeze: production is frozen by uid:1000: audit")
            #expect(plan.held?.moves(in: plan.lane) == [.run("airlock thaw production")])
        }
        world.converge()
        #expect(world.lanes == lanes)
        world.ledger.apply(.thaw(.environment(Build.environment("production"))))
        world.converge()
        #expect(world.plan.isEmpty)
    }

    @Test("a frozen lane holds alone")
    func frozenLane() {
        var world = changing()
        world.freeze(lane)
        world.converge()
        #expect(world.version(of: lane) == 1)
        #expect(world.version(of: "production/unit-0") == 2)
        #expect(!world.plan.isEmpty)
    }

    @Test("a freeze ends by itself at its end, for changes and for repairs")
    func freezeEnds() {
        var world = changing()
        let end = world.now.wall.milliseconds / 1000 + 100
        world.freeze("production", until: end)
        #expect(world.plan.until == Timestamp(milliseconds: end * 1000))
        world.pass(99)
        #expect(world.plan.lanes.allSatisfy { $0.held != nil })
        world.pass(1)
        #expect(world.plan.lanes.allSatisfy { $0.isMoving })
        #expect(world.plan.until == nil)

        var drifted = FleetWorld.settled([Build.desired(lane)])
        drifted.tamper(lane) { lane, _ in lane.after(.route([:])) }
        drifted.freeze(lane, until: 1_000)
        #expect(drifted.plan(of: lane).held != nil)
        #expect(drifted.plan.until == Timestamp(milliseconds: 1_000_000))
    }

    @Test("of two freezes both are named, and the one that lasts longer decides")
    func twoFreezes() {
        var world = changing()
        world.freeze("production", until: 5_000, reason: "holidays")
        world.freeze(lane)
        let verdict = world.plan(of: lane).verdict(.freeze)
        #expect(verdict?.until == nil)
        #expect(verdict?.move == .run("airlock thaw production/checkout"))
        #expect(
            verdict?.reason
                == "production is frozen by uid:1000: holidays; "
                + "production/checkout is frozen by uid:1000: audit")
        world.freeze(lane, until: 4_000)
        #expect(world.plan(of: lane).verdict(.freeze)?.until == Timestamp(milliseconds: 5_000_000))
        #expect(world.plan(of: lane).verdict(.freeze)?.move == .run("airlock thaw production"))
    }

    @Test("a clock in doubt holds production and nothing else")
    func clock() {
        var world = FleetWorld(
            [Build.desired(lane), Build.desired("staging/checkout")],
            tiers: ["production": .production, "staging": .staging])
        world.clockFault = "wall time lies 2 h below the ledger's"
        #expect(world.plan(of: lane).held?.phrase == "clock: wall time lies 2 h below the ledger's")
        #expect(
            world.plan(of: lane).held?.moves(in: Build.lane(lane)) == [.run("airlock doctor")])
        #expect(world.plan(of: "staging/checkout").isMoving)
        var settled = FleetWorld.settled([Build.desired(lane)], tiers: ["production": .production])
        settled.clockFault = "x"
        settled.tamper(lane) { lane, _ in lane.after(.route([:])) }
        #expect(settled.plan(of: lane).isMoving)
    }

    @Test("what the provider cannot do is a hold that names it")
    func capability() {
        let needed: [(Int, Capability)] = [(1, .start), (1, .route)]
        for (version, capability) in needed {
            var world = FleetWorld([Build.desired(lane, version)])
            world.capabilities.remove(capability)
            #expect(
                world.plan(of: lane).held?.phrase
                    == "capability: the provider of production cannot \(capability.rawValue)")
        }
        var world = changing()
        world.capabilities = [.start, .idempotency]
        #expect(
            world.plan(of: lane).held?.phrase
                == "capability: the provider of production cannot route, stop")
        world.merge(Build.desired(lane, 1, replicas: 5))
        #expect(world.plan(of: lane).verdict(.capability)?.reason.hasSuffix("cannot scale") == true)
        world.remove(lane)
        world.capabilities = [.start, .route, .scale]
        #expect(world.plan(of: lane).verdict(.capability)?.reason.hasSuffix("cannot stop") == true)
        world.capabilities = [.route, .stop]
        #expect(world.plan(of: lane).isMoving)
    }

    @Test("preview checks are held where the provider cannot say where a slot is reached")
    func previews() {
        let checks = PreviewPlan(checks: [PreviewCheck(path: "/health")])
        for (plan, isHeld) in [(BlueGreenPlan(preview: checks), true), (BlueGreenPlan(), false)] {
            var release = Build.desired(lane, 1)
            release.release.strategy = .blueGreen(plan)
            var world = FleetWorld([release])
            world.capabilities.remove(.address)
            let held = world.plan(of: lane).held?.phrase
            let isNamed = held?.hasSuffix("the preview checks of the release cannot run")
            #expect(isNamed == (isHeld ? true : nil))
        }
    }

    @Test("every gate is asked, also after one refused")
    func allAsked() {
        var world = changing()
        world.freeze("production")
        world.capabilities = []
        world.clockFault = "odd"
        let plan = world.plan(of: lane)
        #expect(plan.verdicts.map(\.gate) == GateName.allCases)
        guard case .gates(let failed)? = plan.held else {
            Issue.record("not held by gates: \(plan.disposition)")
            return
        }
        #expect(failed.map(\.gate) == [.freeze, .clock, .capability])
    }

    @Test("at most so many lanes change at a time, and first deployments are not counted")
    func blastRadius() {
        let limits = Limits(changing: Limits.Bound(count: 2))
        var world = changing(4, limits: limits)
        #expect(
            world.plan.lanes.filter(\.isMoving).map(\.lane.description)
                == ["production/checkout", "production/unit-0"])
        #expect(
            world.plan(of: "production/unit-3").held?.phrase
                == "blast radius: limits.changing allows 2 of the lanes of production at a time")
        world.step("production/unit-0")
        world.step("production/checkout")
        #expect(world.plan.lanes.filter(\.isMoving).count == 2)
        world.merge(Build.desired("production/another"))
        #expect(world.plan(of: "production/another").isMoving)
        world.converge()
        #expect(world.plan.isEmpty)
    }

    @Test("a lane under repair takes a place like any other before it changes")
    func repairTakesNoPlace() {
        let limits = Limits(changing: Limits.Bound(count: 1))
        var world = FleetWorld.settled(
            ["a", "b", "c"].map { Build.desired("production/\($0)") }, limits: limits)
        for lane in ["production/b", "production/c"] {
            world.tamper(lane) { lane, _ in lane.after(.route([:])) }
            world.step(lane)
        }
        world.merge(
            Build.desired("production/a", 2), Build.desired("production/b", 2),
            Build.desired("production/c", 2))
        let changes = world.plan.lanes.filter {
            if case .change = $0.disposition { true } else { false }
        }
        #expect(changes.map(\.lane.description) == ["production/a"])
    }

    @Test("limits of the commit before bound the changes of this one")
    func limitsBefore() {
        var world = changing(4, limits: Limits(changing: Limits.Bound(count: 1)))
        var next = world.fleet
        next.limits.changing.count = 5
        world.merge(next)
        #expect(world.plan.lanes.filter(\.isMoving).count == 1)
        world.merge(next)
        #expect(world.plan.lanes.filter(\.isMoving).count == 5)
    }
}
