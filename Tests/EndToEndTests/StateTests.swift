import Foundation
import Testing

/// What the state directory must be, and what is told when it is not.
@Suite("the state directory") struct StateTests {
    @Test("one that cannot be made is told by name", arguments: ["/proc/airlock", "dangling"])
    func cannotBeMade(_ path: String) async throws {
        let stage = try await Stage()
        var state = path
        if path == "dangling" {
            state = stage.root + "/dangling"
            try FileManager.default.createSymbolicLink(
                atPath: state, withDestinationPath: stage.root + "/nowhere/at/all")
        }
        for verb in [["reconcile"], ["thaw", "production"]] {
            let outcome = try await stage.airlock(verb + ["--state", state])
            #expect(outcome.code == 1 && outcome.errors.contains(state), "\(verb): \(outcome)")
        }
    }

    @Test(
        "a journal that is gone beside its audit log, or empty, is not begun anew",
        arguments: ["gone", "empty"])
    func lostJournal(_ how: String) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        for suffix in ["", "-wal", "-shm"] {
            let file = stage.state + "/ledger.sqlite" + suffix
            if FileManager.default.fileExists(atPath: file) {
                try FileManager.default.removeItem(atPath: file)
            }
        }
        let journal = stage.state + "/ledger.sqlite"
        if how == "empty" { try stage.shell("umask 077 && : > '\(journal)'") }
        for verb in [["reconcile"], ["status"], ["doctor"], ["audit", "verify"], ["plan"]] {
            let outcome = try await stage.airlock(verb)
            let text = outcome.output + outcome.errors
            #expect(
                outcome.code == 1 && text.contains("ledger.sqlite is \(how)"), "\(verb): \(text)")
        }
        #expect(
            try stage.shell("cat '\(journal)' 2>/dev/null | wc -c") == "0", "nothing was written")
    }

    @Test("a lost key of the audit log is told as that")
    func lostKey() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.shell("rm '\(stage.state)/keys/audit'")
        for verb in [["reconcile"], ["audit", "verify"], ["audit", "key"]] {
            let outcome = try await stage.airlock(verb)
            #expect(
                outcome.code == 1 && outcome.errors.contains("lost: restore it from a backup"),
                "\(outcome)")
        }
    }

    @Test("doctor sees an audit log that is older than its journal")
    func olderLog() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let (audit, copy) = (stage.state + "/audit", stage.root + "/audit")
        try FileManager.default.copyItem(atPath: audit, toPath: copy)
        try await stage.must("freeze", "staging", "--reason", "x")
        try FileManager.default.removeItem(atPath: audit)
        try FileManager.default.moveItem(atPath: copy, toPath: audit)
        let doctor = try await stage.airlock("doctor")
        #expect(doctor.code == 1 && doctor.output.contains("cut short"), "\(doctor.output)")
        #expect(try await stage.airlock("reconcile").code == 1)
    }

    @Test("environments of a ledger that is lost are told by doctor, with the way to take them")
    func foreignClaims() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        for name in try FileManager.default.contentsOfDirectory(atPath: stage.state)
        where name.hasPrefix("ledger") || name == "audit" || name == "keys" {
            try FileManager.default.removeItem(atPath: stage.state + "/" + name)
        }
        for _ in 0..<2 {
            let doctor = try await stage.airlock("doctor")
            #expect(
                doctor.code == 1 && doctor.output.contains("airlock run --take-over production"),
                "\(doctor.output)")
            let held = try await stage.airlock("reconcile")
            #expect(held.output.contains("airlock run --take-over production"), "\(held.output)")
        }
    }

    @Test("a broken record of the mirror does not stop status, and the next look mends it")
    func brokenRecord() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try Data("{".utf8).write(to: URL(fileURLWithPath: stage.state + "/mirror.json"))
        let status = try await stage.must("status")
        #expect(status.errors.contains("mirror.json"), "\(status.errors)")
        try await stage.must("freeze", "staging", "--reason", "x")
        try await stage.must("thaw", "staging")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await !stage.must("status").errors.contains("mirror.json"))
    }

    @Test("a changed row is found by audit verify, too")
    func damagedRow() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let script = """
            import sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            db.execute("UPDATE entries SET bytes = CAST(bytes || ' ' AS BLOB) WHERE rowid = 5")
            db.commit()
            """
        let damage = try RunningProgram(
            "/usr/bin/python3", ["-c", script, stage.state + "/ledger.sqlite"],
            environment: stage.environment, folder: stage.root + "/programs", directory: stage.root)
        #expect(try await damage.outcome(within: .seconds(180)).code == 0)
        let outcome = try await stage.airlock("audit", "verify")
        #expect(outcome.code == 1 && outcome.errors.contains("entries"), "\(outcome.errors)")
    }

    @Test("a trust root that is not in the repository refuses the head and blames no mirror")
    func unknownTrustRoot() async throws {
        let stage = try await Stage()
        let root = String(repeating: "1234567890", count: 4)
        let outcome = try await stage.airlock("reconcile", "--trust-root", root)
        let text = outcome.output + outcome.errors
        #expect(
            outcome.code == 1 && text.contains("does not descend from the trust root"), "\(text)")
        #expect(!text.contains("damaged"), "\(text)")
    }

    @Test("another version of the same artifact is taken over without moving anything")
    func versionAlone() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let path = "services/api/production.yaml"
        let text = try #require(Shop.files[path]).replacingOccurrences(of: "1.0.0", with: "9.9.9")
        try stage.commit("a version", [path: text])
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "9.9.9")
        let renamed = try await stage.entries("decision").filter {
            $0["outcome"] as? String == "renamed"
        }
        #expect(renamed.count == 1)
        try await stage.must("plan", "--detailed-exitcode")
    }
}
