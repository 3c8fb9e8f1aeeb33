import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Jobs of the simulated world run in its own time and end as is said of their artifact.
@Suite struct JobTests {
    private func job(_ operation: Int, timeout: Duration = .seconds(60)) -> Job {
        Job(
            id: JobID(ledger: Bench.claim().ledger, operation: operation), slot: Bench.spec.id,
            command: ["/app/selftest"], timeout: timeout)
    }

    private func phase(_ job: Job, in bench: Bench) async throws -> JobObservation.Phase? {
        try await bench.look().lanes[Bench.lane]?.job(job.id)?.phase
    }

    @Test(
        "a job ends after its time as the artifact says, and one that never ends is ended",
        arguments: [
            (VerifyBehaviour.Outcome.passed, 5, JobObservation.Phase.passed), (.failed, 5, .failed),
            (.never, 60, .timedOut),
        ])
    func ends(
        outcome: VerifyBehaviour.Outcome, seconds: Int, phase: JobObservation.Phase
    ) async throws {
        let bench = Bench()
        try await bench.behave(
            ArtifactBehaviour(verify: VerifyBehaviour(takes: .seconds(5), outcome: outcome)))
        try await bench.serve()
        let job = job(2)
        try await bench.order(.run(job), 2)
        let begun = try await bench.look()
        #expect(begun.until == bench.clock.now().wall + .seconds(seconds))
        bench.clock.advance(by: .milliseconds(seconds * 1000 - 1))
        #expect(try await self.phase(job, in: bench) == .running)
        bench.clock.advance(by: .milliseconds(1))
        #expect(try await self.phase(job, in: bench) == phase)
    }

    @Test("a job that takes longer than it may is ended")
    func tooLong() async throws {
        let bench = Bench()
        try await bench.behave(ArtifactBehaviour(verify: VerifyBehaviour(takes: .seconds(5))))
        try await bench.serve()
        let job = job(2, timeout: .seconds(4))
        try await bench.order(.run(job), 2)
        bench.clock.advance(by: .seconds(4))
        #expect(try await phase(job, in: bench) == .timedOut)
    }

    @Test("what is said of an artifact later decides the jobs that begin later")
    func later() async throws {
        let bench = Bench()
        try await bench.behave(
            ArtifactBehaviour(verify: VerifyBehaviour(takes: .zero, outcome: .failed)))
        try await bench.serve()
        try await bench.order(.run(job(2)), 2)
        try await bench.behave(ArtifactBehaviour(verify: VerifyBehaviour(takes: .zero)))
        try await bench.order(.run(job(3)), 3)
        #expect(try await phase(job(2), in: bench) == .failed)
        #expect(try await phase(job(3), in: bench) == .passed)
    }

    @Test("half an order starts no job, a lost answer hides one, what is cut off has not ended")
    func faults() async throws {
        let bench = Bench()
        try await bench.serve()
        try await bench.inject(.half, times: 1)
        await #expect(throws: ProviderError.self) { try await bench.order(.run(job(2)), 2) }
        #expect(try await phase(job(2), in: bench) == nil)
        try await bench.inject(.loseAnswer, times: 1)
        await #expect(throws: ProviderError.self) { try await bench.order(.run(job(3)), 3) }
        #expect(try await phase(job(3), in: bench) == .running)
        #expect(try await bench.order(.run(job(3)), 3).repeated)
        try await bench.inject(.partition, "testing/checkout", lasting: .seconds(60))
        bench.clock.advance(by: .seconds(30))
        #expect(try await phase(job(3), in: bench) == .unknown)
        bench.clock.advance(by: .seconds(30))
        #expect(try await phase(job(3), in: bench) == .passed)
    }

    @Test("a provider that cannot run jobs refuses for ever")
    func lacking() async throws {
        let clock = ManualClock()
        let world = SimulatedProvider(seed: 1, lacking: [.run], now: { clock.now().wall })
        #expect(!world.capabilities(of: Bench.environment).contains(.run))
        var bench = Bench()
        bench.claim = Bench.claim(epoch: 2)
        let order = ActionOrder(
            key: ActionKey(
                ledger: bench.claim.ledger, operation: 1, step: 0, action: .run(job(1))),
            claim: bench.claim, fleet: Build.fleetName(), lane: Bench.lane, change: nil,
            operation: 1, action: .run(job(1)))
        await #expect(throws: ProviderError.unsupported(.run)) { try await world.perform(order) }
    }

    @Test("sixteen jobs of a lane are remembered")
    func bounded() async throws {
        let bench = Bench()
        try await bench.serve()
        for number in 2...20 { try await bench.order(.run(job(number)), number) }
        let jobs = try await bench.look().lanes[Bench.lane]?.jobs
        #expect(jobs?.map(\.id) == (5...20).map { job($0).id })
    }
}
