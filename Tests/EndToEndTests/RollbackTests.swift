import Foundation
import Testing

/// A bad release goes back by itself, and the decision goes to git.
@Suite("rollback") struct RollbackTests {
    private static let push: [String: String?] = ["AIRLOCK_GIT_PUSH": "true"]

    @Test("a bad release is caught by its canary, and rollout status tells what the judge says")
    func canary() async throws {
        let stage = try await Stage()
        try stage.commit("traffic", Shop.traffic)
        try await stage.must("reconcile", "--wait", "120s")
        let idle = try await stage.must("rollout", "status", "production/api")
        #expect(idle.output.contains("Nothing is under way"))
        try stage.commit("a bad one", Shop.failingCanary)
        let run = try await stage.startReconciler(environment: Self.push)
        try await Wait.until("the canary is given up") {
            let status = try await stage.must("rollout", "status", "production/api").output
            #expect(
                status.contains("Nothing is under way") || status.contains("canary"), "\(status)")
            return try await stage.must("history", "production/api").output.contains("rolled back")
        }
        let lane = try await stage.lane("production/api")
        #expect(lane["state"] as? String == "held", "\(lane)")
        let history = try await stage.must("history", "production/api").output
        #expect(history.contains("evidence of harm"), "\(history)")
        let json = try await stage.must("rollout", "status", "production/api", "-o", "json").json()
        #expect(json["format_version"] as? String == "1.0")

