import AirlockEngine
import AirlockManifest
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("history that was rewritten")
struct RewriteTests {
    /// Settles on version 2 in production, then takes the branch back to the commit before it.
    private func rewound(_ stage: Stage) async throws -> (engine: Engine, dropped: CommitID) {
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let base = stage.repository.head
        stage.versions["production/api"] = 2
        let dropped = stage.commit()
        try await stage.settle(engine)
        stage.repository.reset(to: base)
        return (engine, dropped)
    }

    @Test("rewritten history moves development, and production only when a person takes it")
    func rewrittenHistory() async throws {
        let stage = Stage()
        let (engine, dropped) = try await rewound(stage)
        stage.versions = ["development/api": 3, "development/web": 1, "production/api": 3]
        let rewritten = stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.faults.first?.contains("--accept-rewrite \(rewritten)") == true)
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 3)])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let accepted = try await stage.entries(.commitAccepted).last
        #expect(accepted?.outcome == "accepted for development, testing")
        #expect(accepted?.detail["dropped"] == dropped.description)

        // A restart, and a commit on top, change nothing about the wait.
        stage.versions["production/api"] = 4
        let newest = stage.commit()
        let later = try await stage.restart()
        try await stage.settle(later)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        guard case .failed = await stage.ask(later, .acceptRewrite(rewritten)) else {
            Issue.record("a head that is not the newest was taken")
            return
        }
        guard case .done = await stage.ask(later, .acceptRewrite(newest)) else {
            Issue.record("the newest head was not taken")
            return
        }
        try await stage.settle(later)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 4)])
        #expect(try await stage.entries(.trust).last?.outcome == "rewrite accepted")
        #expect(try await stage.entries(.trust).last?.actor.id == "uid:1000")
    }

    @Test("a rewritten head that the branch has left again, or may have left, is not taken")
    func leftAgain() async throws {
        let stage = Stage()
        let (engine, dropped) = try await rewound(stage)
        stage.versions["production/api"] = 3
        let rewritten = stage.commit()
        try await stage.settle(engine)
        stage.repository.failNextFetches([.unreachable("gone")])
        guard case .failed(let unknown, _) = await stage.ask(engine, .acceptRewrite(rewritten))
        else {
            Issue.record("a head was taken of which nobody knows whether it still is one")
            return
        }
        #expect(unknown.hasPrefix("nobody knows what the branch is at now: "), "\(unknown)")
        stage.repository.reset(to: dropped)
        #expect(
            await stage.ask(engine, .acceptRewrite(rewritten))
                == .failed(
                    message: "the branch is at \(dropped) now, not at \(rewritten)",
                    advice: "`airlock status` shows the head in force"))
        let mended = try await stage.settle(engine)
        #expect(mended.faults.isEmpty, "\(mended.faults)")
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test(
        "a rewritten head that was pushed a moment ago is taken at once", arguments: [false, true])
    func pushedSinceTheLook(anotherWaits: Bool) async throws {
        let stage = Stage()
        let (engine, dropped) = try await rewound(stage)
        let base = stage.repository.head
        if anotherWaits {
            stage.versions["production/api"] = 3
            stage.commit()
            try await stage.settle(engine)
            stage.repository.reset(to: base)
        }
        stage.versions["production/api"] = 4
        let newest = stage.commit()
        guard case .done = await stage.ask(engine, .acceptRewrite(newest)) else {
            Issue.record("the head that the branch is at was not taken")
            return
        }
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 4)])
        let trust = try await stage.entries(.trust).last
        #expect(trust?.outcome == "rewrite accepted")
        #expect(trust?.detail["dropped"] == dropped.description)
    }

    @Test("a head that dropped the trust root is followed when a person makes it the new one")
    func movedRoot() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let root = try #require(try await stage.ledger.state().trustRoot)
        stage.versions["production/api"] = 2
        stage.repository.reset(to: nil)
        let other = stage.commit()
        let refused = try await stage.settle(engine)
        #expect(refused.faults.first?.contains("--accept-rewrite \(other)") == true)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        guard case .failed = await stage.ask(engine, .acceptRewrite(root)) else {
            Issue.record("a commit that is not the head was taken")
            return
        }
        // Another process, which has fetched nothing yet.
        let next = try await stage.restart()
        guard case .done(let told) = await stage.ask(next, .acceptRewrite(other)) else {
            Issue.record("the head was not taken")
            return
        }
        #expect(told.contains("it is the trust root now"), "\(told)")
        let followed = try await stage.settle(next)
        #expect(followed.faults.isEmpty, "\(followed.faults)")
        #expect(
            await stage.ask(next, .acceptRewrite(other))
                == .done(
                    message: told.replacing("from now on", with: "already")))
        let later = try await stage.restart()
        guard case .done = await stage.ask(later, .acceptRewrite(other)) else {
            Issue.record("a process that has fetched nothing says something else")
            return
        }
        try await stage.settle(later)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.ledger.state().trustRoot == other)
        let moved = try await stage.entries(.trust).first { $0.outcome == "moved" }
        #expect(moved?.detail["dropped"] == root.description)
        #expect(moved?.actor.id == "uid:1000")
    }

    @Test("a head that dropped the root and cannot be read moves nothing; the next can be taken")
    func unfitRoot() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let root = try await stage.ledger.state().trustRoot
        // A rewrite that keeps the root waits already.
        let (other, _) = (stage.repository.head, stage.repository.reset(to: root))
        stage.versions["production/api"] = 3
        stage.commit()
        try await stage.settle(engine)
        #expect(other != nil)
        stage.repository.reset(to: nil)
        let broken = stage.repository.commit(["fleet.yaml": "nonsense: ["])
        try await stage.settle(engine)
        guard case .failed = await stage.ask(engine, .acceptRewrite(broken)) else {
            Issue.record("a head that cannot be read was taken")
            return
        }
        #expect(try await stage.ledger.state().trustRoot == root)
        stage.versions["production/api"] = 2
        let good = stage.commit()
        try await stage.settle(engine)
        guard case .done = await stage.ask(engine, .acceptRewrite(good)) else {
            Issue.record("the head was not taken")
            return
        }
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.ledger.state().trustRoot == good)
    }

    @Test("while a rewrite waits, what production does is caused by the commit that it follows")
    func causeWhileRewritten() async throws {
        let stage = Stage()
        stage.versions["production/web"] = 1
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        _ = await stage.ask(
            engine, .freeze(.lane(Build.lane("production/api")), reason: "a look", lasting: nil))
        stage.versions["production/api"] = nil
        let base = stage.repository.head
        let followed = stage.commit()
        try await stage.settle(engine)
        stage.repository.reset(to: base)
        stage.versions["production/api"] = 2
        let rewritten = stage.commit()
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        _ = await stage.ask(engine, .thaw(.lane(Build.lane("production/api"))))
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api").isEmpty)
        let intended = try await stage.entries(.intended, of: "production/api").suffix(2)
        #expect(intended.map(\.commit) == [followed, followed] && followed != rewritten)
    }

    @Test("a rewritten head cannot leave the tier that makes it wait")
    func rewrittenTier() async throws {
        let stage = Stage()
        let (engine, _) = try await rewound(stage)
        stage.versions["production/api"] = 3
        stage.extra["environments/production.yaml"] = "tier: development\n"
        stage.commit()
        try await stage.settle(engine)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test(
        "a root that a mirror fetched anew does not have was rewritten away, and a person makes a new one"
    )
    func rewrittenRootAndLost() async throws {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        let root = try #require(try await stage.ledger.state().trustRoot)
        stage.versions["production/api"] = 2
        stage.repository.reset(to: nil)
        let other = stage.commit()
        stage.repository.forget(root)
        let next = try await stage.restart()
        let refused = await #expect(throws: (any Error).self) { try await stage.settle(next) }
        #expect("\(refused as Any)".contains("--accept-rewrite \(other)"))
        guard case .done = await stage.ask(next, .acceptRewrite(other)) else {
            Issue.record("the head was not taken")
            return
        }
        try await stage.settle(next)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("when the mirror lost the commit that is kept, nothing is changed and nothing removed")
    func rewrittenAndLost() async throws {
        let stage = Stage()
        let (engine, dropped) = try await rewound(stage)
        stage.versions["production/api"] = 3
        stage.commit()
        try await stage.settle(engine)
        stage.repository.forget(dropped)
        let summary = try await stage.settle(try await stage.restart())
        #expect(summary.faults.first?.contains("the mirror does not hold any more") == true)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("a head that descends again from what is kept ends the wait by itself")
    func rewriteTakenBack() async throws {
        let stage = Stage()
        let (engine, dropped) = try await rewound(stage)
        stage.versions["production/api"] = 3
        stage.commit()
        try await stage.settle(engine)
        stage.repository.reset(to: dropped)
        stage.versions["production/api"] = 4
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.faults.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 4)])
        #expect(try await stage.ledger.state().rewrite == nil)
    }
}
