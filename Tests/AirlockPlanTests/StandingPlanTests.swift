import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("a plan that is kept in step")
struct StandingPlanTests {
    @Test("whatever happens, it is the plan that is made anew")
    func sameAsFresh() {
        for seed in 0..<300 {
            var source = RandomFleet(seed: seed)
            var world = source.world()
            var kept = KeptPlans()
            for _ in 0..<14 {
                happen(to: &world, &source)
                if let difference = kept.follow(world) {
                    Issue.record("seed \(seed): \(difference)")
                    return
                }
            }
        }
    }

    @Test("what was not touched and is as git says is not looked at")
    func looksAtWhatIsTouched() throws {
        var world = FleetWorld.settled(
            (0..<50).map { Build.desired("production/unit-\($0)") },
            tiers: ["production": .production])
        var kept = KeptPlans()
        #expect(kept.follow(world) == nil)
        world.merge(Build.desired("production/unit-7", 2))
        #expect(kept.follow(world) == nil)
        #expect(kept.looked == [Build.lane("production/unit-7")])
        #expect(kept.follow(world) == nil)
        #expect(kept.looked == [Build.lane("production/unit-7")])
        world.converge()
        #expect(kept.follow(world) == nil)
        #expect(kept.follow(world) == nil)
        #expect(kept.looked.isEmpty)
    }

    private func happen(to world: inout FleetWorld, _ source: inout RandomFleet) {
        switch Int.random(in: 0..<9, using: &source.random) {
        case 0, 1: source.merge(into: &world)
        case 2: source.tamper(with: &world)
        case 3: source.hinder(&world)
        case 4: world.freeze("production", until: world.milliseconds / 1000 + 3)
        case 5:
            world.pass(Int.random(in: 1...30, using: &source.random))
        default:
            let plan = world.plan
            var steps: [LaneID: Int] = [:]
            for lane in plan.lanes {
                steps[lane.lane] = Int.random(in: 0...4, using: &source.random)
            }
            world.pass(plan) { steps[$0] ?? 0 }
        }
    }
}

/// Standing plans of a world, which are told of no more than what differs.
private struct KeptPlans {
    private var plans: [EnvironmentName: StandingPlan] = [:]
    private var last: FleetWorld?
    /// Lanes that the last update looked at.
    private(set) var looked: Set<LaneID> = []

    /// Brings the plans up to date; says how they differ from plans that are made anew.
    mutating func follow(_ world: FleetWorld) -> String? {
        let touched = last.map { Self.touched(from: $0, to: world) }
        last = world
        looked = []
        for (name, slice) in world.fleet.slices() {
            guard let observed = world.observed[name] else { continue }
            var standing = plans[name] ?? StandingPlan(environment: name)
            let lanes = touched.map { $0.filter { $0.environment == name } }
            let made = standing.update(
                lanes.map(TouchedLanes.some) ?? .all, slice, observed: observed,
                facts: world.facts, now: world.now)
            plans[name] = standing
            looked.formUnion(made.map(\.lane))
            let fresh = Planner.plan(slice, observed: observed, facts: world.facts, now: world.now)
            if let difference = Self.difference(standing, made, fresh) { return difference }
        }
        return nil
    }

    private static func difference(
        _ standing: StandingPlan, _ made: [LanePlan], _ fresh: EnvironmentPlan
    ) -> String? {
        let all = Dictionary(uniqueKeysWithValues: fresh.lanes.map { ($0.lane, $0) })
        let open = all.filter { if case .leave = $0.value.disposition { false } else { true } }
        if standing.lanes != open {
            let lane = Set(open.keys).union(standing.lanes.keys).sorted()
                .first { open[$0] != standing.lanes[$0] }
            return "\(lane.map(\.description) ?? "?"): kept "
                + "\(lane.flatMap { standing.lanes[$0] } as Any), "
                + "fresh \(lane.flatMap { open[$0] } as Any)"
        }
        if standing.notices != fresh.notices { return "other notices" }
        if standing.until != fresh.until { return "another until" }
        let odd = made.first { $0 != all[$0.lane] && $0.disposition != .leave(.absent) }
        return odd.map { "\($0.lane) was made as \($0.disposition)" }
    }

    private static func touched(from old: FleetWorld, to new: FleetWorld) -> Set<LaneID> {
        let lanes = Set(old.fleet.lanes.keys).union(new.fleet.lanes.keys)
            .union(old.lanes.keys).union(new.lanes.keys)
            .union(old.ledger.lanes.keys).union(new.ledger.lanes.keys)
            .union(old.fleet.parked.lanes.keys).union(new.fleet.parked.lanes.keys)
        return lanes.filter { lane in
            old.fleet.lanes[lane] != new.fleet.lanes[lane] || old.lanes[lane] != new.lanes[lane]
                || old.fleet.parked.lanes[lane] != new.fleet.parked.lanes[lane]
                || old.ledger.lanes[lane] != new.ledger.lanes[lane]
                || old.ledger.operation(of: lane) != new.ledger.operation(of: lane)
                || old.ledger.quarantines[lane] != new.ledger.quarantines[lane]
        }
    }
}
