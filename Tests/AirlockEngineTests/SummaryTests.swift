import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("a summary tells what is held from what waits and what was left out")
struct SummaryTests {
    private static let api = Build.lane("production/api")
    private static let web = Build.lane("production/web")

    /// A first deployment of web, which calls api at a version.
    private func calling(_ version: Int) -> Stage {
        let stage = Stage()
        stage.versions = ["production/api": version, "production/web": 1]
        stage.extra["services/web/service.yaml"] = "port: 8080\ncalls: [api]\n"
        stage.commit()
        return stage
    }

    @Test("a release that names a secret without a version is a forward change that is held")
    func secretUnknown() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", 2))
            replicas: 2
            config: {KEY: {secret: nosuch}}
            strategy: {allAtOnce: {deadline: 1m}}

            """
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.heldForward == [Self.api])
        #expect(summary.held == [Self.api: "no version is known of nosuch"])
        #expect(summary.waiting == nil)
    }

    @Test("a lane that goes on after another one under way waits and is not held")
    func waiting() async throws {
        let stage = calling(1)
        let engine = try await stage.engine()
        let first = try await engine.tick()
        #expect(first.underWay == [Self.api])
        #expect(first.waiting == [Self.web] && first.heldForward.isEmpty)
        #expect(first.held[Self.web]?.hasPrefix("dependencies: ") == true)
        #expect(first.bounded.totals?.waiting == 1)
        let last = try await stage.settle(engine)
        #expect(last.held.isEmpty && last.waiting == nil)
    }

    @Test("a lane that waits while nothing is under way is held")
    func waitingForNothing() async throws {
        let stage = calling(13)
        let summary = try await stage.settle(try await stage.engine())
        #expect(summary.underWay.isEmpty && summary.waiting == nil)
        #expect(summary.heldForward == [Self.api, Self.web], "\(summary.held)")
    }

    @Test("what git takes back is ended also by a process that other changes are expected of")
    func takenBack() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["production/api"] = 13
        stage.commit()
        #expect(try await engine.tick().underWay == [Self.api])
        stage.versions["production/api"] = 1
        stage.commit()
        stage.settings.expected = []
        let summary = try await stage.settle(try await stage.restart())
        #expect(summary.leftOut.isEmpty && summary.underWay.isEmpty)
        #expect(try await stage.ledger.state().operation(of: Self.api) == nil)
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
    }
}
