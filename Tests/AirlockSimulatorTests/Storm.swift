import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport

/// Commands, faults, clock steps and questions of every kind, odd ones among them.
enum Storm {
    private static let lanes = ["testing/checkout", "testing/search", "testing/cart"]

    static func step(_ step: Int, of bench: Bench, _ random: inout SplitMix) async throws {
        let lane = Build.lane(lanes.randomElement(using: &random) ?? lanes[0])
        let slot = Build.slot(lane.unit.name.description, Int.random(in: 1...4, using: &random))
        switch Int.random(in: 0..<20, using: &random) {
        case 0...11:
            let again = Int.random(in: 0..<50, using: &random)
            let operation = Bool.random(using: &random) ? step : again
            let writer = Bench.claim(epoch: Int.random(in: 1...3, using: &random))
            try await bench.order(action(slot, &random), operation, in: lane, by: writer)
        case 12...13: try await inject(bench, lane, &random)
        case 14: try await bench.world.advance(by: seconds(&random))
        case 15: bench.clock.step(wall: seconds(&random))
        case 16: bench.clock.advance(by: .milliseconds(Int.random(in: 0..<90_000, using: &random)))
        case 17:
            try await bench.behave(behaviour(&random))
        case 18:
            _ = try await bench.world.claim(
                Bench.environment, of: Build.fleetName(),
                for: Bench.claim(epoch: Int.random(in: 1...2, using: &random)), takeOver: false)
        default:
            _ = try await bench.look(Bool.random(using: &random) ? [lane] : nil)
            _ = try await bench.counters(last: 20, of: lane, slot: slot.id)
        }
    }

    private static func action(_ slot: SlotSpec, _ random: inout SplitMix) -> Action {
        let odd = [-1, 0, 1, 2, 3, 500, 1000, 1001, 20_000, Int.max, Int.min]
        let number = odd.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .start(slot, replicas: number)
        case 1...3: return .start(slot, replicas: Int.random(in: 0...3, using: &random))
        case 4: return .scale(slot.id, replicas: number)
        case 5: return .route([slot.id: 1000])
        case 6:
            var weights = [slot.id: number]
            weights[Bench.spec.id] = odd.randomElement(using: &random)
            return .route(weights)
        default: return .stop(slot.id)
        }
    }

    private static func inject(
        _ bench: Bench, _ lane: LaneID, _ random: inout SplitMix
    ) async throws {
        let kinds: [SimulatedFault.Kind] = [
            .refuse, .loseAnswer, .loseOrder, .half, .deliverTwice, .late(seconds(&random)),
            .partition,
            .loseInstance, .driftReplicas(Int.random(in: -1...5, using: &random)), .driftTraffic,
            .driftConfig, .driftStop, .driftForeign,
        ]
        let times: Int? = Bool.random(using: &random) ? Int.random(in: 0...3, using: &random) : nil
        try await bench.world.inject(
            SimulatedFault(
                kind: kinds.randomElement(using: &random) ?? .refuse,
                scope: Bool.random(using: &random) ? .lane(lane) : .environment(Bench.environment),
                times: times, lasting: .seconds(Int.random(in: -1...60, using: &random))))
    }

    private static func seconds(_ random: inout SplitMix) -> Duration {
        let spans = [-3_600, -1, 0, 1, 2, 10, 600, 86_400, Int.max / 10_000]
        return .seconds(spans.randomElement(using: &random) ?? 0)
    }

    private static func behaviour(_ random: inout SplitMix) -> ArtifactBehaviour {
        var behaviour = ArtifactBehaviour()
        behaviour.startup = Bool.random(using: &random) ? .zero : nil
        behaviour.crashAfter = Bool.random(using: &random) ? .zero : .seconds(90)
        behaviour.leakBytesPerMinute = Bool.random(using: &random) ? 1 << 50 : 0
        behaviour.poisonAfter = .seconds(Int.random(in: 0...600, using: &random))
        return behaviour
    }
}
