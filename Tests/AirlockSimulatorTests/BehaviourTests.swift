import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Slots behave as `simulation.yaml` says, and healthy where it is silent.
@Suite struct BehaviourTests {
    @Test("an artifact that is not described is healthy after a second")
    func silent() async throws {
        let bench = Bench()
        try await bench.world.adopt(SimulationSpec(traffic: [Build.unit("checkout"): 50_000]))
        try await bench.serve()
        bench.clock.advance(by: .seconds(60))
        let counters = try await bench.counters(last: 60)
        #expect(counters.count == 60 && counters.allSatisfy { $0.requests == 50 && $0.errors == 0 })
        let view = try await bench.world.view(of: Bench.environment)
        #expect(view.lanes.first?.slots.first?.requests == 3_000)
        let elsewhere = try await bench.world.view(of: Build.environment("production"))
        #expect(elsewhere.lanes.isEmpty)
    }

    @Test("an instance starts for as long as its artifact takes; one that never starts stays so")
    func startup() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour(startup: .seconds(30)))
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
        for (step, phase) in [(29_999, InstanceObservation.Phase.starting), (1, .healthy)] {
            bench.clock.advance(by: .milliseconds(step))
            let slot = try await bench.slot()
            #expect(slot?.instances.map(\.phase) == [phase])
        }
        try await bench.behave(ArtifactBehaviour(startup: nil), 2)
        let never = Build.slot("checkout", 2)
        try await bench.order(.start(never, replicas: 1), 2)
        bench.clock.advance(by: .seconds(86_400))
        let seen = try await bench.look()
        #expect(seen.lanes[Bench.lane]?.slot(never.id)?.instances.map(\.phase) == [.starting])
        #expect(seen.until == nil)
    }

    @Test("a crash comes after its time, again and again")
    func crashes() async throws {
        let bench = Bench()
        try await bench.behave(
            ArtifactBehaviour(startup: .seconds(2), crashAfter: .seconds(10)))
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
        var phases: [InstanceObservation.Phase] = []
        // 2 s start, 10 s health, 1 s down.
        for _ in 0..<26 {
            let slot = try await bench.slot()
            phases += slot?.instances.map(\.phase) ?? []
            bench.clock.advance(by: .seconds(1))
        }
        let round: [InstanceObservation.Phase] =
            [.starting, .starting] + Array(repeating: .healthy, count: 10) + [.failed]
        #expect(phases == round + round)
    }

    @Test("a slot that leaks memory is killed at its limit and starts again")
    func leaks() async throws {
        let bench = Bench()
        try await bench.behave(
            ArtifactBehaviour(memoryBytes: 64 << 20, leakBytesPerMinute: 36 << 20))
        var template = Build.template()
        template.resources.memoryBytes = 100 << 20
        let spec = SlotSpec(artifact: Build.artifact("checkout"), template: template)
        try await bench.order(.start(spec, replicas: 1), 1)
        bench.clock.advance(by: .seconds(1))
        try await bench.order(.route([spec.id: 1000]), 1)
        bench.clock.advance(by: .seconds(59))
        let counters = try await bench.counters(last: 59, slot: spec.id)
        let memory = counters.compactMap(\.memoryBytes)
        #expect(memory == memory.sorted() && memory.last ?? 0 > 95 << 20)
        #expect(memory.allSatisfy { $0 <= 100 << 20 })
        bench.clock.advance(by: .milliseconds(1_500))
        let killed = try await bench.slot()
        #expect(killed?.instances.map(\.phase) == [.failed])
        bench.clock.advance(by: .seconds(3))
        let again = try await bench.counters(last: 1, slot: spec.id)
        #expect(again.first?.memoryBytes ?? 0 < 70 << 20)
        // What does not run has no memory, and no lower bound of it is broken.
        let between = try await bench.counters(last: 4, slot: spec.id)
        #expect(between.contains { $0.memoryBytes == nil })
        #expect(between.allSatisfy { $0.memoryBytes != 0 })
    }

    @Test("a signal of the service's own goes as its artifact says, by the age of the slot")
    func named() async throws {
        let bench = Bench()
        try await bench.serve()
        bench.clock.advance(by: .seconds(10))
        let without = try await bench.counters(last: 10)
        #expect(without.allSatisfy { $0.named == nil })
        let queue = try #require(SignalName("queue"))
        var behaviour = ArtifactBehaviour()
        behaviour.signals = [
            NamedCourse(
                queue, value: SignalValue(millionths: 20_000_000),
                perMinute: SignalValue(millionths: 6_000_000))
        ]
        let other = Bench()
        try await other.behave(behaviour)
        try await other.serve()
        other.clock.advance(by: .seconds(60))
        let counters = try await other.counters(last: 60)
        let values = counters.compactMap { $0.named?.first?.highest.millionths }
        // Five seconds old at the first, and a tenth more with each.
        #expect(values == (0..<60).map { 20_500_000 + Int64($0) * 100_000 })
    }

    @Test("poison works after its time, by the age of the slot")
    func poison() async throws {
        let bench = Bench()
        try await bench.behave(
            ArtifactBehaviour(
                poisonAfter: .seconds(300), poisonErrorRate: Share(basisPoints: 5_000)))
        try await bench.serve()
        bench.clock.advance(by: .seconds(395))
        let counters = try await bench.counters(last: 200)
        let before = counters.prefix(100)
        let after = counters.suffix(100)
        #expect(before.allSatisfy { $0.errors == 0 })
        let rate = Double(after.reduce(0) { $0 + $1.errors }) / 5_000
        #expect((0.46...0.54).contains(rate), "\(rate)")
    }

    @Test("errors come near to the configured rate, and seconds do not repeat one another")
    func statistics() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour(errorRate: Share(basisPoints: 1_000)))
        try await bench.serve()
        bench.clock.advance(by: .seconds(4_000))
        let errors = try await bench.counters(last: 4_000).map { Double($0.errors) }
        #expect(errors.count == 4_000)
        // Binomial: 50 requests with 10% give a mean of 5 and a variance of 4.5.
        let mean = errors.reduce(0, +) / 4_000
        let variance = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4_000
        #expect((4.85...5.15).contains(mean), "\(mean)")
        #expect((4.0...5.0).contains(variance), "\(variance)")
        let pairs = zip(errors, errors.dropFirst())
        let covariance = pairs.reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) } / 3_999
        #expect(abs(covariance / variance) < 0.08, "\(covariance / variance)")
    }

    @Test("a running slot keeps the behaviour that it started with")
    func keeps() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour())
        try await bench.serve()
        try await bench.behave(ArtifactBehaviour(startup: nil, errorRate: .whole))
        bench.clock.advance(by: .seconds(10))
        let (slot, counters) = (try await bench.slot(), try await bench.counters(last: 10))
        #expect(slot?.healthyCount == 2 && counters.allSatisfy { $0.errors == 0 })
        try await bench.order(.stop(Bench.spec.id), 2)
        try await bench.order(.start(Bench.spec, replicas: 1), 3)
        bench.clock.advance(by: .seconds(100))
        let anew = try await bench.slot()
        #expect(anew?.healthyCount == 0)
    }

    @Test("counters of the past stay as they were when traffic and instances change")
    func past() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour())
        try await bench.serve(replicas: 1)
        bench.clock.advance(by: .seconds(20))
        let before = try await bench.counters(last: 15)
        let next = Build.slot("checkout", 2)
        try await bench.order(.start(next, replicas: 1), 2)
        try await bench.inject(.loseInstance, "testing/checkout")
        bench.clock.advance(by: .seconds(5))
        try await bench.order(.route([Bench.spec.id: 200, next.id: 800]), 2)
        bench.clock.advance(by: .seconds(10))
        let all = try await bench.counters(last: 30)
        #expect(Array(all.prefix(15)) == before)
        #expect(all.suffix(9).allSatisfy { $0.requests == 10 })
        let outage = all.dropFirst(15).prefix(1)
        #expect(outage.allSatisfy { $0.errors == $0.requests && $0.requests == 50 })
        let other = try await bench.counters(last: 9, slot: next.id)
        #expect(other.allSatisfy { $0.requests == 40 })
    }

    @Test("counters are had for a day at a time, of what has been and of what runs")
    func bounds() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour())
        try await bench.serve()
        let now = bench.clock.now().wall
        let future = try await bench.world.counters(
            of: Bench.lane, slot: Bench.spec.id, from: now, to: now + .seconds(60))
        #expect(future.isEmpty)
        await #expect(throws: ProviderError.self) {
            try await bench.counters(last: 86_401)
        }
        let none = try await bench.counters(last: 5, slot: Build.slot("checkout", 9).id)
        #expect(none.isEmpty)
    }

    @Test("secrets have the versions that the simulation names")
    func secrets() async throws {
        let bench = Bench()
        let (known, unknown) = (Build.secret("checkout-db"), Build.secret("other"))
        try await bench.world.adopt(SimulationSpec(secrets: [known: "4"]))
        let versions = try await bench.world.versions(
            of: [known, unknown], in: Bench.environment)
        #expect(versions == [known: "4"])
    }

    @Test("what it cannot do is said and refused")
    func lacking() async throws {
        let clock = ManualClock()
        let world = SimulatedProvider(seed: 1, lacking: [.scale]) { clock.now().wall }
        #expect(!world.capabilities(of: Bench.environment).contains(.scale))
        let action = Action.scale(Bench.spec.id, replicas: 2)
        await #expect(throws: ProviderError.unsupported(.scale)) {
            try await world.perform(
                ActionOrder(
                    key: ActionKey(
                        ledger: Bench.claim().ledger, operation: 1, step: 0, action: action),
                    claim: Bench.claim(), fleet: Build.fleetName(), lane: Bench.lane, change: nil,
                    operation: 1, action: action))
        }
    }
}
