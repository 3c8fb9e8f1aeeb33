import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Whoever breaks or removes one file of an environment does not switch off what protects its users.
@Suite("an environment whose file cannot be read, or is gone")
struct LostEnvironmentTests {
    private static let lane = Build.lane("production/api")

    /// What becomes of the environment's file.
    enum Loss: String, CaseIterable, Sendable { case unreadable, gone }

    private static func lose(_ loss: Loss, in stage: Stage) {
        var files = stage.files
        switch loss {
        case .unreadable: files["environments/production.yaml"] = "tier: prodution\n"
        case .gone:
            files["environments/production.yaml"] = nil
            files["fleet.yaml"] = files["fleet.yaml"]?
                .replacing("[development, production]", with: "[development]")
        }
        stage.repository.merge(files, author: "ada@example.org")
    }

    /// A canary of version 3 or 2 that has had a hundredth of the traffic for some seconds when the file is lost.
    private static func begun(
        _ version: Int, _ loss: Loss, seconds: Int = 3
    ) async throws -> (stage: Stage, engine: Engine) {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(version, in: stage)
        try await stage.look(engine, seconds: seconds)
        #expect(try await stage.share(of: version) == 10)
        lose(loss, in: stage)
        return (stage, engine)
    }

    @Test(
        "harm of what is under way is taken back, also over a restart, and the alert stands",
        arguments: Loss.allCases, [false, true])
    func harmful(_ loss: Loss, isRestarted: Bool) async throws {
        var (stage, engine) = try await Self.begun(3, loss)
        if isRestarted { engine = try await stage.restart() }
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
        #expect(try await stage.ledger.state().operation(of: Self.lane) == nil)
        let kinds = try #require(await engine.standing()).alerts.map(\.kind)
        // Of what git gave up nothing is asked any more.
        #expect(kinds == (loss == .gone ? [] : [.rolloutRolledBack]))
        // And it is held back when the file can be read again.
        stage.commit()
        try await stage.look(engine, seconds: 60)
        let held = try await stage.ledger.state().lanes[Self.lane]?.holdReason
        #expect(held?.hasPrefix("quarantine: ") == true, "\(held ?? "it is not held")")
    }

    @Test(
        "what does no harm stays where it is, goes back when a person says so, and on when the file is mended",
        arguments: Loss.allCases, [false, true])
    func healthy(_ loss: Loss, isAborted: Bool) async throws {
        var (stage, engine) = try await Self.begun(2, loss)
        try await stage.look(engine, seconds: 300)
        #expect(try await stage.share(of: 2) == 10)
        engine = try await stage.restart()
        try await stage.look(engine, seconds: 10)
        if isAborted {
            let abort = ControlRequest.Call.steer(Self.lane, .abort, reason: "looks odd")
            guard case .done = await stage.ask(engine, abort) else {
                Issue.record("it does not go back")
                return
            }
            try await stage.look(engine, seconds: 10)
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        } else {
            stage.commit()
            try await stage.settle(engine, rounds: 2_000)
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        }
    }

    @Test("nothing begins there, nothing is healed, and no engine is asked that git gave up")
    func quiet() async throws {
        let stage = Stage.canary()
        let provider = HangingProvider(stage.world)
        stage.provider = provider
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.lose(.gone, in: stage)
        try await stage.look(engine, seconds: 5)
        let later = try await stage.restart()
        _ = provider.takeAsked()
        try await stage.world.inject(
            SimulatedFault(kind: .killInstances(1), scope: .lane(Self.lane)))
        try await stage.look(later, seconds: 60)
        let looks = provider.takeAsked().looks
        #expect(!looks.isEmpty && !looks.contains(Self.lane.environment))
        let state = try await stage.ledger.state()
        #expect(state.operation(of: Self.lane) == nil)
        #expect(state.lanes[Self.lane]?.settled != nil)
        #expect(
            state.lanes[Self.lane]?.holdReason
                == "its environment is not described any more; what runs there is left alone")
    }

    @Test("an engine that another ledger took over is left alone, whatever is under way there")
    func takenOver() async throws {
        let (stage, engine) = try await Self.begun(3, .gone, seconds: 3)
        let other = try #require(LedgerID(String(repeating: "2", count: 32)))
        _ = try await stage.world.claim(
            Self.lane.environment, of: Build.fleetName(),
            for: Claim(ledger: other, epoch: Epoch(99)),
            takeOver: true)
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.share(of: 3) == 10)
        #expect(try await stage.entries(.quarantined, of: "production/api").isEmpty)
        #expect(try await engine.tick().faults.isEmpty)
    }

    @Test("all of a group goes back", arguments: Loss.allCases)
    func group(_ loss: Loss) async throws {
        let stage = GroupTests.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        GroupTests.release(api: 2, web: 3, in: stage)
        for _ in 0..<60
        where try await stage.share(of: Build.artifact("web", 3), in: "production/web") == 0 {
            try await stage.look(engine, seconds: 1)
        }
        #expect(try await stage.share(of: Build.artifact("api", 2), in: "production/api") > 0)
        Self.lose(loss, in: stage)
        try await stage.look(engine, seconds: 100)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.serving("production/web") == [Build.artifact("web", 1)])
    }
}
