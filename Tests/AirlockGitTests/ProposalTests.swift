import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("Proposals")
struct ProposalTests {
    private static let numbered = (1...20).map { "line \($0)\n" }.joined()
    private let topic = BranchName("topic")

    /// A repository whose main and topic branches have gone apart without a conflict.
    private func parted() throws -> Fixture {
        let fixture = try Fixture()
        try fixture.commit("base", ["services/a/service.yaml": Self.numbered])
        try fixture.git("checkout", "-q", "-b", "topic")
        try fixture.commit(
            "topic",
            [
                "services/a/service.yaml": Self.numbered + "topic\n",
                "services/b/service.yaml": "new\n",
            ])
        try fixture.git("checkout", "-q", "main")
        try fixture.commit("main", ["services/a/service.yaml": "main\n" + Self.numbered])
        return fixture
    }

    /// Every file of the mirror with its size, to show that nothing was written.
    private func files(_ fixture: Fixture) throws -> [String: Int] {
        let folder = fixture.mirror + "/objects"
        var sizes: [String: Int] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + path)
            sizes[path] = (attributes[.size] as? NSNumber)?.intValue
        }
        return sizes
    }

    @Test("a merge is made as git makes it, in memory, and nothing is written")
    func merge() async throws {
        let fixture = try parted()
        let (onto, head) = (try fixture.head("main"), try fixture.head("topic"))
        let topic = try #require(topic)
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            // Fetches the objects, so that the second time shows what the merge alone writes.
            _ = try await source.proposal(branch: topic, limit: .ample)
            let before = try files(fixture)
            let proposal = try await source.proposal(branch: topic, limit: .ample)
            #expect(try files(fixture) == before)
            #expect(proposal.onto == onto)
            #expect(proposal.head == head)
            #expect(proposal.branch == topic)
            #expect(proposal.conflicts.isEmpty)
            #expect(proposal.staleBecause == nil)
            #expect(proposal.fetched == fixture.now)

            try fixture.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
            let merged = try fixture.head()
            _ = try await source.fetch(limit: .ample)
            let delta = try await source.delta(from: onto, to: merged)
            #expect(proposal.delta == delta)
            let text = "main\n" + Self.numbered + "topic\n"
            let blob = try #require(ObjectID(fixture.blob(text)))
            #expect(proposal.mergedBlobs == [blob: Array(text.utf8)])
        }
    }

    @Test("a branch that is ahead gives its own tree, one that was merged gives no change")
    func forward() async throws {
        let fixture = try Fixture()
        let topic = try #require(topic)
        let base = try fixture.head()
        try fixture.git("checkout", "-q", "-b", "topic")
        let head = try fixture.commit("ahead", ["services/a/service.yaml": "a"])
        try await with(fixture.source()) { source async throws in
            let ahead = try await source.proposal(branch: topic, limit: .ample)
            let delta = try await source.delta(from: base, to: head)
            #expect(ahead.delta == delta)
            #expect(ahead.onto == base)
            #expect(ahead.mergedBlobs.isEmpty)
            try fixture.git("checkout", "-q", "main")
            try fixture.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
            _ = try await source.fetch(limit: .ample)
            let merged = try await source.proposal(branch: topic, limit: .ample)
            #expect(merged.delta.changes.isEmpty)
            #expect(merged.head == head)
        }
    }

    @Test("conflicts are named by path, sorted, and nothing is proposed")
    func conflicts() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        try fixture.commit(
            "clash", ["services/a/service.yaml": "other\n", "services/b/service.yaml": "mine\n"])
        try await with(fixture.source()) { source async throws in
            let proposal = try await source.proposal(branch: topic, limit: .ample)
            #expect(
                proposal.conflicts == ["services/a/service.yaml", "services/b/service.yaml"])
            #expect(proposal.delta.changes.isEmpty)
            #expect(proposal.mergedBlobs.isEmpty)
        }
    }

    @Test("branches without a common ancestor are refused")
    func unrelated() async throws {
        let fixture = try Fixture()
        let topic = try #require(topic)
        try fixture.git("checkout", "-q", "--orphan", "topic")
        try fixture.commit("other", ["fleet.yaml": "other"])
        try fixture.git("checkout", "-q", "main")
        try await with(fixture.source()) { source async throws in
            do {
                _ = try await source.proposal(branch: topic, limit: .ample)
                Issue.record("merged what has no common ancestor")
            } catch SourceError.failed(let text) {
                #expect(text.contains("no common ancestor"))
            }
        }
    }

    @Test("a missing branch is said, also when it was fetched before")
    func missing() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        try await with(fixture.source()) { source async throws in
            _ = try await source.proposal(branch: topic, limit: .ample)
            try fixture.git("branch", "-D", "topic")
            await #expect(throws: SourceError.branchMissing("topic")) {
                try await source.proposal(branch: topic, limit: .ample)
            }
        }
    }

    @Test("with an unreachable remote the last fetch is planned, with its time and the reason")
    func unreachable() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        try await with(fixture.source()) { source async throws in
            let fresh = try await source.proposal(branch: topic, limit: .ample)
            fixture.advance(.seconds(3600))
            try FileManager.default.moveItem(
                atPath: fixture.origin, toPath: fixture.root + "/gone")
            let stale = try await source.proposal(branch: topic, limit: .ample)
            #expect(stale.delta == fresh.delta)
            #expect(stale.mergedBlobs == fresh.mergedBlobs)
            #expect(stale.fetched == fresh.fetched)
            #expect(stale.staleBecause?.contains(fixture.origin) == true)
            let other = try #require(BranchName("other"))
            await #expect(throws: SourceError.self) {
                try await source.proposal(branch: other, limit: .ample)
            }
        }
    }

    @Test("with a mirror that is being written or a silent worker the last fetch is planned too")
    func busy() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        try await with(fixture.source()) { source async throws in
            _ = try await source.proposal(branch: topic, limit: .ample)
        }
        var limits = GitLimits.standard
        limits.planLockWait = .milliseconds(100)
        try await with(fixture.source(limits: limits)) { source async throws in
            try await withHeldLock(fixture) {
                let proposal = try await source.proposal(branch: topic, limit: .ample)
                #expect(proposal.staleBecause == "another process is writing the mirror")
            }
        }
        let silent = try fixture.script("exec sleep 600")
        try await with(fixture.source(worker: silent)) { source async throws in
            let proposal = try await source.proposal(branch: topic, limit: .milliseconds(200))
            #expect(proposal.staleBecause?.contains("did not answer") == true)
        }
        #expect(GitLimits.standard.planLockWait == .seconds(10))
    }

    @Test("a plan waits for another writer of the mirror once, and not for each of its fetches")
    func patience() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        var limits = GitLimits.standard
        limits.planLockWait = .seconds(4)
        try await with(fixture.source(limits: limits)) { source async throws in
            _ = try await source.headForPlan(limit: .ample)
            _ = try await source.proposal(branch: topic, limit: .ample)
            try await withHeldLock(fixture) {
                let begin = ContinuousClock.now
                await #expect(throws: SourceError.busy) {
                    try await source.headForPlan(limit: .ample)
                }
                #expect(ContinuousClock.now - begin >= .seconds(4))
                let middle = ContinuousClock.now
                let proposal = try await source.proposal(branch: topic, limit: .ample)
                #expect(proposal.staleBecause == "another process is writing the mirror")
                #expect(ContinuousClock.now - middle < .seconds(4))
            }
        }
    }

    @Test(
        "a plan's commit has a reference of its own for a day, and the deployed head is not moved")
    func references() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        func plans() throws -> [String] {
            try fixture.git("--git-dir", fixture.mirror, "for-each-ref", "--format=%(refname)")
                .split(separator: "\n").map(String.init).filter { $0.contains("/plan/") }
        }
        try await with(fixture.source()) { source async throws in
            let head = try await source.fetch(limit: .ample)
            let proposal = try await source.proposal(branch: topic, limit: .ample)
            #expect(try await source.lastFetch() == head)
            #expect(try plans() == ["refs/airlock/plan/\(proposal.head)"])
            fixture.advance(.seconds(86_000))
            _ = try await source.fetch(limit: .ample)
            #expect(try plans().count == 1)
            fixture.advance(.seconds(401))
            _ = try await source.fetch(limit: .ample)
            #expect(try plans().isEmpty)
        }
    }

    @Test("a branch that was pushed anew by force is planned as it is now")
    func forced() async throws {
        let fixture = try parted()
        let topic = try #require(topic)
        try await with(fixture.source()) { source async throws in
            let first = try await source.proposal(branch: topic, limit: .ample)
            try fixture.git("checkout", "-q", "-B", "topic", "main")
            let head = try fixture.commit("anew", ["services/z/service.yaml": "z"])
            let second = try await source.proposal(branch: topic, limit: .ample)
            #expect(first.head != second.head)
            #expect(second.head == head)
            #expect(second.delta.changes.map(\.path) == ["services/z/service.yaml"])
        }
    }
}
