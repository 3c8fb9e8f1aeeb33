import Foundation
import Testing

/// `airlock run`: one holder, asked through its socket, and how it ends.
@Suite("run") struct RunTests {
    @Test("while run is alive the verbs ask it, and looking goes on")
    func alive() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        let summary = try await stage.must("reconcile", "--wait", "120s")
        #expect(
            summary.output.contains("Reconciled at ") || summary.output.contains("Nothing to do"))
        let started = try await stage.entries("started").count
        try await stage.must("freeze", "production", "--reason", "stock-taking")
        let merge = try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let held = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(held.code == 3 && held.output.contains("stock-taking"), "\(held.output)")
        try await stage.must("thaw", "production")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        let status = try await stage.must("status", "-o", "json").json()
        #expect(status["commit"] as? String == merge)
        #expect((status["running"] as? [String: Any])?["pid"] as? Int == Int(run.pid))
        for words in [
            ["status"], ["tree"], ["history"], ["explain", "production/api"], ["audit", "show"],
            ["audit", "verify"], ["plan"], ["sim", "show"], ["doctor"],
        ] {
            let outcome = try await stage.airlock(words)
            #expect(outcome.code == 0, "\(words): \(outcome.errors)")
        }
        let retry = try await stage.airlock("rollout", "retry", "production/api")
        #expect(retry.code == 1 && retry.errors.contains("no slot in quarantine"))
        // Nobody else opened the ledger: only a process that takes it records that it started.
        #expect(try await stage.entries("started").count == started)
        let frozen = try #require(await stage.entries("frozen").first)
        #expect((frozen["actor"] as? [String: String])?["id"] == "uid:\(geteuid())")
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
    }

    @Test("run deploys a merge by itself within its poll interval")
    func polls() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await Wait.until("api 1.1.0 runs") {
            try await stage.lane("production/api")["version"] as? String == "1.1.0"
        }
        run.signal(SIGINT)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
    }

    @Test("a failed artifact is rolled back under run, and retry goes through it")
    func retry() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("api 1.9.1", Shop.api("1.9.1", deadline: "1s"))
        let failed = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(failed.code == 1 && failed.output.contains("rolled back"), "\(failed.output)")
        #expect(try await stage.airlock("reconcile", "--wait", "5s").code == 3)
        #expect(try await stage.airlock("rollout", "retry", "production/api").code == 0)
        try await Wait.until("it was tried twice") {
            try await stage.entries("quarantined").count == 2
        }
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
        #expect(try await stage.must("audit", "verify").code == 0)
    }

    @Test("under run a stale plan is exit 4")
    func stale() async throws {
        let stage = try await Stage()
        let file = stage.root + "/plan.json"
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production", "--reason", "review")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("plan", "--out", file)
        try stage.commit("api 1.2.0", Shop.api("1.2.0"))
        let outcome = try await stage.airlock("reconcile", "--expect", file)
        #expect(outcome.code == 4, "\(outcome.output)\(outcome.errors)")
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
    }

    @Test("a second run ends within 2 s with 1 and says who holds the ledger")
    func second() async throws {
        let stage = try await Stage()
        let first = try await stage.startReconciler()
        let root = Stage.isRoot ? ["--allow-root"] : []
        let second = try await stage.start(["run"] + root).outcome(within: .seconds(180))
        #expect(second.code == 1 && second.took < .seconds(2), "\(second.took)")
        #expect(second.errors.contains("pid \(first.pid)"), "\(second.errors)")
        #expect(second.errors.contains("--wait-for-lock"), "\(second.errors)")
        first.signal(SIGTERM)
        #expect(try await first.outcome(within: .seconds(180)).code == 0)
    }

    @Test("a standby takes over when the holder ends, also when it is killed")
    func standby() async throws {
        let stage = try await Stage()
        let first = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        let root = Stage.isRoot ? ["--allow-root"] : []
        let standby = try stage.start(["run", "--poll", "1s", "--wait-for-lock"] + root)
        try await Wait.until("it waits") { try standby.errors().contains("wait") }
        first.signal(SIGKILL)
        #expect(try await first.outcome(within: .seconds(180)).code == 128 + SIGKILL)
        try await Wait.until("the standby runs") {
            let status = try await stage.must("status", "-o", "json").json()
            return (status["running"] as? [String: Any])?["pid"] as? Int == Int(standby.pid)
        }
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        standby.signal(SIGTERM)
        #expect(try await standby.outcome(within: .seconds(180)).code == 0)
        #expect(try await stage.must("audit", "verify").code == 0)
    }

    @Test("SIGTERM parks a rollout within 20 s, and the next run goes on with the same operation")
    func parks() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let late = try await stage.airlock("reconcile", "--wait", "1s")
        #expect(late.code == 1 && late.errors.contains("time of --wait"), "\(late.errors)")
        let parked = try await stage.lane("production/api")
        #expect(parked["state"] as? String == "changing")
        let clock = ContinuousClock.now
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
        #expect(clock.duration(to: .now) < .seconds(20))
        try await stage.must("sim", "advance", "1h")
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        let lane = try await stage.lane("production/api")
        #expect(lane["version"] as? String == "9.0.0")
        let history = try await stage.must("history", "production/api", "-o", "json").json()
        let operations = try #require(history["operations"] as? [[String: Any]])
        #expect(operations.first?["operation"] as? Int == parked["operation"] as? Int)
    }

    @Test("a second interrupt does not wait: 130")
    func interruptedTwice() async throws {
        let stage = try await Stage()
        let run = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production", "--reason", "review")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let held = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(held.code == 3, "\(held.output)\(held.errors)")
        // While somebody else holds the world's lock, an order waits and cannot be parked.
        let world = try FileHandle(
            forUpdating: URL(fileURLWithPath: stage.state + "/simulator/world.jsonl"))
        #expect(flock(world.fileDescriptor, LOCK_EX) == 0)
        defer { flock(world.fileDescriptor, LOCK_UN) }
        try await stage.must("thaw", "production")
        try await Wait.until("the order is intended") {
            try await stage.lane("production/api")["state"] as? String == "changing"
        }
        run.signal(SIGINT)
        try await Wait.until("it is ending") { try run.errors().contains("ending") }
        #expect(run.isRunning)
        run.signal(SIGINT)
        #expect(try await run.outcome(within: .seconds(5)).code == 130)
        flock(world.fileDescriptor, LOCK_UN)
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        #expect(try await stage.must("audit", "verify").code == 0)
    }

    @Test(
        "run refuses to be root without --allow-root",
        .enabled(if: Stage.isRoot, "only root can be refused for being root"))
    func root() async throws {
        let stage = try await Stage()
        let outcome = try await stage.airlock("run")
        #expect(outcome.code == 1 && outcome.errors.contains("--allow-root"))
        #expect(!FileManager.default.fileExists(atPath: stage.state + "/ledger.sqlite"))
    }

    @Test("a state directory that others can read is refused")
    func permissions() async throws {
        let stage = try await Stage()
        try FileManager.default.createDirectory(
            atPath: stage.state, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        for words in [["reconcile"], ["plan"], ["status"]] {
            let outcome = try await stage.airlock(words)
            #expect(outcome.code == 1, "\(words)")
            #expect(outcome.errors.contains("chmod go-rwx"), "\(words): \(outcome.errors)")
        }
    }

    @Test("a socket path that is too long moves to the runtime directory")
    func longState() async throws {
        let stage = try await Stage()
        let long = stage.root + "/" + String(repeating: "s", count: 90)
        try FileManager.default.createDirectory(
            atPath: stage.root + "/runtime", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let root = Stage.isRoot ? ["--allow-root"] : []
        let run = try stage.start(["run", "--state", long] + root)
        try await Wait.until("the reconciler answers") {
            let found = FileManager.default.enumerator(atPath: stage.root + "/runtime")?
                .contains { ($0 as? String)?.contains("sock") == true }
            return found ?? false
        }
        #expect(try await stage.airlock("reconcile", "--wait", "120s", "--state", long).code == 0)
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
    }
}
