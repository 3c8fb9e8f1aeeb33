import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("callees go first, and nobody waits for what merely holds")
struct DependencyTests {
    private let limits = Limits(
        removals: Limits.Bound(count: 10), changing: Limits.Bound(count: 10))

    /// `a: [b]` means that a calls b; every unit at the given version.
    private func lanes(_ calls: KeyValuePairs<String, [String]>, _ version: Int) -> [DesiredLane] {
        calls.map { Build.desired("production/\($0.key)", version, calls: $0.value) }
    }

    private func changing(
        _ calls: KeyValuePairs<String, [String]>, atOnce: Int = 10
    ) -> FleetWorld {
        let limits = Limits(
            removals: Limits.Bound(count: 10), changing: Limits.Bound(count: atOnce))
        var world = FleetWorld.settled(lanes(calls, 1), limits: limits)
        world.merge(Build.fleet(lanes(calls, 2), limits: limits))
        return world
    }

    private func moving(_ world: FleetWorld) -> [String] {
        world.plan.lanes.filter { $0.isMoving }.map(\.lane.unit.description)
    }

    /// The units in the order in which they took traffic, from the `count`th action on.
    private func routed(_ world: FleetWorld) -> [String] {
        world.actions.compactMap { lane, action in
            if case .route(let weights) = action, !weights.isEmpty {
                lane.unit.description
            } else {
                nil
            }
        }
    }

