import Foundation
import Testing

/// Every verb does its work and answers people and programs.
@Suite("verbs") struct VerbTests {
    /// Looking verbs and the first words that a person reads.
    static let looks: [([String], String)] = [
        (["plan"], "Plan of shop at "), (["status"], "commit "), (["tree"], "production\n"),
        (["history"], "OP  OPENED"), (["history", "production/api"], "OP  OPENED"),
        (["explain", "production/api"], "production/api\nis read from"),
        (["audit", "show"], "SEQ "), (["audit", "verify"], ""), (["audit", "key"], "shop+"),
        (["sim", "show"], "World at "), (["doctor"], "✓ clock"), (["version"], "airlock "),
        (["doctor", "--settings"], "SETTING"),
    ]

    @Test("every looking verb answers people, and programs in JSON and YAML with a version")
    func looking() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        for (verb, start) in Self.looks {
            let human = try await stage.airlock(verb)
            #expect(human.code == 0, "\(verb): \(human.errors)")
            #expect(human.output.hasPrefix(start), "\(verb): \(human.output)")
            #expect(!human.output.contains("\u{1B}"), "\(verb) has colour in a file")
            let yaml = try await stage.airlock(verb + ["-o", "yaml"])
            #expect(yaml.code == 0 && !yaml.output.isEmpty, "\(verb): \(yaml.errors)")
            let json = try await stage.airlock(verb + ["-o", "json"])
            #expect(json.code == 0, "\(verb): \(json.errors)")
            #expect(try json.json()["format_version"] as? String == "1.0", "\(verb)")
        }
    }

    @Test("what cannot be printed is an error, and the end of a reader is none")
    func fullOutput() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let settings = "AIRLOCK_REPO='\(stage.repository)' AIRLOCK_STATE='\(stage.state)'"
        for verb in ["plan", "plan -o json", "status", "audit export", "history -o yaml", "detect"]
        {
            let line = "echo 1,1 | \(settings) '\(Stage.binary)' \(verb)"
            let full = try stage.shell("\(line) 2>&1 > /dev/full; echo $?")
            #expect(
                full.contains("standard output cannot be written: No space left on device")
                    && full.hasSuffix("\n1"), "\(verb): \(full)")
            let left = try stage.shell(
                "{ \(line); echo $? > '\(stage.root)/code'; } 2>&1 | true; cat '\(stage.root)/code'"
            )
            #expect(left == "0", "\(verb): \(left)")
        }
    }

    @Test("every verb that acts answers people and programs")
    func acting() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let acts: [[String]] = [
            ["freeze", "staging", "--reason", "stock-taking", "--for", "2h"], ["thaw", "staging"],
            ["freeze", "production/api", "--reason", "x"], ["thaw", "production/api"],
            ["sim", "advance", "1s"],
            ["sim", "fault", "late", "staging", "--times", "1", "--by", "1s"],
            ["reconcile"],
        ]
        for act in acts {
            let human = try await stage.airlock(act)
            #expect(human.code == 0 && !human.output.isEmpty, "\(act): \(human.errors)")
        }
        for act in acts {
            let json = try await stage.airlock(act + ["-o", "json"])
            #expect(json.code == 0, "\(act): \(json.errors)")
            #expect(try json.json()["format_version"] as? String == "1.0", "\(act)")
        }
    }

    @Test("init makes a repository that validates, plans and runs")
    func first() async throws {
        let stage = try await Stage(nil)
        let made = try await stage.must("init", "shop")
        #expect(made.output.contains("trust root "))
        #expect(made.output.contains("airlock validate shop"))
        #expect(try await stage.must("validate", "shop").output.contains("is valid"))
        let plan = try await stage.must("plan", "-o", "json").json()
        #expect((plan["lanes"] as? [Any])?.count == 4)
        let reconciled = try await stage.must("reconcile", "--wait", "120s", "-o", "json").json()
        #expect((reconciled["settled"] as? [String])?.count == 4)
        #expect(try await stage.must("plan").output.contains("No changes"))
        let again = try await stage.airlock("init", "shop")
        #expect(again.code == 1 && again.errors.contains("is not empty"))
        let nowhere = try await stage.airlock("init", "/proc/foo")
        #expect(nowhere.code == 1 && nowhere.errors.contains("/proc/foo cannot be made"))
        #expect(nowhere.errors.contains("→"), "\(nowhere.errors)")
    }

    @Test("validate names file, line and column, also for programs")
    func validate() async throws {
        let stage = try await Stage()
        let good = try await stage.must("validate", "shop", "-o", "json").json()
        #expect(good["valid"] as? Bool == true)
        #expect((good["notices"] as? [String])?.isEmpty == true)
        try stage.commit(
            "unjudged",
            [
                "services/api/production.yaml": Shop.release("api", "1.1.0")
                    .replacingOccurrences(
                        of: "{allAtOnce: {deadline: 20s}}", with: "{blueGreen: {keep: 1m}}")
            ])
        let note = "note: services/api/production.yaml: nothing judges"
        #expect(try await stage.must("validate", "shop").output.contains(note))
        #expect(try await stage.must("plan").output.contains(note))
        try stage.commit("typo", ["environments/staging.yaml": "teir: staging\n"])
        let human = try await stage.airlock("validate", "shop")
        #expect(human.code == 1)
        #expect(human.output.contains("environments/staging.yaml:1:1: "), "\(human.output)")
        #expect(human.output.contains("tier"))
        let bad = try await stage.airlock("validate", "shop", "-o", "json")
        let report = try bad.json()
        #expect(bad.code == 1 && report["valid"] as? Bool == false)
        #expect(report["format_version"] as? String == "1.0")
        let missing = try await stage.airlock("validate", "nowhere")
        #expect(missing.code == 1 && missing.errors.contains("no folder nowhere"))
    }

    @Test("validate names what lies too deep, and says that a fleet runs nothing")
    func validateOdd() async throws {
        let stage = try await Stage()
        let deep = "services/web/" + String(repeating: "d/", count: 60)
        try stage.shell(
            "cd '\(stage.repository)' && mkdir -p \(deep) && touch \(deep)notes.txt")
        let named = try await stage.airlock("validate", "shop")
        #expect(named.code == 1 && named.output.contains("\(deep)notes.txt: "), "\(named.errors)")
        try stage.shell("cd '\(stage.repository)' && mkdir -p \(deep)d/d/d/d/d")
        let refused = try await stage.airlock("validate", "shop")
        #expect(refused.code == 1 && refused.errors.contains("shop/services/web/d/d/"))
        #expect(refused.errors.contains("64 levels"), "\(refused.errors)")
        try stage.shell("rm -r '\(stage.repository)/services'")
        let empty = try await stage.must("validate", "shop").output
        #expect(empty.contains("note: there is no service below services/"), "\(empty)")
        #expect(empty.contains("2 environments, 0 lanes."), "\(empty)")
    }

    @Test("init names its folder as one word of a shell, and refuses an empty name")
    func oddFolder() async throws {
        let stage = try await Stage(nil)
        let made = try await stage.must("init", "we ird", "--name", "odd").output
        #expect(made.contains("airlock validate 'we ird'\n"), "\(made)")
        #expect(made.contains("airlock run --repo 'we ird' --trust-root"), "\(made)")
        let unnamed = try await stage.airlock("init", "", "--name", "odd")
        #expect(unnamed.code == 1 && unnamed.errors.contains("name is empty"), "\(unnamed.errors)")
    }

    @Test(
        "schema prints a JSON Schema of each kind",
        arguments: ["fleet", "environment", "service", "release", "simulation"])
    func schema(_ kind: String) async throws {
        let stage = try await Stage(nil)
        let schema = try await stage.must("schema", kind).json()
        #expect(schema["$schema"] != nil)
    }

    @Test("detect scores a series line by line, and ends at a line that it cannot read")
    func detect() async throws {
        let stage = try await Stage(nil)
        let lines = (0..<400).map { "\(1_400_000_000 + $0 * 60),\($0 == 380 ? 900 : 20 + $0 % 7)" }
        try ("timestamp,value\n" + lines.joined(separator: "\n") + "\n").write(
            toFile: stage.root + "/series.csv", atomically: true, encoding: .utf8)
        let program = Stage.binary
        let scored = try stage.shell("'\(program)' detect < '\(stage.root)/series.csv'")
            .split(separator: "\n")
        #expect(scored.first == "timestamp,value,score" && scored.count == 401)
        let alarms = scored.dropFirst().filter {
            Double($0.split(separator: ",").last ?? "") ?? 0 >= 0.5
        }
        #expect(alarms.count == 1 && alarms.first?.contains(",900,") == true, "\(alarms)")
        let bad = try stage.shell(
            "printf '1,2\n2,x\n' | '\(program)' detect 2>&1; echo code $?")
        #expect(bad.contains("1,2,0.0") && bad.contains("Line 2: `x` is no number"), "\(bad)")
        #expect(bad.hasSuffix("code 1"))
        #expect(try await stage.airlock("detect", "--sensitivity", "2").code == 64)
    }

    @Test("detect --backtest tells what a release's bounds would have done, and draws it")
    func backtest() async throws {
        let stage = try await Stage(nil)
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(stage.root)/\(name)", atomically: true, encoding: .utf8)
        }
        let start = 1_700_000_000
        let lines = (0..<3_600).map { second in
            let isBad = (1_000..<1_200).contains(second) || (3_000..<3_040).contains(second)
            return "\(start + second),\(isBad ? 6.0 : 0.5 + Double(second % 10) / 100)"
        }
        try write("errors.csv", "time,percent\n" + lines.joined(separator: "\n") + "\n")
        try write("known.csv", "\(start + 990),\(start + 1_300),database\n")
        try write("bad.csv", "1,2\n2,x\n")
        try write(
            "release.yaml",
            """
            artifact: registry.example/api@sha256:\(String(repeating: "e", count: 64))
            replicas: 1
            strategy: canary
            rollback: {errorRate: {above: 2%, for: 30s}}

            """)
        let common = [
            "detect", "--backtest", "\(stage.root)/release.yaml", "--signal",
            "error-rate:%=\(stage.root)/errors.csv", "--incidents", "\(stage.root)/known.csv",
        ]
        let text = try await stage.airlock(common + ["--chart", "\(stage.root)/chart.svg"])
        #expect(text.code == 0, "\(text.errors)")
        #expect(
            text.output.contains(
                "error-rate above 2% for 30s: 2 times, 1 of 1 incidents found, 1 false alarm,"),
            "\(text.output)")
        #expect(text.output.contains("6%     40s    database"), "\(text.output)")
        let svg = try String(contentsOfFile: stage.root + "/chart.svg", encoding: .utf8)
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n") && svg.contains("<polyline"))
        let json = try await stage.airlock(common + ["-o", "json"]).json()
        let signals = try #require(json["signals"] as? [[String: Any]])
        let limits = try #require(signals.first?["limits"] as? [[String: Any]])
        let score = try #require(limits.first?["score"] as? [String: Any])
        #expect(score["found"] as? Int == 1 && score["medianDelayMilliseconds"] as? Int == 40_000)
        #expect((limits.first?["neighbours"] as? [Any])?.count == 15)
        let tried = try await stage.airlock(common + ["--against", "above 7%"])
        #expect(tried.output.contains("error-rate above 7% at once: 0 times"), "\(tried.output)")

        let bad = try await stage.airlock([
            "detect", "--backtest", "--signal", "cpu=\(stage.root)/bad.csv",
        ])
        #expect(bad.code == 1 && bad.errors.contains("/bad.csv:2:3: `x` is no number"))
        try write("percent.csv", "1,2\n2,3\n")
        let unit = try await stage.airlock([
            "detect", "--backtest", "--signal", "error-rate=\(stage.root)/percent.csv",
        ])
        #expect(unit.code == 1 && unit.errors.contains("write --signal error-rate:%="))
        for words in [["detect", "--backtest"], ["detect", "--chart", "x"]] {
            #expect(try await stage.airlock(words).code == 64, "\(words)")
        }
        let ignored = try await stage.airlock(common + ["--sensitivity", "0.1"])
        #expect(ignored.code == 64 && ignored.errors.contains("--sensitivity is for scoring stdin"))
    }

    @Test("detect --backtest refuses a unit of another signal, and replays no bound in silence")
    func backtestArguments() async throws {
        let stage = try await Stage(nil)
        let file = "\(stage.root)/e.csv"
        try "1,0\n2,0\n3,0\n".write(toFile: file, atomically: true, encoding: .utf8)
        func replay(_ signals: String..., against: [String] = []) async throws -> Outcome {
            try await stage.airlock(
                ["detect", "--backtest"] + signals.flatMap { ["--signal", $0] }
                    + against.flatMap { ["--against", $0] })
        }
        let unit = try await replay("error-rate:ms=\(file)", against: ["above 2%"])
        #expect(
            unit.code == 64 && unit.errors.contains("`ms` is no unit of error-rate"),
            "\(unit.errors)")
        let own = try await replay("depth:ms=\(file)", against: ["above 2"])
        #expect(own.code == 0, "\(own.errors)")
        let none = try await replay("nosuch=\(file)")
        #expect(
            none.code == 1 && none.errors.contains("no bound was replayed: there is none of nosuch")
                && none.errors.contains("--against 'nosuch above VALUE"), "\(none.errors)")
        let low = try await replay("error-rate=\(file)", against: ["below 2% for 30s"])
        #expect(
            low.code == 1 && low.errors.contains("error-rate has no lower bound in a release"),
            "\(low)")
        let part = try await replay(
            "error-rate=\(file)", "cpu=\(file)", against: ["error-rate above 2%"])
        #expect(part.code == 0 && part.errors.contains("cpu: no bound was given"), "\(part.errors)")
    }

    @Test("sim fault degrade-instance with a latency alone fails no request")
    func slowInstance() async throws {
        let stage = try await Stage()
        try stage.commit("traffic", Shop.traffic)
        try await stage.must("reconcile", "--wait", "120s")
        func errors(_ more: [String]) async throws -> Int {
            let fault = try await stage.airlock(
                ["sim", "fault", "degrade-instance", "production/api"] + more)
            #expect(fault.code == 0, "\(fault.errors)")
            try await stage.must("sim", "advance", "60s")
            let shown = try await stage.must("sim", "show", "--env", "production", "-o", "json")
            let lanes = try shown.json()["lanes"] as? [[String: Any]]
            let lane = lanes?.first { $0["lane"] as? String == "production/api" }
            let slots = lane?["slots"] as? [[String: Any]]
            #expect(slots?.first?["requests"] as? Int ?? 0 > 100_000)
            return try #require(slots?.first?["errors"] as? Int)
        }
        #expect(try await errors(["--latency", "900ms"]) == 0)
        #expect(try await errors([]) > 50_000)
    }

    @Test("sim trials watch has a table for each sensitivity; other tables refuse what is for it")
    func trials() async throws {
        let stage = try await Stage(nil)
        let words = ["sim", "trials", "watch", "--runs", "1", "--sensitivity"]
        let low = try await stage.airlock(words + ["low"])
        let high = try await stage.airlock(words + ["high"])
        #expect(low.code == 0 && high.code == 0, "\(low.errors)\(high.errors)")
        #expect(low.output.contains("| latency: ") && low.output != high.output)
        #expect(try await stage.airlock(words + ["0.5"]).code == 64)
        for option in [["--spacing", "15"], ["--sensitivity", "low"]] {
            let refused = try await stage.airlock(["sim", "trials", "harm"] + option)
            #expect(refused.code == 64, "\(refused.errors)")
            #expect(refused.errors.contains("\(option[0]) is for the table `watch`"))
        }
    }

    @Test("schema and completion say what there is when asked for something else")
    func unknownKinds() async throws {
        let stage = try await Stage(nil)
        let schema = try await stage.airlock("schema", "fleat")
        #expect(schema.code == 64 && schema.errors.contains("use one of fleet"))
        let shell = try await stage.airlock("completion", "tcsh")
        #expect(shell.code == 64 && shell.errors.contains("bash, zsh or fish"))
    }

    @Test("completion completes verbs", arguments: ["bash", "zsh", "fish"])
    func completion(_ shell: String) async throws {
        let script = try await Stage(nil).must("completion", shell).output
        #expect(script.contains("reconcile") && script.contains("freeze"))
        #expect(!script.contains("fetch-worker") || shell != "fish")
    }

    @Test("what is no verb, flag or value is usage: exit 64")
    func usage() async throws {
        let stage = try await Stage(nil)
        for words in [
            ["frobnicate"], ["plan", "--frobnicate"], ["plan", "--env", "Not A Name"],
            ["freeze", "production"], ["history", "no-lane"], ["audit", "prove", "x"],
            ["reconcile", "--wait", "10"], ["rollout", "retry"], ["history", "--limit", "0"],
        ] {
            let outcome = try await stage.airlock(words)
            #expect(outcome.code == 64, "\(words): \(outcome.code) \(outcome.errors)")
            #expect(outcome.output.isEmpty && outcome.errors.contains("Usage:"))
        }
    }

    @Test("a verb that only looks or ends a freeze makes no state directory")
    func noStateDirectory() async throws {
        let stage = try await Stage()
        for verb in [["thaw", "staging"], ["rollout", "retry", "staging/api"]] {
            let outcome = try await stage.airlock(verb)
            #expect(outcome.code == 1 && outcome.errors.contains("no ledger"), "\(outcome.errors)")
        }
        let doctor = try await stage.airlock("doctor")
        #expect(doctor.code == 0, "\(doctor.output)\(doctor.errors)")
        #expect(!FileManager.default.fileExists(atPath: stage.state))
    }

    @Test("a looking verb without a ledger says what makes one: exit 1")
    func noLedger() async throws {
        let stage = try await Stage()
        for verb in [["status"], ["tree"], ["history"], ["audit", "show"]] {
            let outcome = try await stage.airlock(verb)
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(verb)")
            #expect(outcome.errors.contains("`airlock run`"), "\(verb): \(outcome.errors)")
        }
    }

    @Test("colour is on a terminal only, and not with NO_COLOR or --no-color")
    func colour() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        func lines(_ command: String) async throws -> String {
            let quoted = "\(Stage.binary) \(command)"
            let program = try RunningProgram(
                "/usr/bin/script", ["--quiet", "--return", "--command", quoted, "/dev/null"],
                environment: stage.environment.merging(["TERM": "xterm-256color"]) { $1 },
                folder: stage.root + "/programs", directory: stage.root)
            return try await program.outcome(within: .seconds(180)).output
        }
        #expect(try await lines("status").contains("\u{1B}[32m"))
        #expect(try await !lines("status --no-color").contains("\u{1B}"))
        let quiet = try await stage.airlock("status", environment: ["NO_COLOR": "1"])
        #expect(!quiet.output.contains("\u{1B}"))
    }
}
