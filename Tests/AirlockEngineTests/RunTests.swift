import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import ServiceLifecycleTestKit
import Testing

@Suite("the running engine", .timeLimit(.minutes(10)))
struct RunTests {
    /// A stage whose instances are healthy at once, so that no time has to pass.
    private func stage() -> (Stage, HangingProvider) {
        let stage = Stage()
        stage.settings.isParallel = true
        stage.settings.lanesAtOnce = 8
        let artifacts = ["api", "web"].flatMap { name in
            (1...4).map { "\"sha256:\(Build.artifact(name, $0).digest)\": {startup: 0s}" }
        }
        stage.extra["simulation.yaml"] =
            "artifacts: {\(artifacts.joined(separator: ", "))}\nsecrets: {shop-key: \"1\"}\n"
        stage.commit()
        let provider = HangingProvider(stage.world)
        stage.provider = provider
        return (stage, provider)
    }

    /// Waits until that artifact serves in the lane.
    private func routed(
        _ lane: String, to version: Int, on provider: HangingProvider, in stage: Stage
    ) async throws {
        let artifact = Build.artifact(Build.lane(lane).unit.name.description, version)
        for await order in provider.done {
            guard case .route = order.action, order.lane == Build.lane(lane) else { continue }
            if try await stage.serving(lane) == [artifact] { return }
        }
    }

    @Test("an environment that does not answer delays no other")
    func hungEnvironment() async throws {
        let (stage, provider) = stage()
        provider.hang(Build.environment("production"))
        let engine = try await stage.engine()
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            try await routed("development/api", to: 1, on: provider, in: stage)
            #expect(try await stage.serving("production/api").isEmpty)
            provider.release()
            try await routed("production/api", to: 1, on: provider, in: stage)
            trigger.triggerGracefulShutdown()
            try await running
        }
    }

    @Test("a commit that is accepted while a pass waits for its provider is carried out")
    func commitDuringPass() async throws {
        let (stage, provider) = stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            provider.hang(Build.environment("production"))
            try await engine.look()
            for await _ in provider.hanging { break }
            stage.versions["production/api"] = 2
            stage.commit()
            try await engine.look()
            provider.release()
            try await routed("production/api", to: 2, on: provider, in: stage)
            trigger.triggerGracefulShutdown()
            try await running
        }
    }

    @Test("a lane that hangs keeps no new commit from the other lanes")
    func hungLane() async throws {
        let (stage, provider) = stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        provider.hang(Build.lane("development/api"))
        stage.versions["development/api"] = 2
        stage.commit()
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            for await _ in provider.hanging { break }
            stage.versions["development/web"] = 2
            stage.commit()
            try await engine.look()
            try await routed("development/web", to: 2, on: provider, in: stage)
            #expect(try await stage.serving("development/api") == [Build.artifact("api")])
            provider.release()
            try await routed("development/api", to: 2, on: provider, in: stage)
            trigger.triggerGracefulShutdown()
            try await running
        }
    }

    @Test("a remote that lets a start wait keeps nobody from what was in force before")
    func slowRemote() async throws {
        let (stage, provider) = stage()
        try await stage.settle(try await stage.engine())
        stage.versions["development/api"] = 2
        stage.commit()
        // Killed as soon as the commit is in force, before anything of it is done.
        try await stage.engine().look()
        stage.settings.poll = .seconds(60)
        let engine = try await stage.restart()
        stage.versions["development/api"] = 3
        stage.commit()
        stage.repository.hang()
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            while stage.clock.sleeping == 0 || stage.repository.hanging == 0 { await Task.yield() }
            stage.clock.advance(by: Engine.firstLookLimit)
            try await routed("development/api", to: 2, on: provider, in: stage)
            stage.repository.answer()
            try await routed("development/api", to: 3, on: provider, in: stage)
            trigger.triggerGracefulShutdown()
            try await running
        }
    }

    @Test("told to end, it finishes what is in flight, parks the rest and returns")
    func gracefulStop() async throws {
        let (stage, provider) = stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        provider.hang(Build.lane("development/api"))
        stage.versions["development/api"] = 2
        stage.commit()
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            for await _ in provider.hanging { break }
            trigger.triggerGracefulShutdown()
            provider.release()
            try await running
        }
        let state = try await stage.ledger.state()
        #expect(state.intents.isEmpty)
        stage.settings.isParallel = false
        try await stage.settle(try await stage.restart())
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 2)])
        #expect(try await stage.ledger.state().operations.isEmpty)
    }

    @Test("a tick without work makes no plan")
    func quietTicksPlanNothing() async throws {
        let (stage, _) = stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let before = await engine.plansMade()
        let entries = try await stage.ledger.entries(AuditFilter()).count
        for _ in 0..<3 { _ = try await engine.tick() }
        #expect(await engine.plansMade() == before)
        #expect(try await stage.ledger.entries(AuditFilter()).count == entries)
    }
}
