import Foundation
import Testing

/// `airlock reconcile`: a merge deploys, and what must not be done is not done.
@Suite("reconcile") struct ReconcileTests {
    @Test("a merge commit deploys, and one audit entry names commit, author and change")
    func merge() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.branch("next", Shop.api("1.1.0"))
        try stage.git("merge", "--quiet", "--no-ff", "--message", "Merge next", "next")
        let merge = try stage.git("rev-parse", "HEAD")
        let summary = try await stage.must("reconcile", "--wait", "120s", "-o", "json").json()
        #expect(summary["settled"] as? [String] == ["production/api"])
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        let entry = try #require(
            await stage.entries("decision", lane: "production/api")
                .first { $0["commit"] as? String == merge })
        #expect((entry["actor"] as? [String: String])?["id"] == "ada@shop.example")
        #expect(
            entry["change"] != nil && entry["artifact"] as? String == Shop.artifact("api", "1.1.0"))
        let accepted = try await stage.entries("commit.accepted").last
        #expect(accepted?["commit"] as? String == merge)
        #expect(try await stage.must("plan").output.contains("No changes"))
    }

    @Test("one tick does what is due and does not wait: a slow start is still under way")
    func oneTick() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let outcome = try await stage.airlock("reconcile", "-o", "json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try outcome.json()["underWay"] as? [String] == ["production/api"])
        let lane = try await stage.lane("production/api")
        #expect(lane["state"] as? String == "changing" && lane["version"] as? String == "1.0.0")
        let coming = lane["coming"] as? [String: Any]
        #expect(coming?["version"] as? String == "9.0.0" && coming?["perMille"] as? Int == 0)
        #expect(try await stage.must("status").output.contains("1.0.0 → 9.0.0  changing "))
        try await stage.must("sim", "advance", "1h")
        let done = try await stage.must("reconcile", "--wait", "120s", "-o", "json").json()
        #expect((done["settled"] as? [String]) == ["production/api"])
    }

    @Test("a wait that is over with lanes under way says so and names them: exit 1")
    func waitIsOver() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let late = try await stage.airlock("reconcile", "--wait", "1s")
        #expect(late.code == 1, "\(late.output)\(late.errors)")
        #expect(late.output.contains("under way production/api"), "\(late.output)")
        #expect(late.errors.contains("still under way: production/api"), "\(late.errors)")
        #expect(late.errors.contains("→"), "\(late.errors)")
    }

    @Test(
        "a reconcile that is told to end parks what is under way, says what came of it and exits 130",
        arguments: [SIGINT, SIGTERM])
    func interrupted(_ number: Int32) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let program = try stage.start(["reconcile", "--wait", "10m"])
        try await Wait.until("it is under way") { try program.errors().contains("under way:") }
        program.signal(number)
        let outcome = try await program.outcome(within: .seconds(180))
        #expect(outcome.code == 130, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("under way production/api"), "\(outcome.output)")
        #expect(outcome.errors.contains("interrupt again to end at once"), "\(outcome.errors)")
        try await stage.must("audit", "verify")
        try await stage.must("sim", "advance", "1h")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        #expect(try await stage.lane("production/api")["version"] as? String == "9.0.0")
    }

    @Test("a lane that waits for its callee is told as waiting and is no exit 3")
    func waiting() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "slow",
            [
                "services/api/staging.yaml": Shop.release("api", "9.0.0", deadline: "30m"),
                "services/web/staging.yaml": Shop.release("web", "1.1.0", replicas: 2),
            ])
        let outcome = try await stage.airlock("reconcile")
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("waits staging/web: dependencies"), "\(outcome.output)")
        #expect(outcome.output.contains("0 held, 1 waiting, 1 under way"), "\(outcome.output)")
        let json = try await stage.must("reconcile", "-o", "json").json()
        #expect(json["waiting"] as? [String] == ["staging/web"])
        #expect(json["heldForward"] as? [String] == [])
    }

    @Test("a release that names a secret without a version is held: exit 3")
    func secretUnknown() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "a secret",
            [
                "services/api/staging.yaml": Shop.release(
                    "api", "1.1.0", config: "{KEY: {secret: nosuch}}")
            ])
        let held = try await stage.airlock("reconcile", "--wait", "120s", "-o", "json")
        #expect(held.code == 3, "\(held.output)\(held.errors)")
        #expect(try held.json()["heldForward"] as? [String] == ["staging/api"])
    }

    @Test("a change that is not the expected one is stale: exit 4 and nothing done")
    func stale() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let file = stage.root + "/plan.json"
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("plan", "--out", file)
        try stage.commit("api 1.2.0", Shop.api("1.2.0"))
        let stale = try await stage.airlock("reconcile", "--wait", "120s", "--expect", file)
        #expect(stale.code == 4, "\(stale.output)\(stale.errors)")
        #expect(stale.errors.contains("airlock plan --out"))
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        try await stage.must("plan", "--out", file)
        let fresh = try await stage.airlock("reconcile", "--wait", "120s", "--expect", file)
        #expect(fresh.code == 0, "\(fresh.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.2.0")
        let missing = try await stage.airlock("reconcile", "--expect", "nowhere.json")
        #expect(missing.code == 1 && missing.errors.contains("no file nowhere.json"))
        let nonsense = try await stage.airlock("reconcile", "--expect", "shop/fleet.yaml")
        #expect(nonsense.code == 1 && nonsense.errors.contains("is not a plan"))
        let text = try String(contentsOfFile: file, encoding: .utf8)
            .replacingOccurrences(of: "\"1.0\"", with: "\"9.0\"")
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let other = try await stage.airlock("reconcile", "--expect", file)
        #expect(other.code == 1, "\(other.output)")
        #expect(other.errors.contains("format_version 9.0"), "\(other.errors)")
    }

    @Test("a frozen lane keeps its artifact: exit 3, until it is thawed")
    func frozen() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let frozen = try await stage.must(
            "freeze", "production", "--reason", "stock-taking", "--for", "2h")
        #expect(
            frozen.output.contains(" +01:00") || frozen.output.contains(" +02:00"),
            "\(frozen.output)")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let held = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(held.code == 3, "\(held.output)\(held.errors)")
        #expect(held.output.contains("stock-taking"), "\(held.output)")
        let why = try await stage.must("explain", "production/api").output
        #expect(why.contains("is frozen with production until ") && why.contains("✗ freeze"))
        let plan = try await stage.must("plan").output
        #expect(plan.contains("held: freeze") && plan.contains("airlock thaw production"))
        let status = try await stage.must("status").output
        #expect(status.contains("production is frozen until "), "\(status)")
        #expect(status.contains("run `airlock thaw production`"), "\(status)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        try await stage.must("thaw", "production")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        let again = try await stage.airlock("thaw", "production")
        #expect(again.code == 1 && again.errors.contains("is not frozen"))
        #expect(try await stage.entries("frozen").count == 1)
        #expect(try await stage.entries("thawed").count == 1)
    }

    @Test(
        "an artifact that never becomes healthy is rolled back and quarantined; retry tries again")
    func rolledBack() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("api 1.9.1", Shop.api("1.9.1", deadline: "1s"))
        let failed = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(failed.code == 1, "\(failed.output)\(failed.errors)")
        #expect(failed.output.contains("rolled back production/api"), "\(failed.output)")
        let lane = try await stage.lane("production/api")
        #expect(lane["version"] as? String == "1.0.0" && lane["healthy"] as? Int == 1)
        #expect((lane["quarantined"] as? [String])?.count == 1)
        let held = try await stage.airlock("reconcile", "--wait", "5s")
        #expect(held.code == 3, "\(held.output)\(held.errors)")
        #expect(
            try await stage.must("plan").output.contains("airlock rollout retry production/api"))
        #expect(
            try await stage.must("history", "production/api").output.contains("was rolled back"))
        let retried = try await stage.airlock("rollout", "retry", "production/api", "-o", "json")
        #expect(retried.code == 0, "\(retried.errors)")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 1)
        #expect(try await stage.entries("quarantined").count == 2)
        #expect(try await stage.entries("released").count == 1)
        let nothing = try await stage.airlock("rollout", "retry", "production/web")
        #expect(nothing.code == 1 && nothing.errors.contains("no slot in quarantine"))
    }

    @Test(
        "what someone changed by hand is brought back and recorded with what was found",
        arguments: [
            "drift-stop", "drift-traffic", "drift-config", "drift-foreign", "drift-replicas",
        ])
    func drift(_ fault: String) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("sim", "fault", fault, "production/api", "--replicas", "5")
        let plan = try await stage.airlock("plan", "--detailed-exitcode")
        #expect(plan.code == 2 && plan.output.contains("drift: "), "\(plan.output)")
        let repair = try await stage.airlock("reconcile", "--wait", "120s", "-o", "json")
        #expect(repair.code == 0, "\(repair.errors)")
        #expect(try repair.json()["repaired"] as? [String] == ["production/api"])
        let entry = try #require(await stage.entries("drift", lane: "production/api").last)
        #expect((entry["detail"] as? [String: String])?["found"]?.isEmpty == false)
        #expect(try await stage.must("plan").output.contains("No changes"))
        let lane = try await stage.lane("production/api")
        #expect(lane["healthy"] as? Int == 1 && lane["version"] as? String == "1.0.0")
    }

    @Test("history that does not descend from the trust root is refused and recorded: exit 1")
    func otherHistory() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.git("switch", "--quiet", "--orphan", "other")
        try stage.commit("another beginning", Shop.files.merging(["README": "x"]) { $1 })
        try stage.git("branch", "--quiet", "--force", "main", "other")
        let outcome = try await stage.airlock("reconcile", "--wait", "5s")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("trust root"), "\(outcome.output)")
        #expect(try await stage.entries("commit.refused").count == 1)
        #expect(try await stage.lane("production/api")["healthy"] as? Int == 1)
    }

    @Test("a commit with a broken fleet.yaml keeps the last good one in force")
    func brokenFleet() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("broken", ["fleet.yaml": "airlock: [\n"])
        let outcome = try await stage.airlock("reconcile", "--wait", "5s")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect("\(outcome.output)\(outcome.errors)".contains("fleet.yaml"))
        #expect(try await stage.entries("commit.refused").count == 1)
        #expect(try await stage.lane("production/api")["healthy"] as? Int == 1)
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 1 && plan.errors.contains("fleet.yaml:"), "\(plan.errors)")
        #expect(try await stage.must("status").output.contains("is not in force"))
        let explained = try await stage.must("explain", "production/api")
        #expect(explained.output.contains("is what git says"), "\(explained.output)")
        #expect(explained.errors.contains("is in force"))
        try stage.git("revert", "--no-edit", "HEAD")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
    }

    @Test("a lost services/ folder is an outage and no instruction: nothing is removed")
    func lostServices() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.git("rm", "--quiet", "-r", "services")
        try stage.commit("oops", [:])
        let outcome = try await stage.airlock("reconcile", "--wait", "5s")
        #expect(outcome.code == 3, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("services/"), "\(outcome.output)")
        #expect(try await stage.lane("production/api")["healthy"] as? Int == 1)
    }

    @Test("a service that goes from one environment is removed there")
    func removal() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("web leaves staging", ["services/web/staging.yaml": nil])
        #expect(try await stage.must("plan").output.contains("1 to remove"))
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        let world = try await stage.must("sim", "show", "-o", "json").json()
        let lanes = try #require(world["lanes"] as? [[String: Any]])
        let web = lanes.first { $0["lane"] as? String == "staging/web" }
        #expect((web?["slots"] as? [Any])?.isEmpty ?? true)
        let explained = try await stage.must("explain", "staging/web").output
        #expect(explained.contains("runs nothing, and git asks for nothing"), "\(explained)")
        #expect(explained.contains("→ `airlock history staging/web`"), "\(explained)")
    }

    @Test("a provider that does not answer is a fault and not an absence: exit 1")
    func partition() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("sim", "fault", "partition", "production", "--for", "1h")
        let plan = try await stage.airlock("plan")
        #expect(plan.code == 0 && plan.output.contains("cannot be approved"), "\(plan.output)")
        let outcome = try await stage.airlock("reconcile", "--wait", "2s")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(try await stage.must("status").output.contains("production is unknown"))
    }
}
