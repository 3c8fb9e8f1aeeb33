import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("Fetching")
struct FetchTests {
    @Test("a fetch finds the head of the branch and remembers it across a restart")
    func fetch() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            #expect(try await source.lastFetch() == nil)
            let found = try await source.fetch(limit: .ample)
            #expect(found.commit == head)
            #expect(found.fetched == fixture.now)
        }
        fixture.advance(.seconds(5))
        try await with(fixture.source()) { source async throws in
            let last = try #require(try await source.lastFetch())
            #expect(last.commit == head)
            #expect(last.fetched < fixture.now)
        }
    }

    @Test("an absolute path and a file URL reach the same repository")
    func addresses() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        for remote in [fixture.origin, "file://" + fixture.origin] {
            try await with(fixture.source(remote: remote)) { source async throws in
                #expect(try await source.fetch(limit: .ample).commit == head)
            }
        }
    }

    @Test("the mirror, its lock and its record are their owner's alone")
    func permissions() async throws {
        let fixture = try Fixture()
        try await with(fixture.source()) { source in _ = try await source.fetch(limit: .ample) }
        func mode(_ path: String) throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: fixture.state + "/" + path)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode("mirror.git") == 0o700)
        #expect(try mode("mirror.lock") == 0o600)
        #expect(try mode("mirror.json") == 0o600)
    }

    @Test("a record that cannot be read is written anew by the next fetch")
    func brokenRecord() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let record = URL(fileURLWithPath: fixture.state + "/mirror.json")
            try Data("{".utf8).write(to: record)
            await #expect(throws: SourceError.self) { try await source.lastFetch() }
            #expect(try await source.fetch(limit: .ample).commit == head)
            #expect(try await source.lastFetch()?.commit == head)
        }
    }

    @Test("a missing branch is an error and not an empty success")
    func missing() async throws {
        let fixture = try Fixture()
        try await with(fixture.source(branch: "nope")) { source async throws in
            await #expect(throws: SourceError.branchMissing("nope")) {
                try await source.fetch(limit: .ample)
            }
            #expect(try await source.lastFetch() == nil)
        }
    }

    @Test("a deleted branch is an error, and what was fetched before stays")
    func deleted() async throws {
        let fixture = try Fixture()
        try fixture.git("branch", "release")
        try await with(fixture.source(branch: "release")) { source async throws in
            let before = try await source.fetch(limit: .ample)
            try fixture.git("branch", "-D", "release")
            await #expect(throws: SourceError.branchMissing("release")) {
                try await source.fetch(limit: .ample)
            }
            #expect(try await source.lastFetch() == before)
            #expect(try await source.delta(from: nil, to: before.commit).changes.count == 1)
        }
    }

    @Test("a forced push is seen, and it does not descend from what was there")
    func forced() async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        let second = try fixture.commit("second", ["fleet.yaml": "name: a\n"])
        try await with(fixture.source()) { source async throws in
            #expect(try await source.fetch(limit: .ample).commit == second)
            try fixture.git("reset", "-q", "--hard", first.description)
            let third = try fixture.commit("third", ["fleet.yaml": "name: b\n"])
            #expect(try await source.fetch(limit: .ample).commit == third)
            #expect(try await source.descends(third, from: second) == false)
            #expect(try await source.descends(third, from: first))
            #expect(try await source.descends(third, from: third))
            #expect(try await source.descends(first, from: third) == false)
        }
    }

    @Test("a branch that goes from a to a/b is followed")
    func nested() async throws {
        let fixture = try Fixture()
        try fixture.git("branch", "team")
        try await with(fixture.source(branch: "team")) { _ = try await $0.fetch(limit: .ample) }
        try fixture.git("branch", "-D", "team")
        try fixture.git("branch", "team/next")
        try await with(fixture.source(branch: "team/next")) { source async throws in
            #expect(try await source.lastFetch() == nil)
            let head = try fixture.head()
            #expect(try await source.fetch(limit: .ample).commit == head)
        }
    }

    @Test("a tag named like the branch is not taken for it")
    func tag() async throws {
        let fixture = try Fixture()
        try fixture.git("tag", "release")
        try await with(fixture.source(branch: "release")) { source async throws in
            await #expect(throws: SourceError.branchMissing("release")) {
                try await source.fetch(limit: .ample)
            }
        }
    }

    @Test("an absent remote and a folder that is no repository are unreachable")
    func unreachable() async throws {
        let fixture = try Fixture()
        for remote in [fixture.root + "/nowhere", fixture.root + "/home"] {
            try await with(fixture.source(remote: remote)) { source async throws in
                do {
                    _ = try await source.fetch(limit: .ample)
                    Issue.record("fetched from \(remote)")
                } catch SourceError.unreachable(let text) {
                    #expect(text.contains(remote))
                }
            }
        }
    }

    @Test(
        "a repository of another user is refused, whatever the home folder configures",
        .enabled(if: geteuid() == 0))
    func foreignOwner() async throws {
        let fixture = try Fixture()
        let nobody: UInt32 = 65_534
        for path in [fixture.origin, fixture.origin + "/.git"] {
            try #require(chown(path, nobody, nobody) == 0)
        }
        // The home folder's exception would be taken if its configuration were read.
        let home = fixture.root + "/home"
        try "[safe]\n  directory = \(fixture.origin)\n".write(
            toFile: home + "/.gitconfig", atomically: true, encoding: .utf8)
        let worker = try fixture.script(
            "HOME='\(home)' exec '\(WorkerCommand.built.executable)' fetch-worker")
        try await with(fixture.source(worker: worker)) { source async throws in
            do {
                _ = try await source.fetch(limit: .ample)
                Issue.record("fetched from another user's repository")
            } catch SourceError.unreachable(let text) {
                #expect(text.contains("belongs to another user"))
            }
        }
    }

    @Test("a mirror of another user is not read", .enabled(if: geteuid() == 0))
    func foreignMirror() async throws {
        let fixture = try Fixture()
        try await with(fixture.source()) { source async throws in
            let head = try await source.fetch(limit: .ample).commit
            try #require(chown(fixture.mirror, 65_534, 65_534) == 0)
            try await with(fixture.source()) { other in
                do {
                    _ = try await other.record(of: head)
                    Issue.record("read another user's mirror")
                } catch SourceError.failed(let text) {
                    #expect(text.contains("belongs to another user"))
                }
            }
        }
    }

    @Test("configuration in the home folder reroutes nothing")
    func insteadOf() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        let decoy = try Fixture()
        try decoy.commit("decoy", ["fleet.yaml": "name: decoy\n"])
        let config = "[url \"\(decoy.origin)\"]\n  insteadOf = \(fixture.origin)\n"
        let home = fixture.root + "/home"
        try config.write(toFile: home + "/.gitconfig", atomically: true, encoding: .utf8)
        let routed = try fixture.git(
            "ls-remote", fixture.origin, "refs/heads/main",
            environment: ["GIT_CONFIG_GLOBAL": home + "/.gitconfig"])
        #expect(!routed.contains(head.description), "git itself is rerouted")
        let worker = try fixture.script(
            "HOME='\(home)' XDG_CONFIG_HOME='\(home)' exec '\(WorkerCommand.built.executable)' fetch-worker"
        )
        try await with(fixture.source(worker: worker)) { source async throws in
            #expect(try await source.fetch(limit: .ample).commit == head)
        }
    }

    @Test(
        "a mirror that cannot be opened or read is corrupt, and a fresh one is made once it is gone"
    )
    func corrupt() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            try FileManager.default.removeItem(atPath: fixture.mirror + "/HEAD")
            for attempt in ["fetch", "read"] {
                do {
                    if attempt == "fetch" {
                        _ = try await source.fetch(limit: .ample)
                    } else {
                        try await with(fixture.source()) { _ = try await $0.record(of: head) }
                    }
                    Issue.record("\(attempt) of a corrupt mirror")
                } catch SourceError.corrupt(let text) {
                    #expect(text.contains(fixture.mirror))
                }
            }
            try FileManager.default.removeItem(atPath: fixture.mirror)
            #expect(try await source.lastFetch() == nil)
            #expect(try await source.fetch(limit: .ample).commit == head)
            #expect(try await source.record(of: head).id == head)
        }
    }

    @Test("a mirror without the folder of its packs is corrupt, and not a remote that is away")
    func packless() async throws {
        let fixture = try Fixture()
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let packs = fixture.mirror + "/objects/pack"
            try FileManager.default.removeItem(atPath: packs)
            do {
                _ = try await source.fetch(limit: .ample)
                Issue.record("fetched into a corrupt mirror")
            } catch SourceError.corrupt(let text) {
                #expect(text.contains(packs))
            }
        }
    }

    @Test("a pack with flipped bits is corrupt")
    func flipped() async throws {
        let fixture = try Fixture()
        let text = String(repeating: "shop ", count: 20)
        try fixture.commit("second", ["fleet.yaml": text])
        let blob = try #require(ObjectID(fixture.blob(text)))
        try await with(fixture.source()) { _ = try await $0.fetch(limit: .ample) }
        let folder = fixture.mirror + "/objects/pack/"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasSuffix(".pack") {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: folder + name))
            // The first byte of each compressed content; sizes in front of it stay as they are.
            for index in 20..<bytes.count - 24 where bytes[index] == 0x78 { bytes[index] ^= 1 }
            try FileManager.default.removeItem(atPath: folder + name)
            try bytes.write(to: URL(fileURLWithPath: folder + name))
        }
        try await with(fixture.source()) { source async throws in
            do {
                _ = try await source.blobs([blob])
                Issue.record("read from a corrupt pack")
            } catch SourceError.corrupt(let text) {
                #expect(text.contains(fixture.mirror))
            }
        }
    }

    @Test("a fetch copies what its branch has and the mirror lacks, and nothing of other branches")
    func smallest() async throws {
        let fixture = try Fixture()
        try fixture.git("checkout", "-q", "-b", "unmerged")
        let other = try fixture.commit("other", ["services/big.yaml": "unmerged work"])
        try fixture.git("checkout", "-q", "main")
        func objects() throws -> Int {
            let text = try fixture.git(
                "--git-dir", fixture.mirror, "cat-file", "--batch-all-objects", "--batch-check",
                "--unordered")
            return text.split(separator: "\n").count
        }
        func packed() throws -> Int {
            let folder = fixture.mirror + "/objects/pack/"
            return try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".idx") }
                .map { name in
                    try fixture.git("verify-pack", "-v", folder + name).split(separator: "\n")
                        .filter { $0.contains(" commit ") || $0.contains(" tree ") }.count
                }
                .reduce(0, +)
        }
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            #expect(try objects() == 3)
            try fixture.commit("second", ["fleet.yaml": "second"])
            _ = try await source.fetch(limit: .ample)
            _ = try await source.fetch(limit: .ample)
            #expect(try objects() == 6)
            #expect(try packed() == 4, "nothing was copied twice")
            await #expect(throws: SourceError.self) { try await source.record(of: other) }
        }
    }

    @Test("what an interrupted fetch left behind is removed by the next one")
    func leftovers() async throws {
        let fixture = try Fixture()
        try await with(fixture.source()) { source async throws in
            let head = try await source.fetch(limit: .ample).commit
            let left = fixture.mirror + "/objects/pack/pack_git2_interrupted"
            try "half a pack".write(toFile: left, atomically: true, encoding: .utf8)
            #expect(try await source.fetch(limit: .ample).commit == head)
            #expect(!FileManager.default.fileExists(atPath: left))
            #expect(try await source.record(of: head).id == head)
        }
    }

    @Test("a fetch over its cap of objects or bytes is refused by name, and harms nothing")
    func objects() async throws {
        let fixture = try Fixture()
        var limits = GitLimits.standard
        limits.fetchedObjects = 2
        try await with(fixture.source(limits: limits)) { source async throws in
            await #expect(throws: SourceError.tooLarge(what: "the fetch", limit: "2 objects")) {
                try await source.fetch(limit: .ample)
            }
            #expect(try await source.lastFetch() == nil)
        }
        limits = .standard
        limits.fetchedBytes = 100
        try await with(fixture.source(limits: limits)) { source async throws in
            await #expect(throws: SourceError.tooLarge(what: "the fetch", limit: "100 bytes")) {
                try await source.fetch(limit: .ample)
            }
        }
        try await with(fixture.source()) { try await $0.fetch(limit: .ample) }
    }

    @Test("a reading that had no end is known to the next process, and one that ended is not")
    func unendedReadings() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        let note = fixture.state + "/reading.json"
        for times in 1...2 {
            try await with(fixture.source()) { source async throws in
                try await source.beginReading(head, at: fixture.now)
                let readings = try await source.unendedReadings(of: head)
                #expect(readings == UnendedReadings(count: times, last: fixture.now))
            }
        }
        try await with(fixture.source()) { source async throws in
            let other = try #require(CommitID(String(repeating: "1", count: 40)))
            #expect(try await source.unendedReadings(of: other).count == 0)
            try Data("{\"v\":1,".utf8).write(to: URL(fileURLWithPath: note))
            #expect(try await source.unendedReadings(of: head).count == 0)
            try await source.beginReading(head, at: fixture.now)
            #expect(try await source.unendedReadings(of: head).count == 1)
            try await source.endReading()
            try await source.endReading()
            #expect(try await source.unendedReadings(of: head).count == 0)
        }
    }
}
