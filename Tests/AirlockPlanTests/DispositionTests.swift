import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("every lane ends in one disposition")
struct DispositionTests {
    private let checkout = Build.lane("production/checkout")

    @Test("what git says and runs is left")
    func converged() {
        let world = FleetWorld.settled([Build.desired("production/checkout")])
        #expect(world.plan.isEmpty)
        #expect(world.plan(of: "production/checkout").disposition == .leave(.converged))
        #expect(world.version(of: "production/checkout") == 1)
    }

    @Test("a lane that nobody knows any more is not in the plan")
    func gone() {
        var world = FleetWorld.settled([
            Build.desired("production/checkout"), Build.desired("production/cart"),
        ])
        world.remove("production/checkout")
        #expect(world.plan(of: "production/checkout").change?.kind == .remove)
        world.converge()
        #expect(world.plan.lanes.map(\.lane.description) == ["production/cart"])
        #expect(world.lanes[checkout]?.slots.isEmpty == true)
    }

    @Test("A, B, A, B is performed each time, with ids that come back")
    func toAndFro() {
        var world = FleetWorld.settled([Build.desired("production/checkout", 1)])
        var ids: [ChangeID?] = []
        for version in [2, 1, 2, 1, 2] {
            world.merge(Build.desired("production/checkout", version))
            ids.append(world.plan.changes.first?.id)
            world.converge()
            #expect(world.version(of: "production/checkout") == version)
        }
        #expect(ids[0] != ids[1] && ids[0] == ids[2] && ids[1] == ids[3] && ids[2] == ids[4])
        #expect(world.actions.count == 2 + 5 * 3)
        #expect(world.ledger.nextOperation == 7)
    }

    @Test("an environment that was not observed is held and never taken for empty")
    func unobserved() {
        var world = FleetWorld.settled([Build.desired("production/checkout")])
        world.unobserved = [checkout.environment]
        #expect(world.plan.lanes.map(\.held) == [.unobserved("it does not answer")])
        #expect(world.plan.incomplete == "production is not observed: it does not answer")
        #expect(world.plan.changes.isEmpty)
        let plan = Planner.plan(
            world.fleet, commit: nil, observed: [:], facts: world.facts, now: world.now)
        #expect(plan.lanes.map(\.held) == [.unobserved("it was not observed")])
    }

    @Test("an engine that another ledger has claimed is held, one of an older writer is not")
    func claims() throws {
        let own = try #require(LedgerID("0123456789abcdef0123456789abcdef"))
        let other = try #require(LedgerID("1123456789abcdef0123456789abcdef"))
        let world = FleetWorld([Build.desired("production/checkout")])
        func plan(stored: Claim?) -> EnvironmentPlan? {
            var facts = world.facts
            facts.claim = Claim(ledger: own, epoch: Epoch(2))
            let observation = Observation(
                environment: checkout.environment, revision: ProviderRevision("1"), claim: stored,
                lanes: [:])
            return world.fleet.slices()[checkout.environment].map {
                Planner.plan($0, observed: .known(observation), facts: facts, now: world.now)
            }
        }
        let foreign = Claim(ledger: other, epoch: Epoch(1))
        #expect(plan(stored: foreign)?.lanes.map(\.held) == [.claimed(by: foreign)])
        let moves = plan(stored: foreign)?.lanes.flatMap { $0.held?.moves(in: $0.lane) ?? [] }
        #expect(moves == [.run("airlock run --take-over production")])
        #expect(plan(stored: nil)?.lanes.first?.isMoving == true)
        let older = Claim(ledger: own, epoch: Epoch(1))
        #expect(plan(stored: older)?.lanes.first?.isMoving == true)
    }

    @Test("what runs before the first plan is adopted and not changed")
    func adopted() {
        let slot = Build.slot("checkout", 1)
        var world = FleetWorld([Build.desired("production/checkout", 1)])
        world.lanes[checkout] = LaneObservation(lane: checkout)
            .after(.start(slot, replicas: 2)).after(.route([slot.id: 1000]))
        #expect(world.plan.isEmpty)
        world.merge(Build.desired("production/checkout", 2))
        let change = world.plan.changes.first
        #expect(change?.kind == .replace && change?.base?.slot == slot)
        world.converge()
        #expect(world.version(of: "production/checkout") == 2)
    }

