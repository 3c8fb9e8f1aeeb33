import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("a build goes further along the order when its test job passed")
struct VerificationGateTests {
    private static let job = VerifyJob(run: ["/app/selftest"], timeout: .seconds(60))
    private static let tiers: [String: Tier] = [
        "testing": .testing, "staging": .staging, "production": .production,
    ]
    private let production = "production/checkout"
    private let testing = "testing/checkout"

    private static func desired(
        _ environment: String, _ version: Int, job: VerifyJob? = job
    ) -> DesiredLane {
        var desired = Build.desired("\(environment)/checkout", version)
        desired.verify = job
        return desired
    }

    /// A world that settled on version 1 everywhere, with a claim so that jobs have names.
    private func world(_ environments: [String] = ["testing", "production"]) -> FleetWorld {
        var world = FleetWorld(
            environments.map { Self.desired($0, 1) }, tiers: Self.tiers)
        guard let ledger = LedgerID(String(repeating: "1", count: 32)) else {
            preconditionFailure("32 digits are a ledger id")
        }
        world.claim = Claim(ledger: ledger, epoch: Epoch(1))
        world.converge()
        return world
    }

    private func verdict(_ world: FleetWorld, _ lane: String? = nil) -> GateVerdict? {
        world.plan(of: lane ?? production).verdict(.verification)
    }

    private func result(
        _ outcome: VerificationOutcome, of version: Int, job: VerifyJob = job
    ) -> VerificationResult {
        VerificationResult(
            build: Build.slot("checkout", version).build, job: job, outcome: outcome, operation: 7,
            at: Timestamp(milliseconds: 1))
    }

    private func note(
        _ result: VerificationResult, in world: inout FleetWorld, at place: String? = nil
    ) {
        let lane = Build.lane(place ?? testing)
        var record = world.ledger.verifications[lane] ?? VerificationRecord(lane: lane)
        record.note(result)
        world.ledger.apply(.verified(record))
    }

    @Test("the whole way: deployed, tested, and only then further; then the plan is empty")
    func whole() {
        var world = world()
        #expect(world.plan.isEmpty && world.version(of: production) == 1)
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        #expect(world.plan(of: production).held != nil)
        world.converge()
        #expect(world.plan.isEmpty)
        #expect(world.version(of: production) == 2)
        let ran = world.actions.filter { if case .run = $0.action { true } else { false } }
        #expect(ran.map(\.lane.description) == [testing, testing])
    }

