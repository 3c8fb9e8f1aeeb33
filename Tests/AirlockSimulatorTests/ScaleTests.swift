import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// A large world answers as quickly as a small one.
@Suite struct ScaleTests {
    @Test("the cost of an order and of a filtered answer does not grow with the number of lanes")
    func flat() async throws {
        let (small, large) = (Bench(), Bench())
        for number in 0..<100 { try await start(number, in: small) }
        for number in 0..<5_000 { try await start(number, in: large) }
        let (quick, same) = (try await cost(of: small), try await cost(of: large))
        // Fifty times the lanes: a scan would take fifty times as long.
        #expect(same < quick * 8, "\(quick) among 100 lanes, \(same) among 5,000")
    }

    private func start(_ number: Int, in bench: Bench) async throws {
        try await bench.order(.start(Bench.spec, replicas: 1), number, in: lane(number))
    }

    private func lane(_ number: Int) -> LaneID { Build.lane("testing/service-\(number)") }

    /// The best of five rounds, so that what else the machine does counts less.
    private func cost(of bench: Bench) async throws -> Duration {
        var best = Duration.seconds(3_600)
        for round in 0..<5 {
            let taken = try await ContinuousClock().measure {
                for number in 0..<20 {
                    let lane = lane(number)
                    try await bench.order(
                        .scale(Bench.spec.id, replicas: round % 2 + 2), 10_000 + round, in: lane)
                    _ = try await bench.look([lane])
                    _ = try await bench.counters(last: 1, of: lane, slot: Bench.spec.id)
                }
            }
            best = min(best, taken)
        }
        return best
    }
}
