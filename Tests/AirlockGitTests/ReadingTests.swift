import AirlockGit
import AirlockMemory
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("Reading")
struct ReadingTests {
    /// Fetches the head that the branch has now.
    private func fetched(_ fixture: Fixture, limits: GitLimits = .standard) async throws
        -> GitSource
    {
        let source = try fixture.source(limits: limits)
        do {
            _ = try await source.fetch(limit: .ample)
        } catch {
            await source.close()
            throw error
        }
        return source
    }

    private func paths(_ delta: TreeDelta) -> [String] {
        delta.changes.map { change in
            switch change {
            case .set(let entry): "+\(entry.path)"
            case .remove(let path): "-\(path)"
            }
        }
    }

    @Test(
        "against nothing, a commit is its files below the read paths, in the order of their bytes")
    func whole() async throws {
        let fixture = try Fixture()
        let names = [
            "README.md", "ci/build.sh", "datasets/a/dataset.yaml", "environments/production.yaml",
            "experiments/x.yaml", "flags/a/flags.yaml", "identities/allowed_signers",
            "network.yaml", "services/a/service.yaml", "services/a-b/service.yaml",
            "services/a.yaml", "simulation.yaml", "services.yaml",
        ]
        let files = Dictionary(uniqueKeysWithValues: names.map { ($0, Optional($0)) })
        let head = try fixture.commit("all", files)
        try await with(fetched(fixture)) { source async throws in
            let delta = try await source.delta(from: nil, to: head)
            let read = names.filter { !["README.md", "ci/build.sh", "services.yaml"].contains($0) }
            let expected = (read + ["fleet.yaml"]).map { "+" + $0 }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(paths(delta) == expected)
        }
    }