        // The decision is in git: a branch that changes the release's lines and nothing else.
        try await Wait.until("the revert is offered") {
            try stage.git("branch", "--list", "airlock/rollback/*").contains("production-api")
        }
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
        let branch = try stage.git(
            "for-each-ref", "--format=%(refname:short)", "refs/heads/airlock/rollback")
        let shown = try stage.git("show", "--format=%B", branch)
        #expect(shown.hasPrefix("Put production/api back to 1.0.0\n\nerror-rate: "), "\(shown)")
        let changed = shown.split(separator: "\n").filter { $0.hasPrefix("+") || $0.hasPrefix("-") }
            .dropFirst(2).map { $0.prefix(9) }
        #expect(changed == ["-artifact", "-version:", "+artifact", "+version:"], "\(shown)")
        #expect(try await stage.must("audit", "show").output.contains("revert offered"))
        // Asked for by hand it is named, and not offered a second time.
        for environment in [[:], Self.push] {
            let again = try await stage.airlock(
                "rollback", "production/api", environment: environment)
            #expect(
                again.code == 0
                    && again.output.contains("when \(branch) is merged, which is there already"),
                "\(again.output)\(again.errors)")
        }
        #expect(
            try stage.git(
                "for-each-ref", "--format=%(refname:short)", "refs/heads/airlock/rollback")
                == branch)
        let bad = try #require(branch.split(separator: "-").last.map(String.init))
        let same = try await stage.airlock("rollback", "production/api", "--to", bad)
        #expect(
            same.code == 1 && same.errors.contains("and that was rolled back: error-rate: ")
                && same.errors.contains("`airlock rollout retry production/api`"), "\(same.errors)")
        // Merged, it is what runs: nothing is under way and nothing is held.
        try stage.git("merge", "--quiet", branch)
        let after = try await stage.must("reconcile", "--wait", "120s")
        #expect(after.output.contains("every lane is what git says"), "\(after.output)")
        let warned = try await stage.must("rollback", "production/api", "--to", bad, "--patch")
        #expect(warned.errors.contains("it is quarantined, and held after the merge until"))
        try await stage.must("audit", "verify")
    }

    @Test("git going back is a rollback to explain, reconcile and status, as it is to history")
    func backInGit() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        // It takes an hour to start, so that it is still under way when git goes back.
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        try await stage.must("reconcile")
        try stage.git("revert", "--no-edit", "HEAD")
        try await stage.must("plan")
        let coming = try await stage.must("explain", "production/api").output
        #expect(coming.contains("would be rolled back next: git does not ask"), "\(coming)")
        let done = try await stage.must("reconcile", "--wait", "120s", "-o", "json").json()
        #expect(done["rollbacks"] as? [String] == ["production/api"], "\(done)")
        #expect(done["repaired"] as? [String] == [] && done["rolledBack"] as? [String] == [])
        #expect(try await stage.must("history", "production/api").output.contains("rollback"))

        try stage.git("revert", "--no-edit", "HEAD")
        try await stage.must("reconcile")
        // Nothing gets done from here on, so that the rollback is seen under way.
        try await stage.must("sim", "fault", "refuse", "production/api")
        try stage.git("revert", "--no-edit", "HEAD")
        try await stage.airlock("reconcile")
        let lane = try await stage.lane("production/api")
        #expect(lane["state"] as? String == "rollingBack", "\(lane)")
        let going = try await stage.must("explain", "production/api").output
        #expect(going.contains(" rolls it back: git does not ask"), "\(going)")
    }

    @Test("what ran under another service.yaml is not offered by the release alone")
    func otherService() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let file = "services/api/service.yaml"
        let smaller = Shop.service("api").replacingOccurrences(of: "64Mi", with: "32Mi")
        try stage.commit("smaller", [file: smaller])
        try await stage.must("reconcile", "--wait", "120s")
        let only = try await stage.airlock("rollback", "production/api", "--patch")
        #expect(only.code == 1 && only.errors.contains("`git log -- \(file)`"), "\(only.errors)")
        try stage.commit("and another artifact", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        // The last that settled on another slot ran under this one.
        let last = try await stage.must("rollback", "production/api", "--patch")
        #expect(last.output.contains("+version: 1.0.0"), "\(last.output)")
        let history = try await stage.must("history", "production/api", "-o", "json").json()
        let numbers = (history["operations"] as? [[String: Any]])?
            .compactMap { $0["operation"] as? Int }
        let oldest = String(try #require(numbers?.min()))
        let first = try await stage.airlock(
            "rollback", "production/api", "--patch", "--to", oldest)
        #expect(
            first.code == 1
                && first.errors.contains("would be a slot that never ran"), "\(first.errors)")
    }

    @Test("services that went back together are put back in one commit")
    func group() async throws {
        let stage = try await Stage()
        var files: [String: String?] = [:]
        for service in ["api", "web"] {
            files["services/\(service)/service.yaml"] =
                Shop.service(service, calls: service == "web" ? "[api]" : "[]") + "group: shop\n"
        }
        try stage.commit("they move together", files)
        try await stage.must("reconcile", "--wait", "120s")
        for (service, version) in [("api", "1.1.0"), ("web", "1.9.1")] {
            let path = "services/\(service)/production.yaml"
            files[path] = """
                artifact: \(Shop.artifact(service, version))
                version: \(version)
                replicas: 2
                config: \(service == "api" ? "{LOG_LEVEL: info, DB_PASSWORD: {secret: api-db}}" : "{LOG_LEVEL: info}")
                strategy: {canary: {steps: [{weight: 50%, hold: 1s, analysis: off}, 100%], deadline: 4s}}

                """
        }
        files["simulation.yaml"] = Shop.simulation.replacingOccurrences(
            of: Shop.digest("api", "1.9.1"), with: Shop.digest("web", "1.9.1"))
        try stage.commit("one of them is bad", files)
        let run = try await stage.startReconciler(environment: Self.push)
        try await Wait.until("the revert is offered") {
            try stage.git("branch", "--list", "airlock/rollback/*").contains("production-web")
        }
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
        let branch = try stage.git(
            "for-each-ref", "--format=%(refname:short)", "refs/heads/airlock/rollback")
        let changed = try stage.git("show", "--format=%s", "--name-only", branch)
        #expect(
            changed == "Put production/web back to 1.0.0, and its group\n\n"
                + "services/api/production.yaml\nservices/web/production.yaml", "\(changed)")
        let named = try await stage.must("rollback", "production/web")
        #expect(
            named.output.contains("with its group (services/api/production.yaml) when \(branch)")
                && named.output.contains("which is there already"), "\(named.output)")
        let patch = try await stage.must("rollback", "production/web", "--patch")
        #expect(patch.output.contains("+++ b/services/api/production.yaml"), "\(patch.output)")
        try stage.git("merge", "--quiet", branch)
        try await stage.must("reconcile", "--wait", "120s")
        for service in ["api", "web"] {
            let lane = try await stage.lane("production/\(service)")
            #expect(lane["version"] as? String == "1.0.0" && lane["state"] as? String == "settled")
        }
        #expect(try await stage.must("plan").output.contains("No changes"))
    }

    @Test("rollback prints a patch that git applies, and pushes a branch where it may")
    func rollback() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let none = try await stage.airlock("rollback", "production/api", "--patch")
        #expect(none.code == 1 && none.errors.contains("never settled on anything but"))
        // Without a line feed at its end, which a patch has to say.
        try stage.commit(
            "api 1.1.0", Shop.api("1.1.0").mapValues { $0.map { String($0.dropLast()) } })
        try await stage.must("reconcile", "--wait", "120s")
        let patch = try await stage.must("rollback", "production/api", "--patch")
        try patch.output.write(toFile: stage.root + "/p", atomically: true, encoding: .utf8)
        try stage.git("apply", "--index", stage.root + "/p")
        try stage.git("commit", "--quiet", "--message", "back")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        let unpushed = try await stage.must("rollback", "production/api", "--to", "5")
        #expect(
            unpushed.errors.contains("may not push") && unpushed.output.contains("+version: 1.1.0"))
        let wrong = try await stage.airlock("rollback", "production/api", "--to", "99")
        #expect(wrong.code == 1 && wrong.errors.contains("has no operation 99"))
        let pushed = try await stage.airlock(
            "rollback", "production/api", "--to", "5", "-o", "json", environment: Self.push)
        #expect(pushed.code == 0, "\(pushed.errors)")
        let branch = try #require(try pushed.json()["branch"] as? String)
        #expect(branch.hasPrefix("airlock/rollback/production-api-to-5-"))
        let twice = try await stage.airlock(
            "rollback", "production/api", "--to", "5", "-o", "json", environment: Self.push)
        #expect(twice.code == 0, "\(twice.errors)")
        #expect(try twice.json()["branch"] as? String == branch)
        #expect(try twice.json()["existed"] as? Bool == true)
        let plan = try await stage.must("plan", "--ref", branch)
        #expect(plan.output.contains("1.0.0 → 1.1.0"), "\(plan.output)")
        try stage.commit("gone", ["services/api/production.yaml": nil])
        let removed = try await stage.airlock("rollback", "production/api", "--to", "5")
        #expect(
            removed.code == 1
                && removed.errors.contains("`git log -1 -- services/api/production.yaml`"),
            "\(removed.errors)")
    }
}
