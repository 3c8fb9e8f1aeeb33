import Foundation
import Testing

/// Names and values that a person mistypes.
@Suite("names that nobody knows") struct NamesTests {
    @Test("a name that nobody knows is an error with the nearest one, never an empty answer")
    func unknownNames() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        for (words, near) in [
            (["plan", "--env", "prodution"], "did you mean production?"),
            (["plan", "--service", "apu"], "did you mean api?"),
            (["status", "--env", "prodution"], "did you mean production?"),
            (["tree", "--env", "prodution"], "did you mean production?"),
            (["history", "production/apu"], "did you mean production/api?"),
            (["audit", "show", "--lane", "production/apu"], "did you mean production/api?"),
            (["freeze", "prodution", "--reason", "typo"], "did you mean production?"),
            (["freeze", "production/apu", "--reason", "typo"], "did you mean production/api?"),
            (["rollout", "retry", "production/apu"], "did you mean production/api?"),
            (["sim", "fault", "refuse", "production/apu"], "did you mean production/api?"),
            (["sim", "fault", "refuse", "stagin"], "did you mean staging?"),
            (["run", "--allow-root", "--take-over", "prodution"], "did you mean production?"),
            (["sim", "show", "--env", "stagin"], "did you mean staging?"),
        ] {
            let outcome = try await stage.airlock(words)
            #expect(
                outcome.code == 1 && outcome.errors.contains(near), "\(words): \(outcome.errors)")
        }
        #expect(try await stage.entries("frozen").isEmpty)
    }

    @Test("what the ledger knows is frozen without a look at git")
    func freezeWithoutGit() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        // Whoever reads the last fetch stumbles over this.
        try "{".write(toFile: stage.state + "/mirror.json", atomically: false, encoding: .utf8)
        try await stage.must("freeze", "production/api", "--reason", "a look")
        try await stage.must("freeze", "staging", "--reason", "a look")
        #expect(try await stage.entries("frozen").count == 2)
    }

    @Test("a value that is none is a usage error")
    func badValues() async throws {
        let stage = try await Stage()
        for words in [
            ["freeze", "production", "--reason", " "],
            ["freeze", "production", "--reason", "why", "--for", "0s"],
            ["audit", "verify", "--key", "nonsense"], ["audit", "show", "--kind", "nonsense"],
            ["audit", "show", "--commit", "3f2a"], ["history", "--commit", "nonsense"],
            ["reconcile", "--accept-rewrite", "main"], ["run", "--trust-root", "3f2a91c"],
            ["status", "-o", "markdown"], ["audit", "show", "-o", "markdown"],
        ] {
            let outcome = try await stage.airlock(words)
            #expect(outcome.code == 64, "\(words): \(outcome.code) \(outcome.errors)")
        }
    }

    @Test("the short name of a commit stands for it where it is known, and else shows the form")
    func shortCommits() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let first = try stage.git("rev-parse", "HEAD")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        let second = try stage.git("rev-parse", "HEAD")
        for (commit, count) in [(first, 4), (second, 1)] {
            let short = String(commit.prefix(10))
            let history = try await stage.must("history", "--commit", short, "-o", "json").json()
            #expect((history["operations"] as? [Any])?.count == count)
            let shown = try await stage.must("audit", "show", "--commit", short, "-o", "json")
                .json()
            let entries = try #require(shown["entries"] as? [[String: Any]])
            #expect(!entries.isEmpty && entries.allSatisfy { $0["commit"] as? String == commit })
        }
        for words in [
            ["audit", "show", "--commit", "0000000"],
            ["reconcile", "--accept-rewrite", "0000000"],
        ] {
            let unknown = try await stage.airlock(words)
            #expect(unknown.code == 1 && unknown.errors.contains("hexadecimal digits"))
        }
        let bad = try await stage.airlock("audit", "show", "--commit", "v1")
        #expect(bad.code == 64 && bad.errors.contains("7 to 40 hexadecimal"), "\(bad.errors)")
    }

    @Test("a head that the reconciler would refuse is told by plan, and its changes have no ids")
    func refusedHead() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let base = try stage.git("rev-parse", "HEAD")
        var files = Shop.api("1.1.0") as [String: String?]
        files["fleet.yaml"] = Shop.files["fleet.yaml"]?.replacingOccurrences(
            of: "name: shop", with: "name: store")
        try stage.commit("renamed", files)
        let refused = try await stage.airlock("plan", "-o", "json")
        let renamed = try refused.json()
        #expect(
            refused.code == 1
                && (renamed["incomplete"] as? String)?.contains("ledger is that of shop") == true)
        try stage.git("reset", "--quiet", "--hard", base)
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        #expect(try await stage.must("plan", "-o", "json").json()["incomplete"] == nil)
        try await stage.must("reconcile", "--wait", "120s")
        try stage.git("reset", "--quiet", "--hard", base)
        try stage.commit("api 1.2.0", Shop.api("1.2.0"))
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 1 && plan.output.contains("history was rewritten"), "\(plan.output)")
        let lanes =
            try await stage.airlock("plan", "-o", "json").json()["lanes"] as? [[String: Any]]
        #expect(lanes?.contains { $0["change"] != nil } == false)
    }

    @Test("a lane with fewer healthy instances than it settled on is degraded")
    func degraded() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("sim", "fault", "drift-traffic", "production/api")
        #expect(try await stage.lane("production/api")["state"] as? String == "degraded")
        #expect(try await stage.must("status").output.contains("degraded"))
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["state"] as? String == "settled")
        for fault in ["drift-stop", "drift-foreign"] {
            try await stage.must("sim", "fault", fault, "production/web")
            #expect(try await stage.lane("production/web")["state"] as? String == "degraded")
            guard fault == "drift-stop" else { continue }
            #expect(try await stage.lane("production/web")["healthy"] as? Int == 0)
            let text = try await stage.must("status").output
            #expect(text.contains(" 0/2 "), "\(text)")
            try await stage.must("reconcile", "--wait", "120s")
        }
    }

    @Test("an older checkpoint kept elsewhere proves that the log only grew")
    func olderCheckpoint() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let kept = stage.root + "/kept-checkpoint"
        try FileManager.default.copyItem(atPath: stage.state + "/audit/checkpoint", toPath: kept)
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        let good = try await stage.must("audit", "verify", "--against", kept)
        #expect(good.errors.contains("the log begins with"), "\(good.errors)")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: kept))
        bytes[bytes.count - 10] ^= 1
        let tampered = stage.root + "/tampered-checkpoint"
        try bytes.write(to: URL(fileURLWithPath: tampered))
        let refused = try await stage.airlock("audit", "verify", "--against", tampered)
        #expect(refused.code == 1 && refused.errors.contains(tampered), "\(refused.errors)")
        #expect(!refused.errors.contains("audit/checkpoint"), "\(refused.errors)")
        let other = try await Stage()
        try await other.must("reconcile", "--wait", "120s")
        let bad = try await other.airlock("audit", "verify", "--against", kept)
        #expect(bad.code == 1, "\(bad.output)\(bad.errors)")
    }

    @Test(
        "a flipped byte at the newest end of the log stops the next start",
        arguments: [true, false])
    func flippedEnd(_ isEntry: Bool) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let folder = stage.state + (isEntry ? "/audit/tile/entries" : "/audit/tile/0")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted {
            $0.compare($1, options: .numeric) == .orderedAscending
        }
        let newest = URL(fileURLWithPath: folder + "/" + (try #require(names.last)))
        var bytes = try Data(contentsOf: newest)
        bytes[bytes.count - 3] ^= 1
        try bytes.write(to: newest)
        let outcome = try await stage.airlock("reconcile")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains("audit/"), "\(outcome.errors)")
    }

    @Test("tiles that were removed are laid anew, and the log says so")
    func removedTiles() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try FileManager.default.removeItem(atPath: stage.state + "/audit")
        try await stage.must("reconcile")
        try await stage.must("audit", "verify")
        let started = try #require(await stage.entries("started").last)
        let detail = started["detail"] as? [String: String]
        #expect(detail?["auditTiles"]?.contains("laid anew") == true, "\(started)")
    }

    @Test("a checkpoint that was removed is named, and put back by the next start with a word")
    func removedCheckpoint() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let file = stage.state + "/audit/checkpoint"
        let before = try String(contentsOfFile: file, encoding: .utf8)
        try FileManager.default.removeItem(atPath: file)
        let found = try await stage.airlock("audit", "verify")
        #expect(
            found.code == 1 && found.errors.contains("it is missing beside the tiles"),
            "\(found.errors)")
        let next = try await stage.must("reconcile")
        #expect(next.errors.contains("was missing and was put back"), "\(next.errors)")
        try await stage.must("audit", "verify")
        #expect(try String(contentsOfFile: file, encoding: .utf8).count >= before.count)
    }
}
