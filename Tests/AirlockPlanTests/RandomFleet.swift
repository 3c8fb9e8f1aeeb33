import AirlockMemory
import AirlockModel
import AirlockPlan
import AirlockTestSupport

/// Fleets, merges and mishaps from one seed.
struct RandomFleet {
    var random: SplitMix
    private let units: [String]
    private let environments = ["staging", "production"]
    private let secrets = ["db", "api"].map(Build.secret)

    init(seed: Int) {
        random = SplitMix(seed: UInt64(seed))
        units = (0..<Int.random(in: 3...5, using: &random)).map { "unit-\($0)" }
    }

    mutating func chance(_ one: Int, in all: Int) -> Bool {
        Int.random(in: 0..<all, using: &random) < one
    }

    /// A world that has not deployed anything; limits are wide enough for any merge.
    mutating func world() -> FleetWorld {
        let share = Share(basisPoints: Int.random(in: 1_000...6_000, using: &random))
        let limits = Limits(
            removals: Limits.Bound(share: .whole), changing: Limits.Bound(count: 4, share: share))
        var world = FleetWorld(
            environments.flatMap { name in units.map { lane("\(name)/\($0)") } }, limits: limits,
            tiers: ["production": .production])
        world.secrets = [secrets[0]: "1", secrets[1]: "1"]
        return world
    }

    private mutating func lane(_ text: String) -> DesiredLane {
        // Anyone calls anyone: circles are usual.
        let calls = units.filter { _ in chance(1, in: 4) }
        var desired = Build.desired(
            text, Int.random(in: 1...9, using: &random), calls: calls, deadline: .seconds(20))
        let low = Int.random(in: 1...3, using: &random)
        desired.release.replicas = Build.replicas(low, low + Int.random(in: 0...2, using: &random))
        if chance(1, in: 3) { desired.release.config["A"] = .secret(secrets[0]) }
        if chance(1, in: 3) { desired.release.config["B"] = .secret(secrets[1]) }
        if chance(1, in: 3) { desired.release.config["C"] = .plain("\(random.next() % 3)") }
        return desired
    }

    /// Other releases, lanes that are gone or new; nobody calls what is gone.
    mutating func merge(into world: inout FleetWorld) {
        var next = world.fleet
        for name in environments {
            var gone: Set<UnitName> = []
            for unit in units {
                let id = Build.lane("\(name)/\(unit)")
                if chance(1, in: 2) { next.lanes[id] = lane(id.description) }
                if chance(1, in: 6), gone.count < units.count - 2 {
                    next.lanes[id] = nil
                    gone.insert(id.unit.name)
                }
            }
            for id in next.lanes.keys.sorted() where id.environment.description == name {
                guard let old = next.lanes[id] else { continue }
                let calls = old.template.calls.filter { next.lanes[Self.service($0, id)] != nil }
                next.lanes[id]?.template = Template(port: old.template.port, calls: calls)
            }
        }
        if chance(1, in: 3) { world.secrets[secrets[0]] = "\(random.next() % 4)" }
        world.merge(next)
    }

    private static func service(_ name: UnitName, _ lane: LaneID) -> LaneID {
        LaneID(environment: lane.environment, unit: UnitID(kind: .service, name: name))
    }

    /// Someone changes something by hand.
    mutating func tamper(with world: inout FleetWorld) {
        for id in world.lanes.keys.sorted() where chance(1, in: 5) {
            let kind = Int.random(in: 0..<5, using: &random)
            world.tamper(id.description) { lane, slot in
                let foreign = Build.slot("foreign", 1)
                return switch kind {
                case 0: lane.after(.stop(slot))
                case 1: lane.after(.scale(slot, replicas: 9))
                case 2: lane.after(.route([:]))
                case 3: lane.after(.start(foreign, replicas: 1))
                default: lane.with(slot) { $0.edited(into: foreign) }
                }
            }
        }
    }

    /// Freezes, quarantines, files that cannot be read, slots that never become healthy.
    mutating func hinder(_ world: inout FleetWorld) {
        for id in world.fleet.lanes.keys.sorted() {
            if chance(1, in: 12) { world.freeze(id.description) }
            if chance(1, in: 12) {
                world.fleet.lanes[id] = nil
                world.fleet.parked.lanes[id] = [Diagnostic(path: "\(id).yaml", problem: "odd")]
            }
            guard chance(1, in: 6), let slot = world.fleet.lanes[id]?.slot(secrets: world.secrets)
            else { continue }
            if chance(1, in: 2) {
                world.broken.insert(slot.id)
            } else {
                world.ledger.apply(
                    .quarantine(
                        Quarantine(
                            lane: id, slot: slot.id, artifact: slot.artifact, reason: "slow",
                            operation: 1, since: world.now.wall)))
            }
        }
        if chance(1, in: 8) { world.freeze("staging") }
        if chance(1, in: 8) { world.unobserved = [Build.environment("staging")] }
        if chance(1, in: 8) { world.clockFault = "wall moved against monotonic" }
    }
}
