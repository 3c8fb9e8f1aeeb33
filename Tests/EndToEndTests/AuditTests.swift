import Foundation
import Testing

/// The audit log can be read, checked and proved, and what was changed in it is found.
@Suite("audit") struct AuditTests {
    /// A stage that has converged, with a frozen lane for an entry by a person.
    private func converged() async throws -> Stage {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production/api", "--reason", "review")
        return stage
    }

    @Test("entries are shown by lane, commit, actor and time")
    func filters() async throws {
        let stage = try await converged()
        let commit = try stage.git("rev-parse", "HEAD")
        func show(_ more: String...) async throws -> [[String: Any]] {
            let shown = try await stage.airlock(
                ["audit", "show", "-o", "json", "--last", "0"] + more
            ).json()
            return try #require(shown["entries"] as? [[String: Any]])
        }
        let all = try await show()
        #expect(all.map { $0["seq"] as? Int } == Array(0..<all.count).map(Optional.some))
        #expect(
            try await show("--lane", "staging/web").allSatisfy {
                $0["lane"] as? String == "staging/web"
            })
        #expect(try await show("--commit", commit).allSatisfy { $0["commit"] as? String == commit })
        let mine = try await show("--actor", "uid:\(geteuid())")
        #expect(mine.contains { $0["kind"] as? String == "frozen" })
        #expect(try await show("--since", "1h").count == all.count)
        #expect(try await show("--until", "1h").isEmpty)
        #expect(try await show("--env", "staging").count < all.count)
        #expect(try await show("--kind", "frozen").compactMap { $0["seq"] as? Int }.count == 1)
        let last = try await show("--last", "3")
        #expect(last.count == 3 && last.last?["seq"] as? Int == all.count - 1)
        #expect(
            try await stage.must("audit", "show", "--kind", "released").output == "No entries.\n")
    }

    @Test("export writes every entry as canonical JSON")
    func export() async throws {
        let stage = try await converged()
        let lines = try await stage.must("audit", "export").output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("{\"") && $0.hasSuffix("}") })
        let kinds = try await stage.must("audit", "export").jsonLines().map {
            $0["kind"] as? String
        }
        for kind in [
            "started", "trust", "commit.accepted", "claimed", "decision", "intended", "settled",
            "frozen",
        ] { #expect(kinds.contains(kind), "no \(kind)") }
    }

    @Test("a reader that closes the pipe early is no error")
    func pipe() async throws {
        let stage = try await converged()
        let program = try RunningProgram(
            "/bin/bash",
            ["-c", "set -o pipefail; '\(Stage.binary)' audit export | head -n 1 > /dev/null"],
            environment: stage.environment, folder: stage.root + "/programs",
            directory: stage.root)
        #expect(try await program.outcome(within: .seconds(180)).code == 0)
    }

    @Test("one flipped bit in any file of the log is found and its place named")
    func flipped() async throws {
        let stage = try await converged()
        #expect(try await stage.airlock("audit", "verify").code == 0)
        let folder = stage.state + "/audit"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
        #expect(files.count > 3)
        // Every tile and a sample of the others; each flip is taken back.
        for (index, file) in files.enumerated() where index % 4 == 0 || !file.contains(".p/") {
            let place = URL(fileURLWithPath: "\(folder)/\(file)")
            let good = try Data(contentsOf: place)
            var bad = good
            bad[good.count / 2] ^= 1 << (index % 8)
            try bad.write(to: place)
            let found = try await stage.airlock("audit", "verify")
            #expect(found.code == 1, "\(file) at byte \(good.count / 2)")
            let name = file.split(separator: "/").last.map(String.init) ?? file
            #expect(found.errors.contains(name), "\(file): \(found.errors)")
            try good.write(to: place)
        }
        #expect(try await stage.airlock("audit", "verify").code == 0)
    }

    @Test("a log that was cut short is found")
    func cut() async throws {
        let stage = try await converged()
        let folder = stage.state + "/audit"
        let early = stage.root + "/early"
        try FileManager.default.copyItem(atPath: folder, toPath: early)
        try await stage.must("thaw", "production/api")
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.copyItem(atPath: early, toPath: folder)
        let found = try await stage.airlock("audit", "verify")
        #expect(found.code == 1, "\(found.output)")
        #expect(found.errors.contains("cut"), "\(found.errors)")
    }

    @Test("verify --key holds the log against a key kept elsewhere; a foreign key fails")
    func key() async throws {
        let stage = try await converged()
        let key = try await stage.must("audit", "key").output.trimmingCharacters(in: .newlines)
        #expect(try await stage.airlock("audit", "verify", "--key", key).code == 0)
        let other = try await converged()
        let foreign = try await other.must("audit", "key").output
            .trimmingCharacters(in: .newlines)
        let refused = try await stage.airlock("audit", "verify", "--key", foreign)
        #expect(refused.code == 1, "\(refused.output)")
        let nonsense = try await stage.airlock("audit", "verify", "--key", "nonsense")
        #expect(nonsense.code == 64 && nonsense.errors.contains("airlock audit key"))
        let copy = try await stage.airlock(
            "audit", "verify", "--copy", stage.state + "/audit", "--key", key)
        #expect(copy.code == 0, "\(copy.errors)")
    }

    @Test("a proof is checked offline against an entry and a key")
    func proof() async throws {
        let stage = try await converged()
        let key = try await stage.must("audit", "key").output.trimmingCharacters(in: .newlines)
        let lines = try await stage.must("audit", "export").output.split(separator: "\n")
        let proof = stage.root + "/7.tlog-proof"
        try await stage.must("audit", "prove", "7").output
            .write(toFile: proof, atomically: true, encoding: .utf8)
        let (right, wrong) = (stage.root + "/7.json", stage.root + "/8.json")
        try (lines[7] + "\n").write(toFile: right, atomically: true, encoding: .utf8)
        try (lines[8] + "\n").write(toFile: wrong, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: stage.state)
        let good = try await stage.airlock(
            "audit", "check-proof", proof, "--entry", right, "--key", key)
        #expect(good.code == 0 && good.output.contains("entry 7 is in the log"), "\(good.errors)")
        let json = try await stage.must(
            "audit", "check-proof", proof, "--entry", right, "--key", key, "-o", "json"
        ).json()
        #expect(json["seq"] as? Int == 7)
        let bad = try await stage.airlock(
            "audit", "check-proof", proof, "--entry", wrong, "--key", key)
        #expect(bad.code == 1 && !bad.errors.isEmpty)
        let none = try await stage.airlock(
            "audit", "check-proof", "nowhere", "--entry", right, "--key", key)
        #expect(none.code == 1 && none.errors.contains("no file nowhere"))
    }

    @Test("a number that is not in the log is told with the bounds")
    func outside() async throws {
        let stage = try await converged()
        let outcome = try await stage.airlock("audit", "prove", "30000")
        #expect(outcome.code == 1 && outcome.errors.contains("no entry 30000"))
    }
}