    @Test("failed, timed out, never deployed and another build each have their own reason and move")
    func reasons() {
        var world = world()
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        world.step(testing)
        let build = Build.slot("checkout", 2).build.short
        #expect(verdict(world)?.reason == "build \(build) was not deployed to testing/checkout yet")
        #expect(verdict(world)?.answer == .wait && verdict(world)?.move == .wait)
        let retry = NextMove.run("airlock rollout retry testing/checkout")
        note(result(.failed, of: 2), in: &world)
        #expect(
            verdict(world)?.reason
                == "build \(build) failed its verify job in testing/checkout (operation 7)")
        #expect(verdict(world)?.answer == .refuse && verdict(world)?.move == retry)
        note(result(.timedOut, of: 2), in: &world)
        #expect(
            verdict(world)?.reason
                == "the verify job of build \(build) did not end within 1m in testing/checkout "
                + "(operation 7)")
        #expect(verdict(world)?.move == retry && verdict(world)?.until == nil)
        world.merge(Self.desired("testing", 1), Self.desired("production", 2))
        #expect(
            verdict(world)?.move
                == .commit("give services/checkout/testing.yaml the artifact first"),
            "the command would find nothing to run there")
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        note(result(.passed, of: 2), in: &world)
        #expect(verdict(world)?.reason == "build \(build) passed in testing/checkout")
        #expect(verdict(world)?.answer == .pass)
        world.merge(Self.desired("production", 3))
        #expect(verdict(world)?.answer == .refuse)
        #expect(
            verdict(world)?.move
                == .commit("give services/checkout/testing.yaml the artifact first"))
        #expect(verdict(world)?.reason.contains("has no result in testing/checkout") == true)
    }

    @Test("a job that runs is waited for until its time is over, and longer without a busy look")
    func running() throws {
        var world = world()
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        for _ in 0..<9 where world.ledger.operation(of: Build.lane(testing))?.verification == nil {
            world.step(testing)
        }
        let operation = try #require(world.ledger.operation(of: Build.lane(testing)))
        #expect(
            verdict(world)?.reason
                == "the verify job of build \(Build.slot("checkout", 2).build.short) is running in "
                + "testing/checkout (operation \(operation.number))")
        let end = operation.opened + .seconds(60)
        #expect(verdict(world)?.until == end && world.plan.until == end)
        world.pass(60)
        #expect(verdict(world)?.until == nil && verdict(world)?.answer == .wait)
    }

    @Test("a job that its provider does not take is not said to run: the reason is told")
    func refused() throws {
        var world = world()
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        for _ in 0..<9 where world.ledger.operation(of: Build.lane(testing))?.verification == nil {
            world.step(testing)
        }
        let operation = try #require(world.ledger.operation(of: Build.lane(testing)))
        var state = operation.rollout
        (state.step, state.best) = (0, 0)
        func note(_ refusal: String?) {
            state.refusal = refusal
            world.ledger.apply(.rollout(RolloutRecord(operation: operation.number, state: state)))
        }
        note("refused: no room")
        let build = Build.slot("checkout", 2).build.short
        #expect(
            verdict(world)?.reason
                == "the verify job of build \(build) does not begin in testing/checkout (operation "
                + "\(operation.number)), because of its provider: refused: no room")
        #expect(verdict(world)?.answer == .wait)
        #expect(verdict(world)?.move == .run("airlock explain testing/checkout"))
        note(nil)
        #expect(verdict(world)?.reason.contains(" is running in testing/checkout") == true)
        // One that was seen to run does, whatever its provider said after that.
        state.best = 1
        note("no answer")
        #expect(verdict(world)?.reason.contains(" is running in testing/checkout") == true)
    }

    @Test("what binds: the tier before it, the job that git asks for, and a new build alone")
    func binds() {
        var world = world()
        // A result of another job is none.
        let other = VerifyJob(run: ["/app/more"], timeout: .seconds(60))
        note(result(.passed, of: 2, job: other), in: &world)
        world.merge(Self.desired("production", 2))
        #expect(verdict(world)?.answer == .refuse)
        // Without a job, without the tier, or for what serves already, there is nothing to wait for.
        world.merge(Self.desired("production", 2, job: nil))
        #expect(verdict(world)?.reason == "the service has no verify job")
        var config = Self.desired("production", 1)
        config.release.config = ["LEVEL": .plain("debug")]
        world.merge(config)
        #expect(verdict(world)?.reason == "its build serves here already")
        world.remove(production)
        #expect(verdict(world)?.answer == .pass)
        var plain = FleetWorld(
            [Self.desired("staging", 1), Self.desired("production", 1)], tiers: Self.tiers)
        #expect(
            verdict(plain)?.reason == "no environment of the tier testing comes before it")
        plain.merge(Self.desired("staging", 2))
        #expect(plain.plan.lanes.allSatisfy { $0.isMoving })
    }

    @Test("a service with a job that is taken out of testing is refused, not let through")
    func takenOut() {
        var world = world()
        world.merge(
            Self.desired("production", 2), Build.desired("testing/other"))
        world.remove(testing)
        #expect(
            verdict(world)?.reason
                == "checkout has a verify job and is in no environment of the tier testing")
        #expect(verdict(world)?.move == .commit("add services/checkout/testing.yaml"))
    }

    @Test(
        "a testing environment without one of its tier before it that has the service tests it first"
    )
    func firstToTest() {
        var world = FleetWorld(
            [
                Self.desired("soak", 1), Self.desired("production", 1),
                Build.desired("testing/other"),
            ],
            tiers: ["testing": .testing, "soak": .testing, "production": .production])
        #expect(verdict(world, "soak/checkout")?.reason == "it is tested here first")
        #expect(verdict(world)?.reason.hasSuffix("not deployed to soak/checkout yet") == true)
        note(result(.passed, of: 1), in: &world, at: "soak/checkout")
        #expect(verdict(world)?.answer == .pass)
    }

    @Test("a build that failed stays out where its testing environment gets another tier")
    func anotherTier() {
        var world = world()
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        note(result(.failed, of: 2), in: &world)
        var next = world.fleet
        next.environments[Build.environment("testing")]?.tier = .development
        world.merge(next)
        #expect(verdict(world)?.reason.contains("failed its verify job") == true)
        #expect(verdict(world)?.move == .run("airlock rollout retry testing/checkout"))
        // What passed, or was never tested, is bound by nothing any more.
        note(result(.passed, of: 2), in: &world)
        #expect(verdict(world)?.answer == .pass)
    }

    @Test("files of testing that cannot be read take no result away and give none")
    func parked() {
        var world = world()
        var next = world.fleet
        next.lanes[Build.lane(production)] = Self.desired("production", 2)
        next.lanes[Build.lane(testing)] = nil
        next.parked.lanes[Build.lane(testing)] = [
            Diagnostic(path: "services/checkout/testing.yaml", problem: "odd", advice: nil)
        ]
        world.merge(next)
        #expect(verdict(world)?.move == .commit("mend services/checkout/testing.yaml"))
        // Nor does a file that got a wrong name.
        next.parked.lanes = [:]
        next.parked.missing[Build.lane(testing)] = [
            Diagnostic(path: "services/checkout/tesing.yaml", problem: "odd", advice: nil)
        ]
        world.merge(next)
        #expect(verdict(world)?.move == .commit("mend services/checkout/tesing.yaml"))
        next.parked.missing = [:]
        let environment = Build.environment("testing")
        next.parked.environments[environment] = [
            Diagnostic(path: "environments/testing.yaml", problem: "odd", advice: nil)
        ]
        next.environments[environment] = nil
        world.merge(next)
        #expect(verdict(world)?.answer == .wait)
        #expect(verdict(world)?.move == .commit("mend environments/testing.yaml"))
        note(result(.passed, of: 2), in: &world)
        #expect(verdict(world)?.answer == .pass)
    }

    /// The world's fleet with production at version 2 and `environments/testing.yaml` not readable.
    private func hidden(_ world: FleetWorld) -> Fleet {
        var next = world.fleet
        next.lanes[Build.lane(production)] = Self.desired("production", 2)
        next.lanes[Build.lane(testing)] = nil
        let environment = Build.environment("testing")
        next.environments[environment] = nil
        next.parked.environments[environment] = [
            Diagnostic(path: "environments/testing.yaml", problem: "odd", advice: nil)
        ]
        return next
    }

    @Test("an environment before it that cannot be read holds what has no result there")
    func unreadable() {
        let mend = NextMove.commit("mend environments/testing.yaml")
        var world = world()
        world.ledger.verifications = [:]
        world.merge(hidden(world))
        #expect(verdict(world)?.answer == .wait && verdict(world)?.move == mend)
        // One that the order does not name may come before it; one that comes later does not.
        var next = world.fleet
        next.order = [Build.environment("production")]
        world.merge(next)
        #expect(verdict(world)?.answer == .wait && verdict(world)?.move == mend)
        next.order.append(Build.environment("testing"))
        world.merge(next)
        #expect(
            verdict(world)?.reason == "no environment of the tier testing comes before it")
        note(result(.passed, of: 1), in: &world)
        #expect(verdict(world)?.answer == .wait && verdict(world)?.move == mend)
        // A service without a job is not concerned.
        world.merge(Self.desired("production", 2, job: nil))
        #expect(verdict(world)?.answer == .pass)
    }

    @Test("of two testing environments the one that cannot be read still binds")
    func unreadableOfTwo() {
        var world = FleetWorld.settled(
            ["testing", "soak", "production"].map { Self.desired($0, 1, job: nil) },
            tiers: ["testing": .testing, "soak": .testing, "production": .production])
        var next = hidden(world)
        next.lanes[Build.lane("soak/checkout")] = Self.desired("soak", 2)
        world.merge(next)
        note(result(.passed, of: 2), in: &world, at: "soak/checkout")
        #expect(verdict(world)?.answer == .wait)
        #expect(verdict(world)?.move == .commit("mend environments/testing.yaml"))
    }

    @Test(
        "an order that misplaces testing, or does not name it, opens nothing",
        arguments: [["staging", "production", "testing"], ["staging", "production"]])
    func misplaced(order: [String]) {
        var world = world(["testing", "staging", "production"])
        var next = world.fleet
        next.order = order.map { Build.environment($0) }
        next.parked.environments[Build.environment("testing")] = [
            Diagnostic(path: "fleet.yaml", problem: "odd", advice: nil)
        ]
        for environment in ["testing", "staging", "production"] {
            next.lanes[Build.lane("\(environment)/checkout")] = Self.desired(environment, 2)
        }
        world.merge(next)
        for lane in [production, "staging/checkout"] {
            #expect(verdict(world, lane)?.answer == .wait)
            #expect(verdict(world, lane)?.move == .commit("mend fleet.yaml"))
        }
        note(result(.passed, of: 2), in: &world)
        #expect(verdict(world)?.reason.hasSuffix("passed in testing/checkout") == true)
    }

    @Test("a place that settled and does not run its job says why, or where to ask")
    func notAsked() {
        var world = world()
        world.merge(Self.desired("testing", 2))
        world.converge()
        world.ledger.verifications = [:]
        world.tamper(testing) { lane, id in lane.with(id) { $0.with(healthy: 1) } }
        world.merge(Self.desired("production", 2))
        #expect(verdict(world)?.reason.hasSuffix("has not run in testing/checkout yet") == true)
        #expect(verdict(world)?.answer == .wait)
        #expect(verdict(world)?.move == .run("airlock explain testing/checkout"))
        var idle = Self.desired("testing", 2)
        idle.release.replicas = Build.replicas(0)
        world.merge(idle)
        #expect(verdict(world)?.answer == .refuse)
        #expect(verdict(world)?.reason == "testing/checkout runs no instance")
        #expect(
            verdict(world)?.move
                == .commit("give it an instance in services/checkout/testing.yaml"))
    }

    @Test("every testing environment before it counts, for a later one of the tier too")
    func several() {
        var world = FleetWorld(
            ["testing", "soak", "production"].map { Self.desired($0, 1) },
            tiers: ["testing": .testing, "soak": .testing, "production": .production])
        #expect(
            verdict(world, "soak/checkout")?.reason
                .hasSuffix("not deployed to testing/checkout yet") == true)
        note(result(.passed, of: 1), in: &world)
        #expect(verdict(world, "soak/checkout")?.answer == .pass)
        #expect(verdict(world)?.reason.hasSuffix("not deployed to soak/checkout yet") == true)
    }

    @Test("what is under way goes on when another job is asked for meanwhile")
    func underWay() {
        var world = world()
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        note(result(.passed, of: 2), in: &world)
        world.step(production)
        let other = VerifyJob(run: ["/app/more"])
        world.merge(
            Self.desired("testing", 2, job: other), Self.desired("production", 2, job: other))
        #expect(verdict(world)?.reason == "it is under way")
    }

    @Test("nothing is tested that does not serve as git says")
    func quiet() {
        var world = world()
        world.ledger.verifications = [:]
        guard case .verify(let work, nil) = world.plan(of: testing).disposition else {
            Issue.record("\(world.plan(of: testing).disposition)")
            return
        }
        #expect(work.build == Build.slot("checkout").build && work.job == Self.job)
        #expect(!world.plan.isEmpty)
        world.tamper(testing) { lane, id in lane.with(id) { $0.with(healthy: 1) } }
        #expect(world.plan(of: testing).disposition == .leave(.converged))
        world.tamper(testing) { lane, _ in lane.after(.route([:])) }
        guard case .repair = world.plan(of: testing).disposition else {
            Issue.record("\(world.plan(of: testing).disposition)")
            return
        }
        // Production runs no tests, whatever the service says.
        #expect(world.plan(of: production).disposition == .leave(.converged))
    }

    @Test("a slot that was rolled back in testing is named as that")
    func rolledBack() {
        var world = world()
        world.broken = [Build.slot("checkout", 2).id]
        world.merge(Self.desired("testing", 2), Self.desired("production", 2))
        world.converge(within: 1_500)
        #expect(verdict(world)?.reason.contains("was rolled back in testing/checkout: ") == true)
        #expect(world.version(of: production) == 1)
    }
}
