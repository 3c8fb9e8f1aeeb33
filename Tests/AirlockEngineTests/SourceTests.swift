import AirlockEngine
import AirlockManifest
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("what the engine takes from git")
struct SourceTests {
    @Test("each operation names the commit on the first-parent line that changed its lane")
    func causesAreTheirOwn() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["development/api"] = 2
        let first = stage.commit(author: "bob@example.org")
        stage.versions["development/web"] = 2
        let second = stage.commit(author: "eve@example.org")
        stage.repository.commit(stage.files.merging(["README.md": "x"]) { $1 })
        try await stage.settle(engine)
        let api = try await stage.ledger.operations(of: Build.lane("development/api"), limit: 1)
        let web = try await stage.ledger.operations(of: Build.lane("development/web"), limit: 1)
        #expect(api.first?.commit == first)
        #expect(web.first?.commit == second)
        #expect(web.first?.author == "eve@example.org")
        let intents = try await stage.entries(.intended, of: "development/web")
        #expect(intents.last?.commit == second)
        #expect(intents.last?.actor.id == "eve@example.org")
    }

    @Test("after a restart a lane's cause is still the commit that changed it")
    func causesOutliveRestarts() async throws {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        stage.versions["development/api"] = 2
        let cause = stage.commit()
        stage.repository.commit(stage.files.merging(["README.md": "x"]) { $1 })
        try await stage.settle(try await stage.restart())
        let api = try await stage.ledger.operations(of: Build.lane("development/api"), limit: 1)
        #expect(api.first?.commit == cause)
    }

    @Test("a start puts a change of a service, and one that was held, down to its own commit")
    func causesAtStart() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let held = Build.lane("production/api")
        _ = await stage.ask(engine, .freeze(.lane(held), reason: "a look", lasting: nil))
        stage.versions["production/api"] = 2
        let first = stage.commit(author: "bob@example.org")
        try await stage.settle(engine)
        stage.repository.commit(stage.files.merging(["README.md": "x"]) { $1 })
        try await stage.settle(engine)
        stage.extra["services/web/service.yaml"] = "port: 9090\n"
        let second = stage.commit(author: "eve@example.org")
        stage.repository.commit(stage.files.merging(["README.md": "y"]) { $1 })
        let later = try await stage.restart()
        try await stage.settle(later)
        _ = await stage.ask(later, .thaw(.lane(held)))
        try await stage.settle(later)
        let api = try await stage.ledger.operations(of: held, limit: 1)
        let web = try await stage.ledger.operations(of: Build.lane("development/web"), limit: 1)
        #expect(api.first?.commit == first && api.first?.author == "bob@example.org")
        #expect(web.first?.commit == second && web.first?.author == "eve@example.org")
    }

    @Test(
        "files that hold too much together are not taken, also when they came one after the other")
    func tooMuchTogether() async throws {
        let stage = Stage()
        let repository = stage.repository
        let first = repository.commit(stage.files)
        var decoder = FleetDecoder()
        _ = try await FleetDecoding.apply(
            try await repository.delta(from: nil, to: first), to: &decoder, from: repository,
            commit: first)
        let limit = decoder.bytes
        let second = repository.commit(
            stage.files.merging(["services/web/service.yaml": "port: 9090\n# more\n"]) { $1 })
        let delta = try await repository.delta(from: first, to: second)
        var same = decoder
        _ = try await FleetDecoding.apply(
            delta, to: &same, from: repository, commit: second, limit: limit + 1_000)
        do {
            _ = try await FleetDecoding.apply(
                delta, to: &decoder, from: repository, commit: second, limit: limit)
            Issue.record("more than the limit was taken")
        } catch {
            #expect("\(error)".contains("what the files hold together"))
            #expect("\(error)".contains("\(limit) bytes"))
        }
    }

    @Test("a refused commit leaves the last good fleet in force and is recorded once")
    func refusedCommits() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        let good = try await stage.settle(engine).commit
        stage.repository.commit(["fleet.yaml": "nonsense: ["])
        let bad = stage.repository.head
        for _ in 0..<3 {
            let summary = try await engine.tick()
            #expect(summary.commit == good)
        }
        #expect(try await stage.entries(.commitRefused).map(\.commit) == [bad])
        try await stage.settle(try await stage.restart())
        #expect(try await stage.entries(.commitRefused).count == 1)
        #expect(try await stage.serving("production/api") == [Build.artifact("api")])
    }

    @Test("a commit with what is never read is refused and recorded once, and one on top mends it")
    func unacceptableCommits() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        let good = try await stage.settle(engine).commit
        stage.versions["development/api"] = 2
        let bad = stage.commit()
        stage.repository.spoil(bad, "services/p\\x0aq: has control characters; rename it")
        for _ in 0..<3 {
            let summary = try await engine.tick()
            #expect(summary.commit == good)
            #expect(summary.faults.first?.contains("is refused: services/p\\x0aq") == true)
        }
        #expect(try await stage.entries(.commitRefused).map(\.commit) == [bad])
        let later = try await stage.restart()
        try await stage.settle(later)
        #expect(try await stage.entries(.commitRefused).count == 1)
        #expect(try await stage.serving("development/api") == [Build.artifact("api")])

        stage.versions["development/web"] = 2
        let mended = stage.commit()
        let summary = try await stage.settle(later)
        #expect(summary.faults.isEmpty && summary.commit == mended)
        #expect(try await stage.serving("development/web") == [Build.artifact("web", 2)])
        let api = try await stage.ledger.operations(of: Build.lane("development/api"), limit: 1)
        #expect(api.first?.commit == mended)
    }

    @Test("the trust root is pinned once, and what does not come from it is refused")
    func trustRoot() async throws {
        let stage = Stage()
        let root = stage.repository.head
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["development/api"] = 2
        stage.commit()
        try await stage.settle(engine)
        #expect(try await stage.entries(.trust).map(\.commit) == [root])
        stage.repository.reset(to: nil)
        stage.versions["development/api"] = 3
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.faults.first?.contains("does not descend from the trust root") == true)
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 2)])
        #expect(try await stage.ledger.state().trustRoot == root)
    }

    @Test("another trust root than the pinned one is refused, at a start and on request")
    func otherTrustRoot() async throws {
        let stage = Stage()
        let root = try #require(stage.repository.head)
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let other = Build.commit(77)
        let answer = await stage.ask(engine, .reconcile(ReconcileRequest(trustRoot: other)))
        guard case .failed(let message, _) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(message.contains("\(root)") && message.contains("\(other)"))
        stage.settings.trustRoot = other
        await #expect(throws: EngineHalt.otherRoot(pinned: root, asked: other)) {
            try await stage.restart()
        }
        stage.settings.trustRoot = root
        try await stage.settle(try await stage.restart())
    }

    @Test("who means another repository or branch gets no answer about this one")
    func otherBranch() async throws {
        let stage = Stage()
        stage.settings.follows = FollowedBranch(repo: "/srv/shop", branch: "main")
        let engine = try await stage.engine()
        try await stage.settle(engine)
        for asked in [FollowedBranch(repo: "/srv/store"), FollowedBranch(branch: "next")] {
            let answer = await stage.ask(engine, .reconcile(ReconcileRequest(follows: asked)))
            guard case .failed(let message, _) = answer else {
                Issue.record("\(answer)")
                continue
            }
            #expect(message == "the running airlock follows /srv/shop main, not \(asked)")
        }
        let ours = FollowedBranch(repo: "/srv/shop", branch: "main")
        #expect(ours.fits(FollowedBranch()) && ours.fits(ours))
    }

    @Test("a commit that renames the fleet is refused and stops nothing else")
    func renamedFleet() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.name = "store"
        stage.versions["development/api"] = 2
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.faults.first?.contains("ledger is that of shop") == true)
        #expect(try await stage.serving("development/api") == [Build.artifact("api")])
    }

    @Test("a look that finds nothing to do leaves no trace in the audit log")
    func quietLooks() async throws {
        let stage = Stage()
        stage.settings.poll = nil
        try await stage.settle(try await stage.engine())
        let before = try await stage.ledger.entries(AuditFilter()).map(\.draft.kind)
        #expect(before.first == .started && before.contains(.claimed))
        try await stage.settle(try await stage.restart())
        #expect(try await stage.ledger.entries(AuditFilter()).count == before.count)
    }

    @Test("a file that cannot be read is told by every look, and after a restart too")
    func diagnosticsAreTold() async throws {
        let stage = Stage()
        stage.extra["services/web/service.yaml"] = "prot: 1\n"
        stage.commit()
        try await stage.settle(try await stage.engine())
        let summary = try await stage.settle(try await stage.restart())
        #expect(summary.diagnostics.contains { $0.hasPrefix("services/web/service.yaml:1:1") })
        let kept = try await stage.ledger.state().head?.diagnostics
        #expect(kept == summary.diagnostics)
    }

    @Test("a branch that comes and goes is followed each time")
    func backAndForth() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        for version in [2, 1, 2, 1, 2] {
            stage.versions["development/api"] = version
            stage.commit()
            try await stage.settle(engine)
            #expect(try await stage.serving("development/api") == [Build.artifact("api", version)])
        }
        let all = try await stage.ledger.operations(of: Build.lane("development/api"), limit: 10)
        #expect(all.count == 6)
        #expect(Set(all.compactMap(\.change?.id)).count == 3)
    }

    @Test("a remote that is gone stops nothing that is known")
    func remoteGone() async throws {
        let stage = Stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.repository.failNextFetches([.busy])
        let summary = try await stage.restart().tick()
        #expect(summary.faults == ["git: another process is fetching"])
        #expect(summary.held.isEmpty && summary.commit == stage.repository.head)
    }
}
