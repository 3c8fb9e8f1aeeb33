import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Test jobs that their provider does not take or cannot tell of.
@Suite("test jobs and their provider") struct JobProviderTests {
    @Test("production says of a job that its provider refuses that it does not begin, and why")
    func told() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["testing/api"] = 2
        stage.commit()
        try await stage.settle(engine)
        try await stage.world.inject(
            SimulatedFault(kind: .refuse, scope: .lane(Stage.testing), lasting: .seconds(60)))
        // Another job of what testing runs already: nothing but the job is ordered there.
        stage.extra["services/api/service.yaml"] =
            "port: 8080\nverify: {run: [/app/more], timeout: 10s}\n"
        stage.release(2)
        var reasons: Set<String> = []
        for _ in 0..<300 {
            let summary = try await engine.tick()
            if let reason = summary.held[Stage.production] { reasons.insert(reason) }
            stage.clock.advance(by: .seconds(1))
        }
        #expect(
            reasons.contains {
                $0.contains("does not begin in testing/api")
                    && $0.contains("because of its provider: refused")
            }, "\(reasons)")
        // Nothing of it stays when it is over.
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let operations = try await stage.ledger.operations(of: Stage.testing, limit: 9)
        #expect(operations.allSatisfy { $0.rollout.refusal == nil })
    }

    @Test("a job that its provider refuses for long begins when it is not refused any more")
    func refused() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        try await stage.world.inject(
            SimulatedFault(kind: .refuse, scope: .lane(Stage.testing), lasting: .seconds(120)))
        // Another job of what is there already: nothing but the job is ordered.
        stage.extra["services/api/service.yaml"] =
            "port: 8080\nverify: {run: [/app/more], timeout: 10s}\n"
        stage.commit()
        var results: [VerificationResult] = []
        for _ in 0..<900 where results.last?.job.run != ["/app/more"] {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
            results = try await stage.ledger.state().verifications[Stage.testing]?.results ?? []
        }
        #expect(results.last?.job.run == ["/app/more"])
        #expect(results.map(\.outcome) == [.passed])
        #expect(try await stage.runs() == 2)
    }

    @Test("a job out of sight for longer than its time has the result that it came to")
    func outOfSight() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.extra["services/api/service.yaml"] =
            "port: 8080\nverify: {run: [/app/more], timeout: 10s}\n"
        stage.commit()
        for _ in 0..<9 where try await stage.runs() == 1 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        try await stage.world.inject(
            SimulatedFault(kind: .partition, scope: .lane(Stage.testing), lasting: .seconds(300)))
        var results: [VerificationResult] = []
        for second in 0..<400 where results.last?.job.run != ["/app/more"] {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
            results = try await stage.ledger.state().verifications[Stage.testing]?.results ?? []
            if second == 200 { #expect(results.last?.job.run != ["/app/more"]) }
        }
        #expect(results.last?.job.run == ["/app/more"])
        #expect(results.map(\.outcome) == [.passed])
        #expect(try await stage.runs() == 2)
    }
}
