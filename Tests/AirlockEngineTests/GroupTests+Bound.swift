import AirlockEngine
import AirlockModel
import AirlockSimulator
import AirlockTestSupport
import Testing

extension GroupTests {
    @Test("what git allows one of them bounds the others, and all go on when it allows more")
    func bound() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage, more: "rollout: {upTo: 50%}")
        try await stage.look(engine, seconds: 300)
        #expect(try await stage.share(of: Build.artifact("api", 2), in: Self.lanes[0]) == 500)
        #expect(try await stage.share(of: Build.artifact("web", 2), in: Self.lanes[1]) == 500)
        Self.release(api: 2, web: 2, in: stage)
        let summary = try await stage.settle(engine, rounds: 1_000)
        #expect(summary.underWay.isEmpty && summary.held.isEmpty)
        for (name, lane) in [("api", Self.lanes[0]), ("web", Self.lanes[1])] {
            #expect(try await stage.serving(lane) == [Build.artifact(name, 2)])
        }
    }

    @Test("a bound that comes late takes nothing back from the others")
    func lateBound() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(api: 2, web: 2, in: stage)
        while try await stage.share(of: Build.artifact("api", 2), in: Self.lanes[0]) < 500 {
            try await stage.look(engine, seconds: 1)
        }
        Self.release(api: 2, web: 2, in: stage, more: "rollout: {upTo: 10%}")
        try await stage.look(engine, seconds: 120)
        #expect(try await stage.share(of: Build.artifact("api", 2), in: Self.lanes[0]) == 500)
        #expect(try await stage.share(of: Build.artifact("web", 2), in: Self.lanes[1]) == 100)
    }
}
