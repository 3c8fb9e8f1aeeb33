import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Every fault can be seen in the world's own record and in what is observed.
@Suite struct FaultTests {
    private let start = Action.start(Bench.spec, replicas: 2)

    @Test("a refused order is not carried out, and the provider says so")
    func refuse() async throws {
        let bench = Bench()
        try await bench.inject(.refuse, times: 1)
        let error = await #expect(throws: ProviderError.self) { try await bench.order(start, 1) }
        #expect(error?.isOutcomeUnknown == false)
        let refused = try await bench.slot()
        #expect(refused == nil)
        let receipt = try await bench.order(start, 1)
        #expect(receipt == Receipt())
        let effects = try await bench.effects()
        #expect(effects == [.refused("a fault was asked for"), .applied])
    }

    @Test("a lost answer hides an order that was carried out")
    func loseAnswer() async throws {
        let bench = Bench()
        try await bench.inject(.loseAnswer, times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        let slot = try await bench.slot()
        #expect(slot?.replicas == 2)
        let repeated = try await bench.order(start, 1)
        let effects = try await bench.effects()
        #expect(repeated.repeated && effects == [.applied, .repeated])
    }

    @Test("a lost order is never carried out")
    func loseOrder() async throws {
        let bench = Bench()
        try await bench.inject(.loseOrder, "testing/checkout", times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        bench.clock.advance(by: .seconds(3_600))
        let slot = try await bench.slot()
        let effects = try await bench.effects()
        #expect(slot == nil && effects == [.lost])
    }

    @Test("half of an order is seen as it is, and the same order may be given again")
    func half() async throws {
        let bench = Bench()
        let id = Bench.spec.id
        for (number, (action, replicas)) in [
            (Action.start(Bench.spec, replicas: 4), 2), (.scale(id, replicas: 6), 4),
            (.stop(id), 2),
        ].enumerated() {
            try await bench.inject(.half, times: 1)
            try await expectUnknown { _ = try await bench.order(action, number) }
            let slot = try await bench.slot()
            #expect(slot?.replicas == replicas, "\(action)")
        }
        let receipt = try await bench.order(.stop(id), 2)
        let effects = try await bench.effects()
        #expect(receipt == Receipt() && effects == [.half, .half, .half, .applied])
        let slot = try await bench.slot()
        #expect(slot == nil)
    }

    @Test("half of a switch leaves traffic on both slots")
    func halfSwitch() async throws {
        let bench = Bench()
        let (old, new) = (Bench.spec, Build.slot("checkout", 2))
        _ = try await bench.order(.start(old, replicas: 1), 1)
        _ = try await bench.order(.start(new, replicas: 1), 2)
        _ = try await bench.order(.route([old.id: 1000]), 3)
        try await bench.inject(.half, times: 1)
        try await expectUnknown { _ = try await bench.order(.route([new.id: 1000]), 4) }
        let weights = try await bench.look().lanes.values.first?.weights
        #expect(weights == [old.id: 500, new.id: 500])
    }

    @Test("an order that arrives twice is carried out once")
    func deliverTwice() async throws {
        let bench = Bench()
        try await bench.inject(.deliverTwice, times: 1)
        let receipt = try await bench.order(start, 1)
        let effects = try await bench.effects()
        #expect(receipt == Receipt() && effects == [.applied, .repeated])
    }

    @Test("a late order is carried out later, and the time of it is known")
    func late() async throws {
        let bench = Bench()
        try await bench.inject(.late(.seconds(5)), times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        let before = try await bench.look()
        let due = bench.clock.now().wall + .seconds(5)
        #expect(before.lanes.isEmpty && before.until == due)
        bench.clock.advance(by: .seconds(5))
        let slot = try await bench.slot()
        #expect(slot?.instances.map(\.phase) == [.starting, .starting])
        let effects = try await bench.effects()
        #expect(effects == [.pending(until: due), .applied])
    }

    @Test("a late order of a writer that was fenced meanwhile has no effect")
    func lateAndFenced() async throws {
        let bench = Bench()
        try await bench.inject(.late(.seconds(5)), times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        let next = Bench.claim(epoch: 2)
        _ = try await bench.world.claim(
            Bench.environment, of: Build.fleetName(), for: next, takeOver: false)
        bench.clock.advance(by: .seconds(5))
        let slot = try await bench.slot()
        let last = try await bench.effects().last
        #expect(slot == nil && last == .fenced(by: next))
    }

    @Test("a late order whose key came again meanwhile is carried out once")
    func lateAndRepeated() async throws {
        let bench = Bench()
        try await bench.inject(.late(.seconds(5)), times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        let due = bench.clock.now().wall + .seconds(5)
        try await bench.order(start, 1)
        try await bench.order(.stop(Bench.spec.id), 2)
        bench.clock.advance(by: .seconds(5))
        let slot = try await bench.slot()
        let effects = try await bench.effects()
        #expect(slot == nil)
        #expect(effects == [.pending(until: due), .applied, .applied, .repeated])
    }

    @Test("late orders are carried out in the order of their times")
    func lateInOrder() async throws {
        let bench = Bench()
        try await bench.inject(.late(.seconds(5)), times: 1)
        try await expectUnknown { _ = try await bench.order(start, 1) }
        try await bench.inject(.late(.seconds(1)), times: 1)
        try await expectUnknown { _ = try await bench.order(.start(Bench.spec, replicas: 1), 2) }
        bench.clock.advance(by: .seconds(60))
        let slot = try await bench.slot()
        #expect(slot?.operation == 2)
    }

    @Test("a late order comes before those that share its flush and follow it")
    func lateInOneFlush() async throws {
        let bench = Bench()
        try await bench.inject(.late(.zero), times: 1)
        await withTaskGroup { group in
            for operation in 1...2 {
                group.addTask {
                    do { try await bench.order(start, operation) } catch {
                        // One of them gets no answer.
                        return
                    }
                }
            }
        }
        let effects = try await bench.effects()
        #expect(effects.count == 3 && effects.count { $0 == .applied } == 1)
    }

    @Test("behind a partition nothing is known, what runs goes on, and it ends")
    func partition() async throws {
        let bench = Bench()
        try await bench.serve()
        let before = try await bench.look()
        try await bench.inject(.partition, lasting: .seconds(30))
        try await expectUnknown { _ = try await bench.look() }
        try await expectUnknown { _ = try await bench.counters(last: 3) }
        try await expectUnknown { _ = try await bench.order(.stop(Bench.spec.id), 2) }
        try await expectUnknown {
            _ = try await bench.world.claim(
                Bench.environment, of: Build.fleetName(), for: bench.claim, takeOver: false)
        }
        try await expectUnknown {
            _ = try await bench.world.isPresent(Bench.spec.artifact, in: Bench.environment)
        }
        let effects = try await bench.effects()
        #expect(effects.last == .lost)
        bench.clock.advance(by: .seconds(30))
        let after = try await bench.look()
        #expect(after.lanes == before.lanes)
    }

    @Test("behind a partition of one lane its instances are unknown, and the others are seen")
    func lanePartition() async throws {
        let bench = Bench()
        let other = Build.lane("testing/search")
        try await bench.serve()
        try await bench.serve(in: other)
        let before = try await bench.look()
        try await bench.inject(.partition, "testing/checkout", times: 1)
        let during = try await bench.look()
        #expect(during.revision != before.revision)
        let phases = during.lanes[Bench.lane]?.slots.flatMap(\.instances).map(\.phase)
        #expect(phases == [.unknown, .unknown])
        #expect(during.lanes[other] == before.lanes[other])
        try await expectUnknown { _ = try await bench.order(.stop(Bench.spec.id), 2) }
        let after = try await bench.look()
        #expect(after.lanes == before.lanes && after.revision != during.revision)
    }

    @Test("an instance that is lost is started again under another name")
    func loseInstance() async throws {
        let bench = Bench()
        try await bench.serve()
        let before = try await bench.slot()
        try await bench.inject(.loseInstance, "testing/checkout")
        let after = try await bench.slot()
        #expect(after?.replicas == 2 && after?.healthyCount == 1)
        #expect(after?.instances.map(\.id) != before?.instances.map(\.id))
        bench.clock.advance(by: .seconds(1))
        let healed = try await bench.slot()
        #expect(healed?.healthyCount == 2)
    }

    @Test("an instance that is only slow fails as many of its requests as its peers")
    func slow() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour(errorRate: Share(basisPoints: 2_000)))
        try await bench.serve()
        try await bench.inject(
            .degradeInstances(1, errors: Share(basisPoints: 0), latency: .milliseconds(900)))
        bench.clock.advance(by: .seconds(100))
        let now = bench.clock.now().wall
        let instances = try #require(
            try await bench.world.instances(
                of: Bench.lane, slot: Bench.spec.id, from: now + .seconds(-100), to: now))
        let slow = instances.filter { ($0.latencyP99Microseconds ?? 0) > 500_000 }
        #expect(slow.count == 1 && instances.count == 2)
        for instance in instances {
            let rate = Double(try #require(instance.errors)) / Double(instance.requests)
            #expect((0.16...0.24).contains(rate), "\(instance)")
        }
        let errors = try await bench.counters(last: 100).reduce(0) { $0 + $1.errors }
        #expect((850...1_150).contains(errors), "\(errors)")
    }

    @Test("what someone did by hand is seen")
    func drift() async throws {
        let bench = Bench()
        try await bench.serve()
        let revision = try await bench.look().revision
        try await bench.inject(.driftReplicas(5))
        let scaled = try await bench.slot()
        #expect(scaled?.replicas == 5 && scaled?.instances.count == 5)
        let news = try await bench.look().revision
        #expect(news != revision)
        try await bench.inject(.driftForeign)
        let slots = try await bench.look().lanes[Bench.lane]?.slots ?? []
        #expect(slots.count == 2 && slots.contains { $0.operation == nil })
        try await bench.inject(.driftConfig)
        let edited = try await bench.look().lanes[Bench.lane]?.slot(Bench.spec.id)
        #expect(edited?.isEdited == true)
        // It is not taken for what was ordered.
        await #expect(throws: ProviderError.self) {
            try await bench.order(.start(Bench.spec, replicas: 5), 7)
        }
        try await bench.inject(.driftTraffic)
        let weights = try await bench.look().lanes[Bench.lane]?.weights
        #expect(weights == [:])
        try await bench.order(.route([Bench.spec.id: 1000]), 8)
        try await bench.inject(.driftStop)
        let left = try await bench.look().lanes[Bench.lane]
        #expect(left?.slot(Bench.spec.id) == nil && left?.weights == [:])
        let orders = try await bench.effects().count
        #expect(orders == 4, "nobody ordered what was done by hand")
    }

    @Test("a fault ends after its count, or after its time")
    func endings() async throws {
        let bench = Bench()
        try await bench.inject(.refuse, times: 2)
        for operation in 1...2 {
            await #expect(throws: ProviderError.self) { try await bench.order(start, operation) }
        }
        try await bench.order(start, 3)
        try await bench.inject(.refuse, lasting: .seconds(10))
        bench.clock.advance(by: .seconds(9))
        await #expect(throws: ProviderError.self) { try await bench.order(.stop(Bench.spec.id), 4) }
        bench.clock.advance(by: .seconds(1))
        try await bench.order(.stop(Bench.spec.id), 5)
        let faults = try await bench.world.view(of: nil).faults
        #expect(faults.isEmpty)
    }

    @Test("a fault strikes its scope and nothing else")
    func scope() async throws {
        let bench = Bench()
        try await bench.inject(.refuse, "testing/search")
        try await bench.order(start, 1)
        await #expect(throws: ProviderError.self) {
            try await bench.order(
                .start(Build.slot("search"), replicas: 1), 2, in: Build.lane("testing/search"))
        }
    }

    @Test("a fault that no world can have is refused")
    func impossible() async throws {
        let bench = Bench()
        let long = Duration.seconds(1 << 40)
        await #expect(throws: ProviderError.self) { try await bench.inject(.refuse, times: 0) }
        await #expect(throws: ProviderError.self) {
            try await bench.inject(.refuse, lasting: .seconds(-1))
        }
        await #expect(throws: ProviderError.self) { try await bench.inject(.late(long)) }
        await #expect(throws: ProviderError.self) { try await bench.inject(.driftReplicas(-1)) }
    }

    @Test("planted bugs do what they say")
    func planted() async throws {
        let clock = ManualClock()
        let fenceless = SimulatedProvider(seed: 1, dropsFence: true) { clock.now().wall }
        _ = try await fenceless.claim(
            Bench.environment, of: Build.fleetName(), for: Bench.claim(epoch: 2), takeOver: false)
        let order = ActionOrder(
            key: ActionKey(ledger: Bench.claim().ledger, operation: 1, step: 0, action: start),
            claim: Bench.claim(epoch: 1), fleet: Build.fleetName(), lane: Bench.lane, change: nil,
            operation: 1, action: start)
        let receipt = try await fenceless.perform(order)
        #expect(receipt == Receipt())
        let keyless = SimulatedProvider(seed: 1, ignoresIdempotency: true) { clock.now().wall }
        #expect(!keyless.capabilities(of: Bench.environment).contains(.idempotency))
        _ = try await keyless.perform(order)
        let again = try await keyless.perform(order)
        #expect(!again.repeated)
    }

    private func expectUnknown(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
            Issue.record("it was answered", sourceLocation: sourceLocation)
        } catch let error as ProviderError {
            #expect(error.isOutcomeUnknown, sourceLocation: sourceLocation)
        }
    }
}
