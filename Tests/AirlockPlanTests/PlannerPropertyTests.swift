import AirlockMemory
import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Foundation
import Testing

@Suite("rules that hold for every fleet")
struct PlannerPropertyTests {
    private static let seeds = 0..<300

    @Test("apply then plan is empty, also after merges and tampering in the middle of it all")
    func converges() {
        for seed in Self.seeds {
            var source = RandomFleet(seed: seed)
            var world = source.world()
            guard drive(&world, &source, seed) else { return }
            for _ in 0..<2 {
                source.merge(into: &world)
                source.tamper(with: &world)
                // Some lanes are under way when the next commit comes.
                for _ in 0..<Int.random(in: 0...3, using: &source.random) {
                    step(&world, &source, seed)
                }
            }
            guard drive(&world, &source, seed) else { return }
            #expect(isAsDesired(world), "seed \(seed)")
            let actions = world.actions.count
            world.converge()
            #expect(world.actions.count == actions, "seed \(seed)")
        }
    }

    @Test("whatever hinders, every lane ends in one disposition and every hold has a reason")
    func hindered() {
        for seed in Self.seeds {
            var source = RandomFleet(seed: seed)
            var world = source.world()
            for _ in 0..<2 { step(&world, &source, seed) }
            world.converge()
            source.merge(into: &world)
            source.hinder(&world)
            source.tamper(with: &world)
            for _ in 0..<4 { step(&world, &source, seed) }
            if world.converge(within: 100) == nil {
                // What a lane settled on and cannot run any more is waited for without end.
                for lane in world.plan.lanes where lane.isMoving {
                    let settled = world.ledger.lanes[lane.lane]?.settled?.slot.id
                    #expect(
                        settled.map(world.broken.contains) == true, "seed \(seed): \(lane.lane)")
                }
            }
            checkHolds(world, seed)
        }
    }

    @Test("the order in which the input was put together does not matter")
    func order() throws {
        for seed in Self.seeds {
            var source = RandomFleet(seed: seed)
            var world = source.world()
            for _ in 0..<2 { step(&world, &source, seed) }
            source.merge(into: &world)
            source.hinder(&world)
            source.tamper(with: &world)
            let one = try Self.rendered(world.plan)
            let other = try Self.rendered(shuffled(world, &source.random).plan)
            #expect(one == other, "seed \(seed)")
        }
    }

    // MARK: Driving

    private func drive(
        _ world: inout FleetWorld, _ source: inout RandomFleet, _ seed: Int
    ) -> Bool {
        for _ in 0..<300 {
            let plan = world.plan
            if plan.isEmpty { return true }
            step(&world, &source, seed, plan)
        }
        let rest = world.plan.lanes.filter { $0.disposition != .leave(.converged) }
        let why = rest.first?.held?.phrase ?? "it is moving"
        Issue.record("seed \(seed) does not converge: \(rest.map(\.lane)), \(why)")
        return false
    }

    /// One pass in which each lane gets as far as chance lets it; holds the rules at every step.
    private func step(
        _ world: inout FleetWorld, _ source: inout RandomFleet, _ seed: Int, _ made: Plan? = nil
    ) {
        let plan = made ?? world.plan
        check(plan, of: world, seed)
        let before = changing(world)
        var steps: [LaneID: Int] = [:]
        for lane in plan.lanes {
            steps[lane.lane] = Int.random(in: 1...4, using: &source.random)
        }
        let lanes = world.lanes
        world.pass(plan) { steps[$0] ?? 0 }
        for lane in plan.lanes where !lane.isMoving {
            #expect(world.lanes[lane.lane] == lanes[lane.lane], "seed \(seed): \(lane.lane)")
        }
        for (name, count) in changing(world) {
            let allowed = allowed(name, world, plan)
            #expect(
                count <= max(allowed, before[name] ?? 0), "seed \(seed): \(count) change in \(name)"
            )
        }
    }

    /// Counted changes under way, by environment.
    private func changing(_ world: FleetWorld) -> [EnvironmentName: Int] {
        var counts: [EnvironmentName: Int] = [:]
        for operation in world.ledger.operations.values where operation.change?.base != nil {
            counts[operation.lane.environment, default: 0] += 1
        }
        return counts
    }

    private func allowed(_ name: EnvironmentName, _ world: FleetWorld, _ plan: Plan) -> Int {
        // Lanes that run something before the pass; those that end in it give up their place.
        let running = plan.lanes.count { lane in
            lane.lane.environment == name
                && (world.ledger.lanes[lane.lane]?.settled != nil || lane.change?.base != nil)
        }
        return world.limitsInForce.changing.allowed(of: running)
    }

    private func check(_ plan: Plan, of world: FleetWorld, _ seed: Int) {
        let lanes = plan.lanes.map(\.lane)
        #expect(Set(lanes).count == lanes.count, "seed \(seed)")
        let known = Set(world.fleet.lanes.keys)
            .union(world.ledger.lanes.values.filter(\.isInUse).map(\.lane))
            .union(world.fleet.parked.lanes.keys)
        #expect(known.isSubset(of: Set(lanes)), "seed \(seed)")
        for lane in plan.lanes {
            guard case .change(let change, _) = lane.disposition else { continue }
            #expect(lane.change == change, "seed \(seed)")
            #expect(lane.verdicts.map(\.gate) == GateName.allCases, "seed \(seed)")
            #expect(lane.verdicts.allSatisfy { $0.answer == .pass }, "seed \(seed)")
        }
    }

    private func checkHolds(_ world: FleetWorld, _ seed: Int) {
        for lane in world.plan.lanes {
            let id = lane.lane
            if let reason = lane.held {
                #expect(!reason.phrase.isEmpty && !reason.phrase.hasSuffix("."), "seed \(seed)")
                #expect(!reason.moves(in: id).isEmpty, "seed \(seed)")
                if case .gates(let verdicts) = reason {
                    #expect(!verdicts.isEmpty, "seed \(seed)")
                    #expect(verdicts.allSatisfy { $0.answer != .pass }, "seed \(seed)")
                }
            }
            let isFrozen = world.ledger.freezes.keys.contains { $0.covers(id) }
            var goesBack = false
            if case .repair(let repair, _) = lane.disposition { goesBack = repair.goesBack }
            if isFrozen, !goesBack {
                #expect(lane.held != nil || lane.disposition == .leave(.converged))
            }
            if world.unobserved.contains(id.environment) {
                #expect(lane.held == .unobserved("it does not answer"), "seed \(seed)")
            }
        }
    }

    private func isAsDesired(_ world: FleetWorld) -> Bool {
        let running = world.lanes.filter { !$0.value.slots.isEmpty }
        guard Set(running.keys) == Set(world.fleet.lanes.keys) else { return false }
        return world.fleet.lanes.values.allSatisfy { desired in
            guard let there = running[desired.lane], there.slots.count == 1,
                let slot = there.slots.first
            else { return false }
            return slot.spec == desired.slot(secrets: world.secrets)
                && desired.release.replicas.contains(slot.replicas)
                && there.weights == [slot.id: 1000]
        }
    }

    // MARK: Order of input

    /// The same values in dictionaries that were filled in another order and size.
    private func shuffled(_ world: FleetWorld, _ random: inout SplitMix) -> FleetWorld {
        func refilled<Key: Hashable, Value>(_ old: [Key: Value]) -> [Key: Value] {
            var new: [Key: Value] = [:]
            new.reserveCapacity(Int.random(in: 0...500, using: &random))
            for (key, value) in old.shuffled(using: &random) { new[key] = value }
            return new
        }
        func refilled<Value>(_ old: LaneTable<Value>) -> LaneTable<Value> {
            var new = LaneTable<Value>()
            for (lane, value) in Array(old).shuffled(using: &random) { new[lane] = value }
            return new
        }
        var other = world
        other.fleet.lanes = refilled(world.fleet.lanes)
        for (id, lane) in world.fleet.lanes {
            other.fleet.lanes[id]?.release.config = refilled(lane.release.config)
        }
        other.fleet.environments = refilled(world.fleet.environments)
        other.fleet.parked.lanes = refilled(world.fleet.parked.lanes)
        other.ledger.lanes = refilled(world.ledger.lanes)
        other.ledger.operations = [:]
        for operation in Array(world.ledger.operations.values).shuffled(using: &random) {
            other.ledger.operations[operation.number] = operation
        }
        other.ledger.freezes = refilled(world.ledger.freezes)
        other.ledger.quarantines = refilled(world.ledger.quarantines)
        other.lanes = refilled(world.lanes)
        other.secrets = refilled(world.secrets)
        return other
    }

    /// Every word of a plan that a person or a program can read.
    private static func rendered(_ plan: Plan) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        var lines = plan.notices + [plan.incomplete ?? "", plan.until?.rfc3339 ?? ""]
        for lane in plan.lanes {
            let end =
                switch lane.disposition {
                case .change(let change, let operation):
                    "change \(try json(change)) \(operation ?? 0)"
                case .repair(let repair, let operation):
                    "repair \(try json(repair)) \(operation ?? 0)"
                case .heal(let heal, let operation): "heal \(heal.phrase) \(operation)"
                case .verify(let work, let operation):
                    "verify \(work.phrase) \(operation.map(String.init) ?? "new")"
                case .back(let operation): "back \(operation)"
                case .hold(let reason):
                    "hold \(reason.phrase) \(reason.moves(in: lane.lane).map(\.advice))"
                case .leave(let reason): "leave \(reason.rawValue)"
                }
            lines.append("\(lane.lane): \(end)")
            lines.append(try json(lane.change))
            lines.append(try json(lane.verdicts))
            lines.append(lane.drift.map(\.phrase).joined(separator: "; "))
        }
        return lines.joined(separator: "\n")
    }
}
