import Foundation
import Testing

/// `airlock plan` shows what would be done and does nothing.
@Suite("plan") struct PlanTests {
    @Test("a plan changes no ledger, no audit log and no provider")
    func changesNothing() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch("next", Shop.api("1.1.0"))
        try stage.commit(
            "web 1.1.0",
            [
                "services/web/production.yaml": Shop.release("web", "1.1.0", replicas: 2)
            ])
        let before = try stage.stateFiles()
        for words in [
            ["plan"], ["plan", "--ref", "next"], ["plan", "-o", "markdown"],
            ["plan", "-o", "json"],
            ["status"], ["tree"], ["history"], ["explain", "production/web"], ["audit", "show"],
            ["audit", "verify"], ["sim", "show"], ["doctor"],
        ] {
            let outcome = try await stage.airlock(words)
            #expect(outcome.code == 0, "\(words): \(outcome.errors)")
            let after = try stage.stateFiles()
            let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            #expect(changed.isEmpty, "\(words) changed \(changed.sorted())")
        }
    }

    @Test("a first plan makes no ledger")
    func firstPlan() async throws {
        let stage = try await Stage()
        let plan = try await stage.must("plan")
        #expect(plan.output.contains("2 to create, 0 to replace"), "\(plan.output)")
        #expect(plan.output.contains("2 waiting, 0 held"))
        #expect(try stage.stateFiles().keys.sorted() == [])
    }

    @Test("a plan shows each lane before and after, and the id of its change")
    func shows() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "api 1.1.0",
            [
                "services/api/production.yaml": Shop.release(
                    "api", "1.1.0", replicas: 3, config: "{LOG_LEVEL: debug}")
            ])
        let plan = try await stage.must("plan").output
        #expect(plan.contains("± api  1.0.0 → 1.1.0"), "\(plan)")
        #expect(plan.contains("replicas  1 → 3"))
        #expect(plan.contains("LOG_LEVEL: info → LOG_LEVEL: debug"))
        #expect(plan.contains("- DB_PASSWORD: secret api-db@1"))
        #expect(plan.contains("Plan: 0 to create, 1 to replace, 0 to scale, 0 to remove;"))
        let only = try await stage.must("plan", "--env", "staging")
        #expect(only.output.contains("No changes"))
        let service = try await stage.must("plan", "--service", "web", "-o", "json").json()
        #expect((service["lanes"] as? [Any])?.count == 2)
    }

    @Test("a change under way is not counted among those to come")
    func underWay() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let release = Shop.release("api", "9.0.0", deadline: "10m")
        try stage.commit("api 9.0.0", ["services/api/production.yaml": release])
        try await stage.must("reconcile")
        let plan = try await stage.must("plan").output
        #expect(plan.contains("under way: operation "), "\(plan)")
        #expect(
            plan.contains("0 to replace, 0 to scale, 0 to remove; 1 under way, 0 to repair"),
            "\(plan)")
        let markdown = try await stage.must("plan", "-o", "markdown").output
        #expect(markdown.contains("under way, operation "), "\(markdown)")
        #expect(!markdown.contains("passes every gate"))
    }

    @Test("a plan says how long each step of a canary needs at today's traffic")
    func forecast() async throws {
        let stage = try await Stage()
        let digest = try #require(
            Shop.release("api", "1.0.0").firstMatch(of: /sha256:[0-9a-f]{64}/)?.output)
        try stage.commit(
            "traffic",
            [
                "simulation.yaml": """
                artifacts: {"\(digest)": {errorRate: 0.5%}}
                traffic: {api: 40/s}
                secrets: {api-db: "1"}

                """
            ])
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("sim", "advance", "2h")
        let release = Shop.release("api", "1.1.0").split(separator: "\n")
            .filter { !$0.hasPrefix("strategy") }.joined(separator: "\n")
        func commit(_ canary: String) throws {
            try stage.commit(
                "api 1.1.0",
                ["services/api/production.yaml": release + "\nstrategy: {canary: \(canary)}\n"])
        }
        try commit("{steps: [1%, 5%, 25%, 100%]}")
        let plan = try await stage.must("plan").output
        // So many errors as the hour had: a little less or more than two hours.
        #expect(plan.contains(/step      1%: (1h 5\dm|2h)/), "\(plan)")
        #expect(plan.contains("to tell a doubling of errors at 0.40 requests/s"), "\(plan)")
        #expect(plan.contains("decides   5% is the first that decides within 1h"), "\(plan)")
        #expect(plan.contains(/held: time to decide: 1% needs (1h 5\dm|2h)/), "\(plan)")
        #expect(plan.contains("→ write onUndecided: hold, promote or revert"), "\(plan)")
        try commit("{steps: [1%, 5%, 25%, 100%], onUndecided: promote}")
        let markdown = try await stage.must("plan", "-o", "markdown").output
        #expect(markdown.contains("| 5% | 2 requests/s | 2"), "\(markdown)")
        let json = try await stage.must("plan", "-o", "json").json()
        let lanes = try #require(json["lanes"] as? [[String: Any]])
        let forecast = try #require(lanes.compactMap { $0["forecast"] as? [String: Any] }.first)
        #expect(forecast["firstPerMille"] as? Int == 50)
        #expect(
            (forecast["steps"] as? [[String: Any]])?.map { $0["inTime"] as? Bool } == [
                false, true, true,
            ])
    }

    @Test("--detailed-exitcode is 2 with differences and 0 without; without the flag it is 0")
    func detailed() async throws {
        let stage = try await Stage()
        #expect(try await stage.airlock("plan", "--detailed-exitcode").code == 2)
        #expect(try await stage.airlock("plan").code == 0)
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.airlock("plan", "--detailed-exitcode").code == 0)
    }

    @Test("a plan with an unreachable remote uses the last fetch and says its age")
    func unreachable() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch("next", Shop.api("1.1.0"))
        try await stage.must("plan", "--ref", "next")
        try FileManager.default.moveItem(atPath: stage.repository, toPath: stage.root + "/away")
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 0, "\(plan.errors)")
        #expect(plan.output.contains("note: the last fetch was "), "\(plan.output)")
        let branch = try await stage.airlock("plan", "--ref", "next")
        #expect(branch.code == 0, "\(branch.errors)")
        #expect(branch.output.contains("next was fetched "), "\(branch.output)")
        #expect(branch.output.contains("1.0.0 → 1.1.0"))
        let never = try await stage.airlock("plan", "--state", stage.root + "/other")
        #expect(never.code == 1 && never.errors.contains("→"), "\(never.errors)")
    }

    @Test("a branch that does not merge is named with its conflicts: exit 1")
    func conflicts() async throws {
        let stage = try await Stage()
        try stage.branch("next", Shop.api("1.1.0"))
        try stage.commit("other", Shop.api("1.2.0"))
        let plan = try await stage.airlock("plan", "--ref", "next")
        #expect(plan.code == 1)
        #expect(plan.errors.contains("services/api/production.yaml"), "\(plan.errors)")
        #expect(plan.errors.contains("merge the main branch into it"))
        let json = try await stage.airlock("plan", "--ref", "next", "-o", "json")
        #expect(json.code == 1 && json.errors.contains("does not merge"), "\(json.errors)")
        #expect(try json.json()["conflicts"] as? [String] == ["services/api/production.yaml"])
        let text = try await stage.airlock("plan", "--ref", "next", "-o", "markdown")
        #expect(text.code == 1)
        #expect(
            text.output.contains("> **Conflict** in `services/api/production.yaml`"),
            "\(text.output)")
        #expect(!text.output.contains("every lane is what git says"))
    }

    @Test("a head of another fleet shows no lanes of the ledger's own as gone")
    func otherFleet() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "another fleet", ["fleet.yaml": Shop.fleet.replacing("name: shop", with: "name: mart")])
        let refused = try await stage.airlock("plan")
        let plan = refused.output
        #expect(
            refused.code == 1
                && plan.contains("it is the fleet mart, and this ledger is that of shop"), "\(plan)"
        )
        #expect(plan.contains("No changes are planned, and the plan is incomplete"), "\(plan)")
        #expect(!plan.contains("drift") && !plan.contains("to repair"), "\(plan)")
        let explained = try await stage.must("explain", "production/api")
        #expect(explained.output.contains("is what git says"), "\(explained.output)")
        #expect(explained.errors.contains("is of another fleet"), "\(explained.errors)")
    }

    @Test("a changed service is shown field by field, in the units of its file")
    func service() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "more memory",
            [
                "services/api/service.yaml": Shop.service("api")
                    .replacing("64Mi", with: "128Mi").replacing("every: 5s", with: "every: 1m30s")
            ])
        let plan = try await stage.must("plan").output
        #expect(plan.contains("memory    64Mi → 128Mi"), "\(plan)")
        #expect(
            plan.contains("health    /healthz every 5s → /healthz every 1m30s"), "\(plan)")
        #expect(!plan.contains("template") && !plan.contains("cpu"), "\(plan)")
        let text = try await stage.must("plan", "-o", "markdown").output
        #expect(text.contains("+ memory: 128Mi"), "\(text)")
    }

    @Test("a lane that is repaired first and holds a change as well is counted for both")
    func repairedFirst() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        var files = Shop.api("1.1.0")
        files["services/web/production.yaml"] = Shop.release("web", "1.1.0", replicas: 2)
        try stage.commit("both", files)
        try await stage.must("sim", "fault", "drift-traffic", "production/web")
        let plan = try await stage.must("plan").output
        #expect(plan.contains("waits: dependencies: it calls production/api"), "\(plan)")
        #expect(plan.contains("1 to repair, 1 waiting, 0 held"), "\(plan)")
    }

    @Test("a branch that is not there is named: exit 1")
    func noBranch() async throws {
        let outcome = try await Stage().airlock("plan", "--ref", "nowhere")
        #expect(outcome.code == 1 && outcome.errors.contains("no branch nowhere"))
        #expect(outcome.errors.contains("→"))
    }

    @Test("a branch with a broken file parks its lanes and names the place: exit 1")
    func invalid() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch(
            "next",
            [
                "services/api/production.yaml": "artifact: [\n",
                "services/web/production.yaml": Shop.release("web", "1.1.0", replicas: 2),
            ])
        let plan = try await stage.airlock("plan", "--ref", "next")
        #expect(plan.output.contains("services/api/production.yaml:"), "\(plan.output)")
        #expect(plan.code == 1)
        #expect(plan.errors.contains("services/api/production.yaml:"), "\(plan.errors)")
        #expect(plan.errors.contains("→ mend what is named"), "\(plan.errors)")
        #expect(plan.output.contains("± web  1.0.0 → 1.1.0"), "\(plan.output)")
    }

    @Test("a branch without services/ removes nothing and says why")
    func lostServices() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch(
            "next",
            Shop.files.keys.filter { $0.hasPrefix("services/") }
                .reduce(into: [:]) { $0[$1] = .some(nil) })
        let plan = try await stage.airlock("plan", "--ref", "next")
        #expect(plan.output.contains("services/"), "\(plan.output)\(plan.errors)")
        #expect(plan.output.contains("0 to remove"), "\(plan.output)")
        #expect(plan.output.contains("4 held"), "\(plan.output)")
    }

    @Test("hostile text from a repository is no markup in Markdown")
    func hostile() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch(
            "next",
            [
                "services/api/production.yaml": """
                artifact: \(Shop.artifact("api", "1.1.0"))
                version: "1.1.0"
                replicas: 1
                config:
                  FENCE: "```\\n# title @team <script>alert(1)</script> | cell"
                  LINK: "[x](https://evil.example)"
                strategy: allAtOnce

                """
            ])
        let text = try await stage.must("plan", "--ref", "next", "-o", "markdown").output
        let fences = text.split(separator: "\n").filter { $0.hasPrefix("```") }
        #expect(fences == ["```diff", "```"], "\(text)")
        let outside = text.components(separatedBy: "```diff")[0]
        #expect(!outside.contains("<script>") && !outside.contains("@team"))
    }

    @Test("a plan in Markdown without differences has no empty block of them")
    func noDifferences() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("sim", "fault", "drift-traffic", "production/api")
        let text = try await stage.must("plan", "-o", "markdown").output
        #expect(text.contains("production/api") && !text.contains("```"), "\(text)")
    }

    @Test("secrets that a commit takes out of the simulation are missing in its plan")
    func lostSecrets() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let without = Shop.simulation.replacingOccurrences(
            of: "secrets: {api-db: \"1\"}\n", with: "")
        try stage.branch("next", ["simulation.yaml": without])
        for words in [["plan", "--ref", "next"], ["plan", "--ref", "next", "-o", "markdown"]] {
            let text = try await stage.airlock(words).output
            #expect(text.contains("no version is known of api-db"), "\(text)")
        }
    }

    @Test("a secret is shown by name and version and never by value")
    func secrets() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        for words in [["plan", "-o", "json"], ["explain", "production/api", "-o", "json"]] {
            let text = try await stage.airlock(words).output
            #expect(!text.contains("DB_PASSWORD") || text.contains("secret api-db@1"))
        }
    }

    @Test("--out writes the plan; a file that cannot be written is an error")
    func out() async throws {
        let stage = try await Stage()
        let file = stage.root + "/plan.json"
        try await stage.must("plan", "--out", file)
        let plan = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file)))
                as? [String: Any])
        #expect(plan["format_version"] as? String == "1.0")
        // What is there is written as a shell would: its mode, links and devices stay.
        try stage.shell(
            "cd '\(stage.root)' && : > private && chmod 600 private && ln -s private link && mkfifo pipe"
        )
        try await stage.must("plan", "--out", stage.root + "/link")
        #expect(
            try stage.shell("cd '\(stage.root)' && stat -c %a private && stat -c %F link")
                == "600\nsymbolic link")
        #expect(try stage.shell("cmp '\(file)' '\(stage.root)/private' && echo same") == "same")
        let reader = try RunningProgram(
            "/bin/cat", [stage.root + "/pipe"], environment: stage.environment,
            folder: stage.root + "/programs", directory: stage.root)
        try await stage.must("plan", "--out", stage.root + "/pipe")
        let read = try await reader.outcome(within: .seconds(60))
        #expect(read.output.contains("format_version"), "\(read)")
        try stage.shell("cd '\(stage.root)' && ln -s later dangling && mkdir folder")
        try await stage.must("plan", "--out", stage.root + "/dangling")
        #expect(try stage.shell("cmp '\(file)' '\(stage.root)/later' && echo same") == "same")
        let stdout = try await stage.must("plan", "--out", "/dev/stdout")
        #expect(
            stdout.output.contains("format_version") && stdout.output.contains("Plan of shop"),
            "\(stdout)")
        let piped = try stage.shell(
            "'\(Stage.binary)' plan --repo '\(stage.repository)' --state '\(stage.state)' --out /dev/stdout | cat"
        )
        #expect(piped.contains("format_version") && piped.contains("Plan of shop"), "\(piped)")
        let folder = try await stage.airlock("plan", "--out", stage.root + "/folder")
        #expect(
            folder.code == 1 && folder.errors.contains("folder cannot be written: Is a directory"),
            "\(folder)")
        let refused = try await stage.airlock("plan", "--out", "/nowhere/plan.json")
        #expect(refused.code == 1 && refused.errors.contains("/nowhere/plan.json"))
    }

    @Test("a plan of many lanes as JSON is the one document that a single writer would write")
    func manyLanes() async throws {
        let stage = try await Stage(nil)
        try stage.git("init", "--quiet", "--initial-branch", "main")
        try stage.commit("many", Shop.files(more: 700))
        let plan = try await stage.must("plan", "-o", "json")
        let object = try plan.json()
        let names = (object["lanes"] as? [[String: Any]])?.compactMap { $0["lane"] as? String }
        let staging = try await stage.must("plan", "-o", "json", "--env", "staging").json()
        #expect(names?.count == 1_400 + 4)
        #expect((staging["lanes"] as? [Any])?.count == 700 + 2)
        #expect(names?.first?.hasPrefix("staging/") == true && names?.last == "production/web")
        let whole = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        // That one writes empty lists over three lines.
        let text = String(decoding: whole, as: UTF8.self).replacing(/\[\s+\]/, with: "[]")
            .replacing(/\{\s+\}/, with: "{}")
        #expect(plan.output == text + "\n")
    }
}
