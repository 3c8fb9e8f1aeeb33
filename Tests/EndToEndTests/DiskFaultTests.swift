import Foundation
import Testing

/// What the disk and the kernel may do to the real process; `docs/faults.md` is the list.
@Suite("faults of disk and kernel", .serialized) struct DiskFaultTests {
    /// How long a process is stopped; `Scripts/soak kills` stops it for a minute.
    private static let stopped = Duration.seconds(
        ProcessInfo.processInfo.environment["AIRLOCK_STOPPED"].flatMap { Int($0) } ?? 0)

    /// A stage that has settled on 1.0.0.
    private func settled() async throws -> Stage {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        return stage
    }

    /// Runs a program around `airlock reconcile`, such as `strace`.
    private func reconcile(_ stage: Stage, under program: [String]) async throws -> Outcome {
        let arguments = Array(program.dropFirst()) + [Stage.binary, "reconcile", "--wait", "120s"]
        let running = try RunningProgram(
            program[0], arguments, environment: stage.environment,
            folder: stage.root + "/programs", directory: stage.root)
        return try await running.outcome(within: .seconds(180))
    }

    /// `strace` that lets the N-th call of some kinds end otherwise.
    ///
    /// - Parameter path: The file that they go to; nil for any.
    private func tracing(
        _ calls: String, _ fault: String, of path: String? = nil, into trace: String = "/dev/null"
    ) -> [String] {
        [
            "/usr/bin/strace", "-f", "-qq", "-o", trace, "-e", "trace=\(calls)", "-e",
            "inject=\(calls):\(fault)",
        ] + (path.map { ["-P", $0] } ?? [])
    }

    /// How many processes died while they read a commit.
    private func deaths(_ stage: Stage) throws -> Int {
        let path = stage.state + "/reading.json"
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        let note = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        return try #require((note as? [String: Any])?["times"] as? Int)
    }

