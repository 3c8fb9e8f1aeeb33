import Foundation
import Testing

/// Verbs that meet another process which holds the ledger.
@Suite("while another process holds the ledger") struct HolderTests {
    @Test("a freeze is heard by a reconcile that waits, and stops what it had begun")
    func freezeDuringReconcile() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let waiting = try stage.start(["reconcile", "--wait", "120s", "-o", "json"])
        try await Wait.until("the slow start is under way") {
            try await stage.lane("production/api")["state"] as? String == "changing"
        }
        try await stage.must("freeze", "production", "--reason", "stock-taking")
        let outcome = try await waiting.outcome(within: .seconds(180))
        #expect(outcome.code == 3, "\(outcome.output)\(outcome.errors)")
        let held = try outcome.json()["held"] as? [String: String]
        #expect(held?["production/api"]?.contains("stock-taking") == true)
        #expect(try await stage.entries("frozen").count == 1)
        #expect(!FileManager.default.fileExists(atPath: stage.state + "/control.sock"))
    }

    @Test("two looks at the same time both tell what was done")
    func twoLooks() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "120s")
        // It takes two seconds to start, so that the second look comes before its end.
        try stage.commit("api 1.5.0", Shop.api("1.5.0"))
        let looks = try (0..<2).map { _ in
            try stage.start(["reconcile", "--wait", "120s", "-o", "json"])
        }
        for look in looks {
            let outcome = try await look.outcome(within: .seconds(180))
            #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
            #expect(try outcome.json()["settled"] as? [String] == ["production/api"])
        }
        reconciler.signal(SIGTERM)
        #expect(try await reconciler.outcome(within: .seconds(180)).code == 0)
    }

    @Test(
        "a stale plan makes a running reconciler do nothing, and a plan that was carried out is not stale"
    )
    func staleWhileRunning() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "120s")
        let file = stage.root + "/plan.json"
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("plan", "--out", file)
        try stage.commit("api 1.2.0", Shop.api("1.2.0"))
        let stale = try await stage.airlock("reconcile", "--wait", "120s", "--expect", file)
        #expect(stale.code == 4, "\(stale.output)\(stale.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        try await stage.must("plan", "--out", file)
        for _ in 0..<2 { try await stage.must("reconcile", "--wait", "120s", "--expect", file) }
        #expect(try await stage.lane("production/api")["version"] as? String == "1.2.0")
        reconciler.signal(SIGTERM)
        #expect(try await reconciler.outcome(within: .seconds(180)).code == 0)
        try await stage.must("reconcile", "--expect", file)
    }

    @Test("what is not in the plan is left out and told, and nobody waits for it")
    func leftOut() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let file = stage.root + "/plan.json"
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try await stage.must("plan", "--out", file)
        try await stage.must("sim", "fault", "drift-traffic", "production/web")
        let outcome = try await stage.must(
            "reconcile", "--wait", "120s", "--expect", file, "-o", "json")
        #expect(try outcome.json()["settled"] as? [String] == ["production/api"])
        #expect(try outcome.json()["leftOut"] as? [String] == ["production/web"])
        #expect(try outcome.json()["repaired"] as? [String] == [])
    }

    @Test("an answer about thousands of lanes fits, with their totals")
    func manyLanes() async throws {
        let files = Shop.files(more: 1_100)
        let stage = try await Stage(nil)
        try stage.git("init", "--quiet", "--initial-branch", "main")
        try stage.commit("many", files)
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "50s")
        try await stage.must("freeze", "staging", "--reason", "x")
        let changed = files.filter { $0.key.hasSuffix("/staging.yaml") }
            .mapValues { $0?.replacingOccurrences(of: "replicas: 1", with: "replicas: 2") }
        try stage.commit("more", changed)
        let outcome = try await stage.airlock("reconcile", "--wait", "120s", "-o", "json")
        #expect(outcome.code == 3, "\(outcome.errors)")
        let totals = try outcome.json()["totals"] as? [String: Int]
        #expect(totals?["held"] == 1_101, "\(String(describing: totals))")
        reconciler.signal(SIGTERM)
        let end = try await reconciler.outcome(within: .seconds(180))
        #expect(end.code == 0, "\(end.code): \(end.errors.suffix(6_000))")
    }

    @Test("a look that finds nothing to do writes nothing")
    func quiet() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let before = try await stage.must("audit", "export").jsonLines().count
        for _ in 0..<2 { try await stage.must("reconcile") }
        #expect(try await stage.must("audit", "export").jsonLines().count == before)
    }

    @Test("a reconciler that hangs is told as that, and nobody waits long for its answer")
    func hung() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "120s")
        reconciler.signal(SIGSTOP)
        let outcome = try await stage.airlock("freeze", "staging", "--reason", "a fire")
        #expect(outcome.code == 1 && outcome.took < .seconds(50), "\(outcome)")
        #expect(outcome.errors.contains("may still be carried out"), "\(outcome.errors)")
        let status = try await stage.must("status").output
        #expect(status.contains("holds the ledger and does not answer"), "\(status)")
        reconciler.signal(SIGCONT)
        reconciler.signal(SIGTERM)
        let end = try await reconciler.outcome(within: .seconds(180))
        #expect(end.code == 0, "\(end)")
    }

    @Test("a reconciler that lost its socket is told as that, and not as none")
    func lostSocket() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "120s")
        try FileManager.default.removeItem(atPath: stage.state + "/control.sock")
        let status = try await stage.must("status")
        #expect(status.output.contains("holds the ledger and does not answer"), "\(status.output)")
        let outcome = try await stage.airlock("freeze", "staging", "--reason", "a fire")
        #expect(outcome.code == 1 && outcome.errors.contains("nobody listens at"))
        #expect(!outcome.errors.contains("start one with"), "\(outcome.errors)")
        #expect(try await stage.airlock("doctor").code == 1)
        reconciler.signal(SIGTERM)
        _ = try await reconciler.outcome(within: .seconds(180))
        #expect(try await stage.must("status").output.contains("no reconciler is running"))
    }

    @Test("a wait that the end of the reconciler cuts short is not told as over")
    func endedEarly() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler("--poll", "1h")
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        let waiting = try stage.start(["reconcile", "--wait", "120s"])
        try await Wait.until("the slow start is under way") {
            try await stage.lane("production/api")["state"] as? String == "changing"
        }
        reconciler.signal(SIGTERM)
        let outcome = try await waiting.outcome(within: .seconds(180))
        #expect(outcome.code == 1 && outcome.errors.contains("ended before"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("is up"), "\(outcome.errors)")
        _ = try await reconciler.outcome(within: .seconds(180))
    }

    @Test("who means another repository, branch or trust root than the running one is told so")
    func otherSource() async throws {
        let stage = try await Stage()
        let root = try stage.git("rev-parse", "HEAD")
        let first = try await stage.must("reconcile", "--wait", "120s")
        #expect(first.output.contains("trust root \(root)"), "\(first.output)")
        let reconciler = try await stage.startReconciler("--poll", "1h")
        let other = String(repeating: "1234567890", count: 4)
        for (words, told) in [
            (["--repo", stage.root + "/other"], "the running airlock follows"),
            (["--branch", "next"], "the running airlock follows"),
            (["--trust-root", other], "the trust root of this ledger is \(root)"),
        ] {
            let outcome = try await stage.airlock(["reconcile"] + words)
            #expect(outcome.code == 1 && outcome.errors.contains(told), "\(outcome.errors)")
        }
        try await stage.must("reconcile", "--repo", stage.repository + "/", "--trust-root", root)
        reconciler.signal(SIGTERM)
        #expect(try await reconciler.outcome(within: .seconds(180)).code == 0)
        let alone = try await stage.airlock("reconcile", "--trust-root", other)
        #expect(alone.code == 1 && alone.errors.contains("this ledger is \(root)"))
    }

    @Test("a file that cannot be read fails the look and shows in status")
    func badFile() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("typo", ["simulation.yaml": "artifcts: {}\n"])
        let outcome = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("simulation.yaml:1:1"), "\(outcome.output)")
        #expect(try await stage.must("status").output.contains("simulation.yaml:1:1"))
        let status = try await stage.must("status", "-o", "json").json()
        #expect((status["diagnostics"] as? [String])?.count == 1)
    }

    @Test(
        "a poll interval that is none is a usage error with the right form", arguments: ["0s", "x"])
    func badPoll(_ text: String) async throws {
        let stage = try await Stage()
        let outcome = try await stage.airlock("run", "--poll", text)
        #expect(outcome.code == 64 && outcome.errors.contains("60s or 5m"), "\(outcome.errors)")
    }
}
