import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// The world is a pure function of its records and the time.
@Suite struct WorldTests {
    /// A life with traffic, errors, a fault and a second version.
    private func live(_ bench: Bench, extraLane: Bool = false) async throws {
        _ = try await bench.world.claim(
            Bench.environment, of: Build.fleetName(), for: bench.claim, takeOver: false)
        try await bench.behave(ArtifactBehaviour(errorRate: Share(basisPoints: 500)))
        if extraLane { try await bench.serve(in: Build.lane("testing/search")) }
        if !extraLane { bench.clock.advance(by: .seconds(5)) }
        try await bench.serve()
        bench.clock.advance(by: .seconds(30))
        try await bench.inject(.loseInstance, "testing/checkout")
        try await bench.order(.scale(Bench.spec.id, replicas: 3), 2)
        bench.clock.advance(by: .seconds(30))
    }

    @Test("equal records give an equal world, in memory and in a file")
    func equal() async throws {
        let folder = try Folder()
        let (one, two) = (Bench(), Bench())
        try await live(one)
        try await live(two)
        let (first, second) = (try await one.bytes(), try await two.bytes())
        #expect(first == second)
        let stored = Bench(in: folder)
        try await live(stored)
        let (seen, remembered) = (try await stored.look(), try await one.look())
        #expect(seen.lanes == remembered.lanes)
    }

    @Test("another seed gives other numbers")
    func seeds() async throws {
        let (one, two) = (Bench(seed: 1), Bench(seed: 2))
        try await live(one)
        try await live(two)
        let (first, second) = (
            try await one.counters(last: 30), try await two.counters(last: 30)
        )
        #expect(first != second)
    }

    @Test("a new lane changes no other lane's counters")
    func lanes() async throws {
        let (alone, accompanied) = (Bench(), Bench())
        try await live(alone)
        try await live(accompanied, extraLane: true)
        let (first, second) = (
            try await alone.counters(last: 60), try await accompanied.counters(last: 60)
        )
        #expect(first == second && first.count == 60)
    }

    @Test("world time does not go back when the wall clock does, and goes on at once")
    func clockGoesBack() async throws {
        let bench = Bench()
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
        bench.clock.advance(by: .seconds(3))
        let before = try await bench.look()
        #expect(before.lanes[Bench.lane]?.slots.first?.healthyCount == 1)
        bench.clock.step(wall: .seconds(-3_600))
        let after = try await bench.look()
        #expect(after.lanes == before.lanes)
        let next = Build.slot("checkout", 2)
        try await bench.order(.start(next, replicas: 1), 2)
        let started = try await bench.look().lanes[Bench.lane]?.slot(next.id)
        #expect(started?.healthyCount == 0)
        bench.clock.advance(by: .seconds(2))
        let healthy = try await bench.look().lanes[Bench.lane]?.slot(next.id)
        #expect(healthy?.healthyCount == 1)
        try await bench.order(.route([next.id: 1000]), 3)
        bench.clock.advance(by: .seconds(10))
        // Who asks in the seconds of the clock that was set gets what was served in them.
        let counted = try await bench.counters(last: 10, slot: next.id)
        #expect(counted.count == 10, "\(counted)")
    }

    @Test("advancing the world is time that passes in it alone, and only forward")
    func advance() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour(startup: .seconds(120)))
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
        let starting = try await bench.look()
        #expect(starting.until == bench.clock.now().wall + .seconds(120))
        try await bench.world.advance(by: .seconds(60))
        let half = try await bench.look()
        #expect(half.until == bench.clock.now().wall + .seconds(60))
        #expect(half.revision != starting.revision)
        try await bench.world.advance(by: .seconds(60))
        let healthy = try await bench.slot()?.healthyCount
        #expect(healthy == 1)
        for wrong in [Duration.seconds(-1), .seconds(1 << 40)] {
            await #expect(throws: ProviderError.self) { try await bench.world.advance(by: wrong) }
        }
    }

    @Test("an answer of time alone is new exactly when it turns")
    func timeAlone() async throws {
        let bench = Bench()
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
        let seen = try await bench.look()
        func isUnchanged() async throws -> Bool {
            let answer = try await bench.world.observe(
                Bench.environment, of: Build.fleetName(), lanes: nil, since: seen.revision)
            if case .unchanged = answer { return true }
            return false
        }
        bench.clock.advance(by: .milliseconds(999))
        let early = try await isUnchanged()
        bench.clock.advance(by: .milliseconds(1))
        let due = try await isUnchanged()
        #expect(early && !due)
    }

    @Test("64 concurrent orders share few flushes")
    func groupCommit() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        try await withThrowingTaskGroup { group in
            for number in 0..<64 {
                group.addTask {
                    try await bench.order(
                        .start(Build.slot("service-\(number)"), replicas: 1), number,
                        in: Build.lane("testing/service-\(number)"))
                }
            }
            try await group.waitForAll()
        }
        let (flushes, lanes) = (await bench.world.flushes(), try await bench.look().lanes.count)
        #expect(lanes == 64 && flushes <= 16, "\(flushes) flushes")
    }

    @Test("a thousand random commands and faults never trap", arguments: 1...8)
    func random(_ number: Int) async throws {
        var random = SplitMix(seed: UInt64(number))
        let bench = Bench(seed: UInt64(number))
        for step in 0..<1_000 {
            do {
                try await Storm.step(step, of: bench, &random)
            } catch is ProviderError {
                // A refusal, a lost answer and a fence are all that may come of it.
            }
        }
        bench.clock.advance(by: .seconds(86_400))
        let seen = try await bench.look()
        for lane in seen.lanes.values {
            #expect(lane.weights.isEmpty || lane.weights.values.reduce(0, +) == 1000)
            #expect(lane.weights.keys.allSatisfy { lane.slot($0) != nil })
        }
        let deliveries = try await bench.world.deliveries()
        let applied = deliveries.filter { $0.effect == .applied }.map(\.order.key)
        #expect(Set(applied).count == applied.count, "a key was carried out twice")
        #expect(deliveries.count > 400)
    }
}