    /// Nothing is lost or doubled, and the next start goes on.
    private func checkRecovery(_ stage: Stage, _ what: String, version: String) async throws {
        let next = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(next.code == 0, "\(what): \(next.output)\(next.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == version, "\(what)")
        let verified = try await stage.airlock("audit", "verify")
        #expect(verified.code == 0, "\(what): \(verified.errors)")
    }

    @Test("killed at the N-th flush, the journal is whole and the next start goes on")
    func killedAtFlush() async throws {
        let stage = try await settled()
        var (kills, unharmed) = (0, 0)
        // `strace` counts the calls of each thread: the N-th flush of whichever comes to it first. Every one, until
        // a few processes in a row were done before it.
        for number in 1...60 where unharmed < 3 {
            let version = number % 2 == 0 ? "1.1.0" : "1.2.0"
            try stage.commit("flush \(number)", Shop.api(version))
            let victim = try await reconcile(
                stage, under: tracing("fsync,fdatasync", "signal=SIGKILL:when=\(number)"))
            // 1 where it was the child that fetches.
            #expect([0, 1, 128 + SIGKILL].contains(victim.code), "\(victim)")
            if victim.code == 128 + SIGKILL { kills += 1 }
            unharmed = victim.code == 0 ? unharmed + 1 : 0
            try await checkRecovery(
                stage, "killed at flush \(number) (\(victim.code))", version: version)
        }
        #expect(kills > 8 && unharmed == 3, "every flush must be reached: \(kills), \(unharmed)")
        try await KillTests.checkEffects(stage)
    }

    @Test("a commit that three processes died of is refused, and what runs stays until another one")
    func deadlyCommit() async throws {
        let stage = try await settled()
        try stage.commit("deadly", Shop.api("1.1.0"))
        // Killed at the N-th write to the journal; N grows until that is the one of its acceptance.
        var write = 1
        while try deaths(stage) < 3 {
            let before = try deaths(stage)
            let victim = try await reconcile(
                stage,
                under: tracing(
                    "pwrite64", "signal=SIGKILL:when=\(write)",
                    of: stage.state + "/ledger.sqlite-wal"))
            try #require(victim.code == 128 + SIGKILL, "it was never caught: \(victim.output)")
            if try deaths(stage) == before { write += 1 }
        }
        let refused = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(
            refused.code == 1
                && refused.errors.contains("3 processes ended while they read it"),
            "\(refused.output)\(refused.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        try stage.commit("mended", Shop.api("1.2.0"))
        try await checkRecovery(stage, "a commit on top", version: "1.2.0")
    }

    @Test("a flush that fails ends the process, and the disk's word is taken at the next start")
    func failedFlush() async throws {
        let stage = try await settled()
        var failures = 0
        for (round, number) in [1, 2, 3, 4, 5, 6, 8, 11].enumerated() {
            let version = round % 2 == 0 ? "1.1.0" : "1.2.0"
            try stage.commit("EIO \(number)", Shop.api(version))
            let victim = try await reconcile(
                stage, under: tracing("fsync,fdatasync", "error=EIO:when=\(number)+"))
            if victim.code != 0 { failures += 1 }
            #expect(victim.code != 128 + SIGSEGV && victim.code != 128 + SIGILL, "\(victim.errors)")
            try await checkRecovery(stage, "flush \(number) failed", version: version)
        }
        #expect(failures > 4, "most failed flushes must end the process")
        try await KillTests.checkEffects(stage)
    }

    /// What the state is written with: the journal, the files that take the place of others (tiles, checkpoint,
    /// notes of the mirror), and the world's own file.
    enum Writing: CaseIterable {
        case journal
        case replacing
        case world
    }

    @Test(
        "a write for which there is no space stops before its effect, and it goes on unaided",
        arguments: ["ENOSPC", "EIO"], Writing.allCases)
    func failedWrite(_ error: String, _ writing: Writing) async throws {
        let stage = try await settled()
        let world = stage.state + "/simulator/world.jsonl"
        // What the world refuses is tried again, and given up at the deadline: there a single write fails.
        let (calls, path, numbers, when): (String, String?, [Int], String) =
            switch writing {
            case .journal: ("pwrite64", nil, [1, 2, 4, 7, 11, 16, 23], "+")
            case .replacing: ("rename,renameat,renameat2", nil, [1, 2, 3, 4], "+")
            case .world: ("write", world, [1, 2], "")
            }
        let trace = stage.root + "/trace"
        var (failures, injected) = (0, 0)
        for (round, number) in numbers.enumerated() {
            let version = round % 2 == 0 ? "1.1.0" : "1.2.0"
            try stage.commit("\(error) \(number)", Shop.api(version))
            let victim = try await reconcile(
                stage,
                under: tracing(
                    calls, "error=\(error):when=\(number)\(when)", of: path, into: trace))
            #expect(victim.code != 128 + SIGSEGV && victim.code != 128 + SIGILL, "\(victim.errors)")
            if try String(contentsOfFile: trace, encoding: .utf8).contains("(INJECTED)") {
                injected += 1
            }
            if victim.code != 0 {
                failures += 1
                #expect(!victim.errors.isEmpty)
            }
            try await checkRecovery(stage, "\(error) at \(writing) \(number)", version: version)
        }
        #expect(injected == numbers.count, "\(injected) of \(numbers.count) calls failed")
        #expect(writing == .world || failures >= numbers.count - 2, "\(failures) were told")
        try await KillTests.checkEffects(stage)
    }

    @Test(
        "a state directory on a full disk is told, and works again once there is space",
        .enabled(if: Stage.isRoot, "mounting needs root"))
    func fullDisk() async throws {
        let stage = try await Stage()
        // A world of its own: the mounts are seen by this shell alone and go with it.
        let script = """
            set -e
            mkdir -p "$AIRLOCK_STATE" && chmod 700 "$AIRLOCK_STATE"
            mount -t tmpfs -o size=320k,mode=700 tmpfs "$AIRLOCK_STATE"
            if "$0" reconcile --wait 20s; then echo "it fitted"; exit 9; fi
            mount -o remount,size=64m "$AIRLOCK_STATE"
            "$0" reconcile --wait 20s
            "$0" audit verify
            "$0" plan --detailed-exitcode
            """
        let outcome = try await shell(script, stage)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(
            outcome.errors.contains("full") || outcome.errors.contains("No space"),
            "\(outcome.errors)")
    }

    @Test(
        "a disk that fills up under a fleet that runs is told, and its next deploy goes on once there is space",
        .enabled(if: Stage.isRoot, "mounting needs root"), arguments: [0, 16, 48])
    func fillsUp(_ kilobytesLeft: Int) async throws {
        let stage = try await Stage()
        let next = try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        try stage.git("reset", "-q", "--hard", "HEAD~1")
        let script = """
            set -e
            mkdir -p "$AIRLOCK_STATE" && chmod 700 "$AIRLOCK_STATE"
            mount -t tmpfs -o size=16m,mode=700 tmpfs "$AIRLOCK_STATE"
            "$0" reconcile --wait 60s
            git -C "$AIRLOCK_REPO" reset -q --hard \(next)
            dd if=/dev/zero of="$AIRLOCK_STATE/filler" bs=1k 2>/dev/null || true
            truncate -s -\(kilobytesLeft)k "$AIRLOCK_STATE/filler"
            if "$0" reconcile --wait 20s; then echo "it fitted"; exit 9; fi
            rm "$AIRLOCK_STATE/filler"
            "$0" reconcile --wait 60s
            "$0" audit verify
            "$0" plan --detailed-exitcode
            "$0" audit replay
            """
        let outcome = try await shell(script, stage)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(
            outcome.errors.contains("full") || outcome.errors.contains("No space"),
            "\(outcome.errors)")
    }

    @Test(
        "a state directory that cannot be written is told by name",
        .enabled(if: Stage.isRoot, "mounting needs root"))
    func readOnly() async throws {
        let stage = try await settled()
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let script = """
            mount --bind "$AIRLOCK_STATE" "$AIRLOCK_STATE" && mount -o remount,bind,ro "$AIRLOCK_STATE"
            "$0" reconcile --wait 20s
            """
        let outcome = try await shell(script, stage)
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains(stage.state), "\(outcome.errors)")
        try await checkRecovery(stage, "read-only", version: "1.1.0")
    }

    @Test(
        "with hardly any file descriptors or memory it ends with a word and nothing is half done",
        arguments: [
            "--nofile=12", "--nofile=28", "--data=20000000", "--data=100000000", "--as=900000000",
        ])
    func limits(_ limit: String) async throws {
        let stage = try await settled()
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let victim = try await reconcile(stage, under: ["/usr/bin/prlimit", limit])
        #expect(victim.code == 1 && victim.errors.contains("this process may have"), "\(victim)")
        #expect(victim.errors.contains("ulimit -"), "\(victim.errors)")
        try await checkRecovery(stage, limit, version: "1.1.0")
        try await KillTests.checkEffects(stage)
    }

    @Test("with hardly any threads it ends with a word")
    func threads() async throws {
        let stage = try await Stage()
        // The limit does not bind root.
        let user = Stage.isRoot ? ["/usr/bin/setpriv", "--reuid=65534", "--clear-groups"] : []
        let command = user + ["/usr/bin/prlimit", "--nproc=8", Stage.binary, "version"]
        let running = try RunningProgram(
            command[0], Array(command.dropFirst()), environment: stage.environment,
            folder: stage.root + "/programs", directory: "/")
        let outcome = try await running.outcome(within: .seconds(180))
        #expect(outcome.code == 1, "\(outcome)")
        #expect(
            outcome.errors.contains("Airlock needs 32 threads; raise it with `ulimit -u"),
            "\(outcome)")
    }

    @Test("a stopped reconciler holds its ledger, and goes on where it was when it wakes")
    func stopped() async throws {
        let stage = try await settled()
        let run = try await stage.startReconciler()
        run.signal(SIGSTOP)
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let root = Stage.isRoot ? ["--allow-root"] : []
        let end = ContinuousClock.now + Self.stopped
        repeat {
            let second = try await stage.airlock(["run"] + root)
            #expect(second.code == 1 && second.errors.contains("held by"), "\(second.errors)")
        } while ContinuousClock.now < end
        run.signal(SIGCONT)
        try await Wait.until("the deploy goes on") {
            try await stage.lane("production/api")["version"] as? String == "1.1.0"
        }
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
        try await KillTests.checkEffects(stage)
    }

    /// Runs a script with `airlock` as `$0` in mount points of its own.
    private func shell(_ script: String, _ stage: Stage) async throws -> Outcome {
        var environment = stage.environment
        environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        let running = try RunningProgram(
            "/usr/bin/unshare",
            ["--mount", "--propagation", "private", "sh", "-c", script, Stage.binary],
            environment: environment, folder: stage.root + "/programs", directory: stage.root)
        return try await running.outcome(within: .seconds(180))
    }
}