    @Test("a comparison names what was added, changed and removed, and nothing else")
    func comparison() async throws {
        let fixture = try Fixture()
        let base = try fixture.commit(
            "base",
            [
                "services/a/service.yaml": "a", "services/b/service.yaml": "b",
                "services/c": "a file", "environments/x.yaml": "x", "README.md": "1",
            ])
        let head = try fixture.commit(
            "head",
            [
                "services/a/service.yaml": "a2", "services/b/service.yaml": nil, "services/c": nil,
                "services/c/service.yaml": "now a folder", "services/d/e/f.yaml": "new",
                "README.md": "2",
            ])
        try await with(fetched(fixture)) { source async throws in
            let forward = try await source.delta(from: base, to: head)
            #expect(
                paths(forward) == [
                    "+services/a/service.yaml", "-services/b/service.yaml", "-services/c",
                    "+services/c/service.yaml", "+services/d/e/f.yaml",
                ])
            let back = try await source.delta(from: head, to: base)
            #expect(
                paths(back) == [
                    "+services/a/service.yaml", "+services/b/service.yaml", "+services/c",
                    "-services/c/service.yaml", "-services/d/e/f.yaml",
                ])
            #expect(try await source.delta(from: head, to: head).changes.isEmpty)
        }
    }

    @Test(
        "one changed file of 2,000 services reads the three folders on its path, before and after")
    func cost() async throws {
        let fixture = try Fixture(empty: true)
        var stream = ""
        func commit(_ message: String, _ files: [(String, String)]) {
            stream += "commit refs/heads/main\ncommitter A <a@example.org> 1789000000 +0000\n"
            stream += "data \(message.utf8.count)\n\(message)\n"
            for (path, text) in files {
                stream += "M 100644 inline \(path)\ndata \(text.utf8.count)\n\(text)\n"
            }
            stream += "\n"
        }
        commit(
            "base",
            (0..<2000).flatMap { number in
                [
                    ("services/s\(number)/service.yaml", "port: \(number)"),
                    ("services/s\(number)/production.yaml", "replicas: \(number)"),
                ]
            })
        commit("head", [("services/s1234/production.yaml", "replicas: 1")])
        try fixture.git("fast-import", "--quiet", input: stream)
        let (base, head) = (try fixture.head("main^"), try fixture.head("main"))
        try await with(fetched(fixture)) { source async throws in
            let delta = try await source.delta(from: base, to: head)
            #expect(paths(delta) == ["+services/s1234/production.yaml"])
            let counters = await source.readCounts()
            #expect(counters.trees == 6)
            #expect(counters.blobs == 0)
            let whole = try await source.delta(from: nil, to: head)
            #expect(whole.changes.count == 4000)
            let after = await source.readCounts()
            // The folder with all services is remembered.
            #expect(after.trees == 6 + 2001)
            guard case .set(let entry) = delta.changes[0] else { return }
            let blobs = try await source.blobs([entry.object, entry.object])
            #expect(blobs == [entry.object: Array("replicas: 1".utf8)])
            let last = await source.readCounts()
            #expect(last.blobs == 1)
        }
    }

    @Test("whatever two folders hold, the comparison is git's own")
    func sameAsGit() async throws {
        let fixture = try Fixture()
        let blobs = try (0..<3).map { try fixture.blob("content \($0)") }
        let names = ["a", "a-b", "a.b", "a0", "ab", "b", "ba", "c", "c-", "c.", "c0", "z"]
        var random = SplitMix(seed: 7)
        func folder(_ depth: Int) throws -> String {
            var lines = ""
            for name in names where Int.random(in: 0..<3, using: &random) > 0 {
                if depth == 0, Int.random(in: 0..<4, using: &random) == 0 {
                    lines += "040000 tree \(try folder(1))\t\(name)\0"
                } else {
                    let blob = blobs.randomElement(using: &random) ?? blobs[0]
                    lines += "100644 blob \(blob)\t\(name)\0"
                }
            }
            return try fixture.git("mktree", "-z", input: lines)
        }
        var commits: [CommitID] = []
        for _ in 0..<16 {
            let tree = try folder(0)
            commits.append(try fixture.commit(tree: "040000 tree \(tree)\tservices\0"))
        }
        try await with(fixture.source()) { source async throws in
            for (base, head) in zip(commits, commits.dropFirst()) {
                try fixture.git("update-ref", "refs/heads/main", base.description)
                _ = try await source.fetch(limit: .ample)
                try fixture.git("update-ref", "refs/heads/main", head.description)
                _ = try await source.fetch(limit: .ample)
                let changes = try await source.delta(from: base, to: head).changes
                let listed = try fixture.git(
                    "diff-tree", "-r", "--no-renames", "--name-only", base.description,
                    head.description)
                #expect(
                    Set(changes.map(\.path)) == Set(listed.split(separator: "\n").map(String.init)))
            }
        }
    }

    @Test("symlinks and submodules are named as what they are, with a change of kind alone too")
    func kinds() async throws {
        let fixture = try Fixture()
        let blob = try fixture.blob("/etc/passwd")
        let folder = try fixture.git(
            "mktree", "-z", "--missing",
            input: "120000 blob \(blob)\ta.yaml\u{0}160000 commit \(fixture.head())\tsub\u{0}"
                + "100755 blob \(blob)\tz.yaml\u{0}")
        let plain = try fixture.git("mktree", "-z", input: "100644 blob \(blob)\ta.yaml\u{0}")
        let odd = try fixture.commit(tree: "040000 tree \(folder)\tservices\u{0}")
        let base = try fixture.commit(tree: "040000 tree \(plain)\tservices\u{0}")
        for (name, commit) in [("main", odd), ("base", base)] {
            try fixture.git("update-ref", "refs/heads/" + name, commit.description)
        }
        try await with(fetched(fixture)) { source async throws in
            let kinds = try await source.delta(from: nil, to: odd).changes.map { change in
                guard case .set(let entry) = change else { return "removed" }
                return "\(entry.path) \(entry.kind.rawValue)"
            }
            #expect(
                kinds == [
                    "services/a.yaml symlink", "services/sub submodule", "services/z.yaml file",
                ])
            try await with(fixture.source(branch: "base")) { _ = try await $0.fetch(limit: .ample) }
            let changed = try await source.delta(from: base, to: odd)
            #expect(paths(changed).contains("+services/a.yaml"))
        }
    }

    @Test(
        "a name that leaves its folder, is git's own, has control characters or is no text is refused",
        arguments: ["..", ".", ".git", ".GiT", "a\u{1B}[2Jb", "a\nb", "\\377"])
    func names(name: String) async throws {
        let fixture = try Fixture()
        let blob = try #require(ObjectID(fixture.blob("x")))
        let bytes = name == "\\377" ? [0xFF] : Array(name.utf8)
        let folder = try fixture.rawTree([("100644", bytes, blob)])
        let root = try fixture.rawTree([("40000", Array("services".utf8), folder)])
        let head = try #require(CommitID(fixture.git("commit-tree", "\(root)", "-m", "odd")))
        try fixture.git("update-ref", "refs/heads/main", "\(head)")
        try await with(fetched(fixture)) { source async throws in
            do {
                _ = try await source.delta(from: nil, to: head)
                Issue.record("accepted \(name.debugDescription)")
            } catch SourceError.unacceptable(let text) {
                #expect(text.hasPrefix("services/"))
                #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            }
        }
    }

    @Test("entries out of git's order are refused, so that nothing can hide from a comparison")
    func disorder() async throws {
        let fixture = try Fixture()
        let blob = try #require(ObjectID(fixture.blob("x")))
        let root = try fixture.rawTree([
            ("100644", Array("network.yaml".utf8), blob),
            ("100644", Array("fleet.yaml".utf8), blob),
        ])
        let head = try #require(CommitID(fixture.git("commit-tree", "\(root)", "-m", "odd")))
        try fixture.git("update-ref", "refs/heads/main", "\(head)")
        try await with(fetched(fixture)) { source async throws in
            do {
                _ = try await source.delta(from: nil, to: head)
                Issue.record("accepted entries out of order")
            } catch SourceError.unacceptable(let text) {
                #expect(text.contains("git's order"))
            }
        }
    }

    @Test("depth, entries, path and blob have caps that are named with their unit")
    func caps() async throws {
        let fixture = try Fixture()
        let head = try fixture.commit(
            "deep", ["services/a/b/c/d.yaml": "12345678901", "services/e.yaml": "1"])
        var expected: [(GitLimits, String)] = []
        func expect(_ limit: String, _ change: (inout GitLimits) -> Void) {
            var limits = GitLimits.standard
            change(&limits)
            expected.append((limits, limit))
        }
        expect("3 levels") { $0.treeDepth = 3 }
        expect("4 entries") { $0.treeEntries = 4 }
        expect("20 bytes") { $0.pathBytes = 20 }
        expect("16 bytes") { $0.treeBytes = 16 }
        for (limits, limit) in expected {
            try await with(fetched(fixture, limits: limits)) { source async throws in
                do {
                    _ = try await source.delta(from: nil, to: head)
                    Issue.record("read over the cap of \(limit)")
                } catch SourceError.tooLarge(_, let named) {
                    #expect(named == limit)
                }
            }
        }
        var limits = GitLimits.standard
        limits.treeDepth = 4
        limits.treeEntries = 7
        limits.pathBytes = 21
        limits.blobBytes = 10
        try await with(fetched(fixture, limits: limits)) { source async throws in
            #expect(try await source.delta(from: nil, to: head).changes.count == 3)
            let blob = try #require(ObjectID(fixture.blob("12345678901")))
            let small = try #require(ObjectID(fixture.blob("1")))
            #expect(try await source.blobs([blob, small]) == [small: [0x31]])
        }
        limits.blobBytes = 11
        limits.totalBlobBytes = 11
        try await with(fetched(fixture, limits: limits)) { source async throws in
            let blob = try #require(ObjectID(fixture.blob("12345678901")))
            let small = try #require(ObjectID(fixture.blob("1")))
            #expect(try await source.blobs([blob]).count == 1)
            let over = SourceError.tooLarge(what: "what the files hold together", limit: "11 bytes")
            await #expect(throws: over) { try await source.blobs([blob, small]) }
        }
        #expect(GitLimits.standard.blobBytes == 1 << 20)
    }

    @Test("what is not there is missing, and a folder is not a file")
    func missing() async throws {
        let fixture = try Fixture()
        let absent = String(repeating: "ab", count: 20)
        let commit = try #require(CommitID(absent))
        let object = try #require(ObjectID(absent))
        let tree = try #require(ObjectID(fixture.git("rev-parse", "HEAD^{tree}")))
        let unread = try fixture.source()
        await #expect(throws: SourceError.self) { try await unread.record(of: commit) }
        try await with(fetched(fixture)) { source async throws in
            func isMissing(_ body: () async throws -> Void) async throws {
                do {
                    try await body()
                    Issue.record("read what is not there")
                } catch SourceError.objectMissing(let text) {
                    #expect(text.contains(absent))
                }
            }
            try await isMissing { _ = try await source.record(of: commit) }
            try await isMissing { _ = try await source.blobs([object]) }
            try await isMissing { _ = try await source.delta(from: nil, to: commit) }
            try await isMissing { _ = try await source.delta(from: commit, to: fixture.head()) }
            try await isMissing { _ = try await source.descends(commit, from: commit) }
            await #expect(throws: SourceError.self) { try await source.blobs([tree]) }
        }
    }

    @Test("a commit says who made it, when and why")
    func record() async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        let head = try fixture.commit("move checkout to 1.8.0\n\nbecause", ["fleet.yaml": "2"])
        try await with(fetched(fixture)) { source async throws in
            let record = try await source.record(of: head)
            let expected = CommitRecord(
                id: head, parents: [first], authorName: "Ada", authorEmail: "ada@example.org",
                committerEmail: "grace@example.org",
                committed: Timestamp(milliseconds: 1_789_000_060_000),
                subject: "move checkout to 1.8.0")
            #expect(record == expected)
        }
    }

    @Test("hostile text in a commit is made harmless and is cut")
    func hostile() async throws {
        let fixture = try Fixture()
        let tree = try fixture.git("rev-parse", "HEAD^{tree}")
        let long = String(repeating: "ä", count: 5000)
        var bytes = Array("tree \(tree)\nauthor ".utf8)
        bytes += Array("E\u{1B}[31mve\u{202E}".utf8) + [0xFF] + Array(" <e\u{7}@x> ".utf8)
        bytes += Array("99999999999999999 +0000\ncommitter \(long) <c@x> ".utf8)
        bytes += Array("99999999999999999 +0000\n\n\n\(long)\u{9B}\nrest".utf8)
        let head = try #require(
            CommitID(fixture.object("commit", bytes).description))
        try fixture.git("update-ref", "refs/heads/main", "\(head)")
        try await with(fetched(fixture)) { source async throws in
            let record = try await source.record(of: head)
            #expect(record.authorName == "E[31mve\u{FFFD}")
            #expect(record.authorEmail == "e@x")
            #expect(record.subject == String(repeating: "ä", count: 256) + "…")
            #expect(record.committed.milliseconds > 0)
        }
    }

    @Test("the first-parent line follows merges on their main side")
    func line() async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        try fixture.git("checkout", "-q", "-b", "topic")
        let side = try fixture.commit("side", ["services/a.yaml": "a"])
        try fixture.git("checkout", "-q", "main")
        let second = try fixture.commit("second", ["fleet.yaml": "2"])
        try fixture.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
        let merge = try fixture.head()
        try await with(fetched(fixture)) { source async throws in
            func line(_ base: CommitID, _ limit: Int) async throws -> [CommitID]? {
                try await source.firstParentLine(from: base, to: merge, limit: limit)
            }
            #expect(try await line(first, 2) == [second, merge])
            #expect(try await line(first, 1) == nil)
            #expect(try await line(merge, 0) == [])
            #expect(try await line(side, 100) == nil)
            #expect(try await source.descends(merge, from: side))
            let record = try await source.record(of: merge)
            #expect(record.parents == [second, side])
        }
    }

    @Test("reading goes on while another process writes the mirror")
    func concurrently() async throws {
        let fixture = try Fixture()
        try await with(fetched(fixture)) { writer async throws in
            try await with(fixture.source()) { reader async throws in
                for number in 1...5 {
                    let head = try fixture.commit("next", ["fleet.yaml": "n\(number)"])
                    _ = try await writer.fetch(limit: .ample)
                    #expect(try await reader.lastFetch()?.commit == head)
                    #expect(try await reader.delta(from: nil, to: head).changes.count == 1)
                }
            }
        }
    }
}