    @Test("the slot with the most traffic stands for an adopted lane")
    func adoptedAmongMany() {
        let (one, two) = (Build.slot("checkout", 1), Build.slot("checkout", 2))
        let lane = LaneObservation(lane: checkout).after(.start(one, replicas: 3))
            .after(.start(two, replicas: 2))
        let time = Timestamp(milliseconds: 9)
        func adopted(_ weights: [SlotID: Int]) -> SlotSpec? {
            Adoption.settled(from: lane.after(.route(weights)), at: time)?.slot
        }
        #expect(adopted([one.id: 250, two.id: 750]) == two)
        #expect(adopted([one.id: 750, two.id: 250]) == one)
        #expect(adopted([one.id: 500, two.id: 500]) == one)
        #expect(adopted([:]) == one)
        #expect(Adoption.settled(from: LaneObservation(lane: checkout), at: time) == nil)
    }

    @Test("an environment that is not described any more keeps what it runs")
    func environmentRemoved() {
        var world = FleetWorld.settled([
            Build.desired("staging/checkout"), Build.desired("production/checkout"),
        ])
        let lost = world.lanes
        world.merge(Build.fleet([Build.desired("staging/checkout", 2)]))
        #expect(world.plan(of: "production/checkout").held == .environmentRemoved)
        #expect(world.plan(of: "production/checkout").holdsChange)
        #expect(world.plan.incomplete == nil)
        world.converge()
        #expect(world.lanes[checkout] == lost[checkout])
        #expect(world.version(of: "staging/checkout") == 2)
    }

    @Test("one bad file parks its lanes, and the others go on")
    func parked() {
        var world = FleetWorld.settled([
            Build.desired("production/checkout"), Build.desired("production/cart"),
            Build.desired("staging/checkout"),
        ])
        let broken = Diagnostic(
            path: "services/checkout/production.yaml", line: 3, column: 1, problem: "no artifact")
        var next = world.fleet
        next.lanes[checkout] = nil
        next.parked.lanes[checkout] = [broken]
        next.lanes[Build.lane("production/cart")] = Build.desired("production/cart", 2)
        world.merge(next)
        #expect(world.plan(of: "production/checkout").held == .parked([broken]))
        world.converge()
        #expect(world.version(of: "production/checkout") == 1)
        #expect(world.version(of: "production/cart") == 2)

        next.parked.units[checkout.unit] = [broken]
        world.merge(next)
        #expect(world.plan(of: "staging/checkout").held == .parked([broken]))

        next.environments[checkout.environment] = nil
        next.parked.environments[checkout.environment] = [broken]
        world.merge(next)
        #expect(world.plan(of: "production/cart").held == .parked([broken]))
        #expect(world.plan.incomplete == nil)
    }

    @Test("a lane whose file may have got a wrong name is not removed, and none is made up")
    func missingFile() {
        var world = FleetWorld.settled([
            Build.desired("production/checkout"), Build.desired("production/cart"),
        ])
        let wrong = Diagnostic(path: "services/checkout/prodution.yaml", problem: "odd")
        var next = world.fleet
        next.lanes[checkout] = nil
        next.parked.missing[checkout] = [wrong]
        next.parked.missing[Build.lane("production/never")] = [wrong]
        world.merge(next)
        #expect(world.plan(of: "production/checkout").held == .parked([wrong]))
        #expect(!world.plan.lanes.contains { $0.lane == Build.lane("production/never") })
        world.converge()
        #expect(world.version(of: "production/checkout") == 1)
    }

    @Test("a parked lane is still brought back to what it settled on")
    func parkedDrift() {
        var world = FleetWorld.settled([Build.desired("production/checkout")])
        var next = world.fleet
        next.lanes[checkout] = nil
        next.parked.lanes[checkout] = [Diagnostic(path: "x", problem: "odd")]
        world.merge(next)
        world.tamper("production/checkout") { lane, _ in lane.after(.route([:])) }
        #expect(world.plan(of: "production/checkout").isMoving)
        world.converge()
        #expect(world.version(of: "production/checkout") == 1)
        #expect(world.plan(of: "production/checkout").held != nil)
    }

    @Test("a lane whose secret has no version is held, by name")
    func secretUnknown() {
        var desired = Build.desired("production/checkout")
        desired.release.config["PASSWORD"] = .secret(Build.secret("db"))
        var world = FleetWorld([desired])
        let plan = world.plan(of: "production/checkout")
        #expect(plan.held == .secretUnknown([Build.secret("db")]))
        #expect(plan.holdsChange && !plan.holdTurnsByItself)
        world.secrets = [Build.secret("db"): "1"]
        world.converge()
        #expect(world.plan.isEmpty)
    }

    @Test("environments come in the order of promotion, then the lanes by name")
    func order() {
        let world = FleetWorld([
            Build.desired("testing/a"), Build.desired("production/b"),
            Build.desired("production/a"), Build.desired("development/c"),
        ])
        #expect(
            world.plan.lanes.map(\.lane.description)
                == ["testing/a", "production/a", "production/b", "development/c"])
    }
}
