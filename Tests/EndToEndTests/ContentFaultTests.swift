import Foundation
import Testing

/// What a repository may hold to do harm, through the whole program.
@Suite("faults in the repository") struct ContentFaultTests {
    private func settled() async throws -> Stage {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        return stage
    }

    /// The most memory that a verb took, in kilobytes, with its outcome.
    private func measured(_ stage: Stage, _ arguments: [String]) async throws -> (Outcome, Int) {
        let report = stage.root + "/peak"
        let running = try RunningProgram(
            "/usr/bin/python3",
            [
                "-c",
                """
                import resource, subprocess, sys
                code = subprocess.run(sys.argv[2:]).returncode
                peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
                open(sys.argv[1], "w").write(str(peak))
                sys.exit(code)
                """, report, Stage.binary,
            ] + arguments, environment: stage.environment, folder: stage.root + "/programs",
            directory: stage.root)
        let outcome = try await running.outcome(within: .seconds(120))
        let peak = try String(contentsOfFile: report, encoding: .utf8)
        return (outcome, Int(peak) ?? 0)
    }

    @Test("a file of a gigabyte is refused by name in little memory, and what runs stays")
    func hugeBlob() async throws {
        let stage = try await settled()
        var files = Shop.api("1.1.0") as [String: String?]
        files["services/web/production.yaml"] = nil
        try stage.commit("api 1.1.0", files)
        let huge = stage.repository + "/services/web/production.yaml"
        try Data().write(to: URL(fileURLWithPath: huge))
        let handle = try #require(FileHandle(forWritingAtPath: huge))
        try handle.truncate(atOffset: 1 << 30)
        try handle.close()
        try stage.git("-c", "core.bigFileThreshold=1m", "add", "--all")
        try stage.git("commit", "--quiet", "--message", "huge")
        try FileManager.default.removeItem(atPath: huge)
        let (outcome, peak) = try await measured(
            stage, ["reconcile", "--wait", "120s", "-o", "json"])
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        let object = try stage.git("rev-parse", "HEAD:services/web/production.yaml")
        #expect(outcome.output.contains("as large as \(object) of"), "\(outcome.output)")
        #expect(outcome.output.contains("1024 MiB; serve it over ssh"), "\(outcome.output)")
        #expect(try await stage.lane("production/api")["state"] as? String == "settled")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        #expect(peak < 300_000, "\(peak) kB")
    }

    @Test("a hundred thousand files elsewhere cost nothing but the walk")
    func manyFiles() async throws {
        let stage = try await settled()
        var listing = ""
        let blob = try stage.git("hash-object", "-w", "fleet.yaml")
        for number in 0..<100_000 { listing += "100644 blob \(blob)\tfile-\(number)\n" }
        try listing.write(toFile: stage.root + "/listing", atomically: true, encoding: .utf8)
        let tree = try stage.shell("git -C '\(stage.repository)' mktree < '\(stage.root)/listing'")
        try stage.git("read-tree", "--prefix=assets/", tree)
        try stage.git("commit", "--quiet", "--message", "many files")
        try stage.git("reset", "--quiet", "--hard")
        let (outcome, peak) = try await measured(stage, ["reconcile", "--wait", "120s"])
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("Nothing to do"), "\(outcome.output)")
        #expect(peak < 300_000, "\(peak) kB")
    }

    @Test(
        "half-written YAML parks its own lanes, and an environment that is removed keeps what it runs"
    )
    func halfWritten() async throws {
        let stage = try await settled()
        var files = Shop.api("1.1.0") as [String: String?]
        files["services/web/service.yaml"] = "owner: team-web\nport: [80"
        try stage.commit("half", files)
        let half = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(
            half.code == 1 && half.output.contains("services/web/service.yaml:"), "\(half.output)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        files = [
            "services/web/service.yaml": Shop.files["services/web/service.yaml"],
            "environments/staging.yaml": nil,
        ]
        try stage.commit("no staging", files)
        let gone = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(gone.code == 1, "\(gone.output)")
        let lane = try await stage.lane("staging/web")
        #expect(lane["version"] as? String == "1.0.0" && lane["held"] != nil, "\(lane)")
        #expect(lane["healthy"] as? Int == lane["replicas"] as? Int, "\(lane)")
    }

    @Test("an environment that is removed while it deploys stops nothing that serves")
    func removedWhileDeploying() async throws {
        let stage = try await settled()
        try stage.commit("slow", Shop.api("9.0.0", deadline: "30m"))
        try await stage.must("reconcile")
        #expect(try await stage.lane("production/api")["state"] as? String == "changing")
        try stage.commit("no production", ["environments/production.yaml": nil])
        let outcome = try await stage.airlock("reconcile", "--wait", "10s")
        #expect(outcome.code != 0, "\(outcome.output)")
        let lane = try await stage.lane("production/api")
        #expect(lane["version"] as? String == "1.0.0")
        #expect(try #require(lane["healthy"] as? Int) >= 1, "\(lane)")
    }

    @Test("an order that names an environment twice, or one too few, is told with its place")
    func badOrder() async throws {
        let stage = try await settled()
        for order in ["[staging, production, staging]", "[production, staging]", "[staging]"] {
            try stage.commit(
                order,
                [
                    "fleet.yaml": Shop.files["fleet.yaml"]?.replacingOccurrences(
                        of: "[staging, production]", with: order)
                ])
            let outcome = try await stage.airlock("reconcile", "--wait", "10s")
            #expect(outcome.code == 1, "\(order): \(outcome.output)\(outcome.errors)")
            #expect(
                (outcome.output + outcome.errors).contains("fleet.yaml:3"),
                "\(order): \(outcome.output)\(outcome.errors)")
        }
    }

    @Test(
        "YAML that is made to exhaust a reader is refused in little memory",
        arguments: ["aliases", "depth", "nothing", "duplicates", "encoding"])
    func bombs(_ kind: String) async throws {
        let stage = try await settled()
        var bomb: [UInt8]
        switch kind {
        case "aliases":
            var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
            for level in 1..<9 {
                let use = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
                text += "a\(level): &a\(level) [\(use)]\n"
            }
            bomb = Array(text.utf8)
        case "depth": bomb = Array(String(repeating: "[", count: 10_000).utf8)
        case "nothing": bomb = Array(repeating: 0x20, count: 100 << 20)
        case "duplicates": bomb = Array("port: 80\nport: 81\n".utf8)
        default: bomb = [0x70, 0x6F, 0x72, 0x74, 0x3A, 0x20, 0xFF, 0xFE, 0x0A]
        }
        try Data(bomb).write(
            to: URL(fileURLWithPath: stage.repository + "/services/web/service.yaml"))
        try stage.git("commit", "--quiet", "--all", "--message", kind)
        let (_, base) = try await measured(stage, ["version"])
        let (outcome, peak) = try await measured(stage, ["validate", stage.repository])
        #expect(outcome.code == 1, "\(kind): \(outcome.output)")
        #expect((outcome.output + outcome.errors).contains("services/web/service.yaml"))
        #expect(peak - base < 50_000, "\(kind): \(peak - base) kB more than nothing")
    }
}