    @Test("the callee goes first when both change in one commit")
    func calleeFirst() {
        var world = changing(["a": ["b"], "b": []])
        #expect(moving(world) == ["b"])
        #expect(
            world.plan(of: "production/a").held?.phrase
                == "dependencies: it calls production/b, which goes first")
        #expect(world.plan(of: "production/a").holdTurnsByItself)
        world.converge()
        #expect(routed(world).suffix(2) == ["b", "a"])
        #expect(world.plan.isEmpty)
    }

    @Test("the first deployment of a fleet goes in the order of calls")
    func firstDeployment() {
        var world = FleetWorld(lanes(["a": ["b", "c"], "b": ["c"], "c": [], "d": []], 1))
        #expect(moving(world) == ["c", "d"])
        world.converge()
        #expect(routed(world) == ["c", "d", "b", "a"])
    }

    @Test("a chain of five converges in order")
    func chain() {
        var world = changing(["a": ["b"], "b": ["c"], "c": ["d"], "d": ["e"], "e": []])
        #expect(moving(world) == ["e"])
        world.converge()
        #expect(routed(world).suffix(5) == ["e", "d", "c", "b", "a"])
    }

    @Test("services that call each other in a circle go together, after what they call")
    func circle() {
        var world = changing(["a": ["b"], "b": ["c"], "c": ["a", "d"], "d": [], "e": ["c"]])
        #expect(moving(world) == ["d"])
        world.pass(world.plan)
        #expect(moving(world) == ["a", "b", "c"])
        world.converge()
        #expect(routed(world).suffix(1) == ["e"])
        #expect(world.plan.isEmpty)
    }

    @Test("a limit splits no circle that it has room for, and one that is larger goes in parts")
    func circleWithinLimits() {
        let calls: KeyValuePairs = ["a": ["c"], "b": [], "c": ["a"], "d": ["a"]]
        #expect(moving(changing(calls, atOnce: 2)) == ["a", "c"])
        #expect(moving(changing(calls, atOnce: 1)) == ["a"])
        var world = changing(["a": [], "b": ["c"], "c": ["b"]], atOnce: 2)
        #expect(moving(world) == ["a"])
        world.pass(world.plan)
        #expect(moving(world) == ["b", "c"])
        world.converge()
        #expect(world.plan.isEmpty)
    }

    @Test("a service may call itself")
    func itself() {
        #expect(moving(changing(["a": ["a"]])) == ["a"])
    }

    @Test("a caller does not wait for a callee that holds with a serving slot")
    func heldCallee() {
        var world = changing(["a": ["b"], "b": []])
        world.freeze("production/b")
        #expect(moving(world) == ["a"])
        world.converge()
        #expect(world.version(of: "production/a") == 2)
        #expect(world.version(of: "production/b") == 1)
    }

    @Test("a caller does not wait for a callee that itself waits for a dead one")
    func transitively() {
        var world = changing(["a": ["b"], "b": ["c"], "c": []])
        world.freeze("production/c")
        world.tamper("production/c") { lane, slot in lane.with(slot) { $0.with(healthy: 0) } }
        #expect(moving(world) == ["a"])
        #expect(
            world.plan(of: "production/b").held?.phrase
                == "dependencies: it calls production/c, which has no healthy slot")
    }

    @Test("a caller waits for a callee that has no healthy slot, until it has one")
    func unhealthyCallee() {
        var world = FleetWorld.settled(lanes(["a": ["b"], "b": []], 1))
        world.tamper("production/b") { lane, slot in lane.with(slot) { $0.with(healthy: 0) } }
        world.merge(Build.desired("production/a", 2, calls: ["b"]))
        #expect(moving(world).isEmpty)
        world.tamper("production/b") { lane, slot in lane.with(slot) { $0.with(healthy: 1) } }
        #expect(moving(world) == ["a"])
    }

    @Test("a callee that the environment does not have stands in nobody's way")
    func unknownCallee() {
        #expect(moving(FleetWorld(lanes(["a": ["nowhere"]], 1))) == ["a"])
    }

    @Test("calls do not reach into another environment")
    func otherEnvironment() {
        let world = FleetWorld([
            Build.desired("production/a", calls: ["b"]), Build.desired("staging/b"),
        ])
        #expect(moving(world) == ["a", "b"])
    }

    @Test("removals go in reverse, circles together")
    func removals() {
        var world = FleetWorld.settled(
            lanes(["a": ["b"], "b": ["c"], "c": ["b", "d"], "d": [], "z": []], 1), limits: limits)
        var next = world.fleet
        for unit in ["a", "b", "c", "d"] { next.lanes[Build.lane("production/\(unit)")] = nil }
        world.merge(next)
        #expect(moving(world) == ["a"])
        #expect(
            world.plan(of: "production/d").held?.phrase
                == "dependencies: production/c still calls it and goes first")
        world.pass(world.plan)
        #expect(moving(world) == ["b", "c"])
        world.pass(world.plan)
        #expect(moving(world) == ["d"])
        world.converge()
        #expect(world.plan.lanes.map(\.lane.description) == ["production/z"])
    }

    @Test("a callee goes only after its caller has stopped calling it")
    func dropped() {
        var world = FleetWorld.settled(lanes(["a": ["b"], "b": []], 1), limits: limits)
        world.merge(Build.desired("production/a", 2))
        world.remove("production/b")
        #expect(moving(world) == ["a"])
        world.converge()
        #expect(world.plan.lanes.map(\.lane.description) == ["production/a"])
    }

    /// `b` is removed, and `a`, which calls it, was to stop calling it or to go as well.
    private func removingCallee(caller: DesiredLane?) -> FleetWorld {
        var world = FleetWorld.settled(lanes(["a": ["b"], "b": [], "z": []], 1), limits: limits)
        var next = world.fleet
        next.lanes[Build.lane("production/b")] = nil
        next.lanes[Build.lane("production/a")] = caller
        world.merge(next)
        return world
    }

    private func expectHeld(_ world: FleetWorld, _ move: NextMove, saying reason: String) {
        let plan = world.plan(of: "production/b")
        #expect(plan.held?.moves(in: plan.lane) == [move])
        #expect(plan.held?.phrase == "dependencies: production/a still calls it\(reason)")
    }

    @Test("a removal that waits for a frozen caller says that the thaw is next")
    func frozenCaller() {
        for caller in [Build.desired("production/a", 2), nil] {
            var world = removingCallee(caller: caller)
            expectHeld(world, .wait, saying: " and goes first")
            world.freeze("production/a")
            expectHeld(
                world, .run("airlock thaw production/a"),
                saying: " and goes first, but is held: "
                    + "freeze: production/a is frozen by uid:1000: audit")
            world.ledger.apply(.thaw(.lane(Build.lane("production/a"))))
            world.converge()
            #expect(world.plan.isEmpty)
        }
    }

    @Test("a removal that waits for a caller whose file is unreadable says which to mend")
    func parkedCaller() {
        var world = removingCallee(caller: nil)
        var next = world.fleet
        let diagnostic = Diagnostic(path: "services/a/service.yaml", problem: "it is not YAML")
        next.parked.lanes[Build.lane("production/a")] = [diagnostic]
        world.merge(next)
        expectHeld(
            world, .commit("mend services/a/service.yaml"),
            saying: " and goes first, but is held: its files cannot be read: \(diagnostic)")
    }

    @Test("a removal that waits for a caller which git has call on says that the call must go")
    func convergedCaller() {
        let world = removingCallee(caller: Build.desired("production/a", 1, calls: ["b"]))
        expectHeld(
            world, .commit("take b out of calls in services/a/service.yaml"),
            saying: ", and git has it call on")
    }

    @Test("what is under way waits for nobody")
    func underWay() {
        var world = FleetWorld.settled(lanes(["a": ["b"], "b": []], 1), limits: limits)
        world.merge(Build.desired("production/a", 2, calls: ["b"]))
        world.step("production/a")
        world.merge(Build.desired("production/b", 2))
        #expect(moving(world) == ["a", "b"])
    }
}
