import Foundation
import Testing

/// The reconciler's own settings: flag, then variable, then file, then default.
@Suite("settings") struct SettingsTests {
    @Test("a flag is before a variable, a variable before the file, the file before the default")
    func precedence() async throws {
        let stage = try await Stage()
        let file = stage.root + "/airlock.yaml"
        try "branch: from-file\npoll: 5m\nlogLevel: error\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let program = try stage.start(
            ["doctor", "--settings", "-o", "json", "--config", file, "--log-level", "trace"],
            environment: ["AIRLOCK_BRANCH": "from-variable"])
        let settings = try #require(
            await program.outcome(within: .seconds(180)).json()["settings"]
                as? [String: [String: String]])
        #expect(settings["logLevel"] == ["value": "trace", "origin": "flag"])
        #expect(settings["branch"] == ["value": "from-variable", "origin": "AIRLOCK_BRANCH"])
        #expect(settings["poll"] == ["value": "5m", "origin": file])
        #expect(settings["logFormat"] == ["value": "text", "origin": "default"])
    }

    @Test("the state directory is XDG's where nothing else is said")
    func state() async throws {
        let stage = try await Stage()
        let program = try stage.start(
            ["doctor", "--settings"], environment: ["AIRLOCK_STATE": nil])
        let text = try await program.outcome(within: .seconds(180)).output
        #expect(text.contains(stage.root + "/xdg/airlock"), "\(text)")
    }

    @Test("a settings file with another key names line and column: exit 1")
    func unknownKey() async throws {
        let stage = try await Stage()
        let file = stage.root + "/airlock.yaml"
        try "branch: main\npol: 5m\n".write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try await stage.airlock("doctor", "--settings", "--config", file)
        #expect(outcome.code == 1 && outcome.errors.contains("\(file):2:1: "), "\(outcome.errors)")
        let missing = try await stage.airlock("plan", "--config", "/nowhere/airlock.yaml")
        #expect(missing.code == 1 && missing.errors.contains("no settings file"))
    }

    @Test("a setting that is no value of its kind is an error that shows the right form")
    func wrongValues() async throws {
        let stage = try await Stage()
        for (words, hint) in [
            (["reconcile", "--log-level", "loud"], "use trace, debug"),
            (["reconcile", "--log-format", "xml"], "use text or json"),
            (["plan", "--branch", "a..b"], "not a branch name"),
        ] {
            let outcome = try await stage.airlock(words)
            #expect(
                outcome.code == 1 && outcome.errors.contains(hint), "\(words): \(outcome.errors)")
        }
    }

    @Test(
        "credentials in a remote are shown by no verb", arguments: ["human", "json"],
        [
            "https://ada:hunter2@git.example/shop.git", "ada:hunter2@git.example:shop.git",
            "https:/ada:hunter2@git.example/shop.git",
        ])
    func hiddenCredentials(_ format: String, _ remote: String) async throws {
        let stage = try await Stage()
        let environment = ["AIRLOCK_REPO": remote]
        let settings = try await stage.airlock(
            "doctor", "--settings", "-o", format, environment: environment)
        #expect(settings.code == 0 && settings.output.contains("git.example"), "\(settings.errors)")
        for verb in ["doctor", "plan", "status"] {
            let outcome = try await stage.airlock(verb, environment: environment)
            #expect(!(outcome.output + outcome.errors).contains("hunter2"), "\(verb)")
        }
        #expect(!settings.output.contains("hunter2"), "\(settings.output)")
    }

    @Test("the short form of ssh is told with what to write instead")
    func shortForm() async throws {
        let stage = try await Stage()
        let outcome = try await stage.airlock(
            "plan", environment: ["AIRLOCK_REPO": "git@git.example:shop.git"])
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains("ssh://git@git.example/shop.git"), "\(outcome.errors)")
    }

    @Test("a poll interval that is none shows the right form, wherever it was said")
    func wrongPoll() async throws {
        let stage = try await Stage()
        let outcome = try await stage.airlock(
            "run", "--allow-root", environment: ["AIRLOCK_POLL": "10"])
        #expect(outcome.code == 1 && outcome.errors.contains("60s or 5m"), "\(outcome.errors)")
    }

    @Test("log lines as JSON are one object each, on stderr, in UTC")
    func jsonLogs() async throws {
        let stage = try await Stage()
        let outcome = try await stage.must("reconcile", "--wait", "120s", "--log-format", "json")
        let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("{") }
        #expect(lines.count > 4, "\(outcome.errors)")
        for line in lines {
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect((object["time"] as? String)?.hasSuffix("Z") == true)
        }
        #expect(lines.contains { $0.contains("\"lane\":\"production/api\"") })
        #expect(!outcome.output.contains("{"))
    }

    @Test("times are shown in the reader's zone with its offset, and in UTC for programs")
    func zones() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let human = try await stage.must("status").output
        #expect(human.contains(" +01:00") || human.contains(" +02:00"), "\(human)")
        let json = try await stage.must("status", "-o", "json").json()
        #expect((json["accepted"] as? String)?.hasSuffix("Z") == true)
    }

    @Test("only its owner can read the state, the audit log and the socket")
    func modes() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        for path in [""] + (try FileManager.default.subpathsOfDirectory(atPath: stage.state))
        where !path.hasPrefix("mirror.git/") {
            let found: [FileAttributeKey: Any]
            do {
                found = try FileManager.default.attributesOfItem(atPath: "\(stage.state)/\(path)")
            } catch CocoaError.fileReadNoSuchFile {
                // A draft that has its name by now.
                continue
            }
            let mode = try #require(found[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "\(path) has mode \(String(mode, radix: 8))")
        }
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
    }

    @Test("a verb that ends at once logs faults only, unless a level is asked for")
    func quiet() async throws {
        let stage = try await Stage()
        let quiet = try stage.start(
            ["reconcile", "--wait", "120s"], environment: ["AIRLOCK_LOG_LEVEL": nil])
        let outcome = try await quiet.outcome(within: .seconds(180))
        #expect(outcome.code == 0 && !outcome.errors.contains("NOTICE"), "\(outcome.errors)")
        let asked = try stage.start(
            ["reconcile", "--log-level", "info"], environment: ["AIRLOCK_LOG_LEVEL": nil])
        #expect(try await asked.outcome(within: .seconds(180)).errors.contains("INFO"))
    }

    @Test("doctor names what is wrong: exit 1")
    func doctor() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try FileManager.default.removeItem(atPath: stage.repository)
        let outcome = try await stage.airlock("doctor")
        #expect(outcome.code == 1 && outcome.output.contains("✗ repository"), "\(outcome.output)")
        #expect(outcome.output.contains("✓ ledger"))
    }

    @Test("doctor names a damaged simulated world, and sim show says whose move is next: exit 1")
    func damagedWorld() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let world = URL(fileURLWithPath: stage.state + "/simulator/world.jsonl")
        var bytes = try Data(contentsOf: world)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: world)
        let doctor = try await stage.airlock("doctor")
        #expect(doctor.code == 1 && doctor.output.contains("✗ world"), "\(doctor.output)")
        #expect(doctor.output.contains("world.jsonl line "), "\(doctor.output)")
        let show = try await stage.airlock("sim", "show")
        #expect(show.code == 1 && show.errors.contains("mend what it names"), "\(show.errors)")
    }

    @Test(
        "doctor names a setting that is no value of its kind: exit 1",
        arguments: [
            ("AIRLOCK_POLL", "abc", "60s or 5m"), ("AIRLOCK_LOG_LEVEL", "loud", "use trace"),
            ("AIRLOCK_GIT_PUSH", "maybe", "true or false"),
        ])
    func doctorOfSettings(_ name: String, _ value: String, _ hint: String) async throws {
        let stage = try await Stage()
        let doctor = try await stage.airlock("doctor", environment: [name: value])
        #expect(doctor.code == 1 && doctor.output.contains("✗ settings"), "\(doctor.output)")
        #expect(doctor.output.contains(hint), "\(doctor.output)")
    }

    @Test(
        "a reconcile without a branch says whose move is next, and names no log that nobody keeps")
    func noBranch() async throws {
        let stage = try await Stage()
        let outcome = try await stage.airlock("reconcile", "--branch", "nowhere")
        #expect(outcome.code == 1, "\(outcome.output)")
        #expect(outcome.errors.contains("no branch nowhere"), "\(outcome.errors)")
        #expect(outcome.errors.contains("→ `airlock doctor`"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("log of the running airlock"))
    }
}
