import Foundation
import Testing

/// A state directory from a backup: older than the world, which went on without it.
@Suite("a backup that was made in the middle of a deploy") struct RestoreTests {
    /// A stage whose reconciler deployed 1.5.0 and then 1.2.0 after `backup` was made of it while 1.5.0
    /// was under way; nothing runs any more, and the state is that of the backup.
    ///
    /// - Parameter others: Processes that had claimed after the backup was made.
    private func restored(others: Int) async throws -> Stage {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let run = try await stage.startReconciler()
        try stage.commit("1.5.0", Shop.api("1.5.0"))
        try await Wait.until("1.5.0 is under way") {
            try await stage.entries("intended").contains {
                ($0["detail"] as? [String: String])?["action"]?.contains("start") == true
                    && $0["lane"] as? String == "production/api"
            }
        }
        run.signal(SIGSTOP)
        // A fetch that is under way in its child goes on, and takes its files away.
        try await Wait.until("a copy") {
            try stage.shell(
                "rm -rf \(stage.root)/backup; cp -a \(stage.state) \(stage.root)/backup "
                    + "&& echo made || true") == "made"
        }
        run.signal(SIGCONT)
        try await self.version("1.5.0", stage)
        try stage.commit("1.2.0", Shop.api("1.2.0"))
        try await self.version("1.2.0", stage)
        run.signal(SIGKILL)
        _ = try await run.outcome(within: .seconds(60))
        for _ in 0..<others { try await stage.must("reconcile", "--wait", "120s") }
        // The world is not in the backup: it is the engine, which goes on.
        try stage.shell(
            "rm -rf \(stage.root)/backup/simulator \(stage.root)/backup/control.sock && "
                + "mv \(stage.state)/simulator \(stage.root)/backup/ && rm -rf \(stage.state) && "
                + "mv \(stage.root)/backup \(stage.state)")
        return stage
    }

    private func version(_ version: String, _ stage: Stage) async throws {
        try await Wait.until("\(version) serves") {
            let lane = try await stage.lane("production/api")
            return lane["version"] as? String == version && lane["state"] as? String == "settled"
        }
    }

    /// Orders that changed the world, in order.
    private func effects(_ stage: Stage) throws -> [Substring] {
        try String(contentsOfFile: stage.state + "/simulator/world.jsonl", encoding: .utf8)
            .split(separator: "\n").filter { $0.contains("\"applied\"") }
    }

    /// The ledger gives numbers again that the world knows from before, and yet all arrives.
    private func checkDeploys(_ stage: Stage) async throws {
        for version in ["1.5.0", "1.2.0", "1.1.0"] {
            try stage.commit("\(version) again", Shop.api(version))
            let outcome = try await stage.airlock("reconcile", "--wait", "120s")
            #expect(outcome.code == 0, "\(version): \(outcome.output)\(outcome.errors)")
            #expect(try await stage.lane("production/api")["version"] as? String == version)
        }
        #expect(try await stage.must("plan").output.contains("No changes"))
        try await stage.must("audit", "verify")
    }

    @Test("goes on from what runs and does nothing again")
    func goesOn() async throws {
        let stage = try await restored(others: 0)
        let before = try effects(stage)
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.2.0")
        let repeated = try effects(stage).dropFirst(before.count)
        #expect(repeated.isEmpty, "\(repeated)")
        try await checkDeploys(stage)
    }

    @Test("whose journal is older than its log is told by the replay, as it is by verify")
    func olderJournal() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.shell("cp -a '\(stage.state)' '\(stage.root)/backup'")
        try stage.commit("1.1.0", Shop.api("1.1.0"))
        try await stage.must("reconcile", "--wait", "120s")
        try stage.shell(
            "cd '\(stage.root)' && rm -r backup/audit && cp -a '\(stage.state)/audit' backup/")
        for verb in ["verify", "replay"] {
            let outcome = try await stage.airlock("audit", verb, "--state", stage.root + "/backup")
            #expect(
                outcome.code == 1 && outcome.errors.contains("entries, and the journal holds "),
                "\(verb): \(outcome)")
        }
    }

    @Test(
        "is fenced off where later processes claimed, says so, and takes over when it is told to",
        arguments: [1, 3])
    func takesOver(others: Int) async throws {
        let stage = try await restored(others: others)
        let before = try effects(stage)
        let doctor = try await stage.airlock("doctor").output
        #expect(doctor.contains("was taken by a later writer"), "\(doctor)")
        let fenced = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(fenced.code == 1 && fenced.errors.contains("--take-over"), "\(fenced.errors)")
        let run = try await stage.startReconciler(
            "--take-over", "production", "--take-over", "staging")
        try await version("1.2.0", stage)
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(60)).code == 0)
        #expect(try effects(stage).count == before.count)
        try await checkDeploys(stage)
    }
}
