import AirlockAnalysis
import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("preview checks and the watch of a release")
struct PreviewTests {
    private static let lane = Build.lane("production/api")

    private static func shop(_ release: String, simulation: String = "{}") -> MemoryTree {
        var tree = MemoryTree.shop
        tree["services/api/production.yaml"] =
            "artifact: \(Build.artifact("api"))\nreplicas: 2\n" + release
        tree["simulation.yaml"] =
            "artifacts: {\"sha256:\(Build.artifact("api").digest)\": \(simulation)}\n"
        return tree
    }

    private static func release(_ text: String) throws -> Release {
        let decoded = shop(text).decode()
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        return try #require(decoded.fleet?.lanes[lane]?.release)
    }

    @Test("checks are read in their order, with what holds where a key is left out")
    func checks() throws {
        let release = try Self.release(
            """
            strategy:
              blueGreen:
                preview:
                  checks:
                    - {path: /health}
                    - {path: "/ready?deep=1", expect: 204, within: 500ms, failures: 1}
            """)
        let preview = PreviewPlan(checks: [
            PreviewCheck(path: "/health", expect: 200, within: .seconds(2), failures: 3),
            PreviewCheck(
                path: "/ready?deep=1", expect: 204, within: .milliseconds(500), failures: 1),
        ])
        #expect(release.strategy == .blueGreen(BlueGreenPlan(preview: preview)))
        let plain = try Self.release("strategy: blueGreen\n").strategy
        #expect(plain.canonical != release.strategy.canonical)
        let text = String(decoding: plain.canonical.canonicalBytes, as: UTF8.self)
        #expect(!text.contains("preview"), "no old change gets another id")
    }

    @Test("what nobody could ask is refused with its place")
    func refused() {
        let paths = (0..<17).map { "{path: /\($0)}" }.joined(separator: ", ")
        for (checks, words) in [
            ("[{path: \"/a#b\"}]", "a request has no fragment"),
            ("[{path: health}]", "write /healthz"),
            ("[{path: /health, within: 31s}]", "write 30s or less"),
            ("[{path: /health, expect: 99}]", "99"),
            ("[{expect: 200}]", "path"),
            ("[]", "checks"),
            ("[\(paths)]", "at most 16 checks"),
        ] {
            let tree = Self.shop("strategy: {blueGreen: {preview: {checks: \(checks)}}}\n")
            let found = tree.decode().diagnostics.map(\.description)
            #expect(found.count == 1, "\(checks): \(found)")
            #expect(found.first?.contains(words) == true, "\(checks): \(found)")
            #expect(found.first?.hasPrefix("services/api/production.yaml:3:") == true, "\(found)")
        }
    }

    @Test("bounds are some of those that the release states, and have a time")
    func bounds() throws {
        let release = try Self.release(
            """
            rollback: {memory: {above: 200Mi, for: 5s}, cpu: {above: 90%, below: 1%}}
            strategy: {blueGreen: {preview: {bounds: [memory, cpu], hold: 30s}}}
            """)
        guard case .blueGreen(let plan) = release.strategy else {
            Issue.record("\(release.strategy)")
            return
        }
        #expect(plan.preview?.checks.isEmpty == true)
        #expect(plan.preview?.bounds?.signals.map(\.description) == ["cpu", "memory"])
        #expect(plan.preview?.bounds?.hold == .seconds(30))
        // An idle slot may use next to no CPU.
        let held = plan.limits.filter { plan.preview?.bounds?.includes($0) == true }
        #expect(held.map(\.side) == [.above, .above])
        let usual = try Self.release(
            "rollback: {cpu: {above: 90%}}\nstrategy: {blueGreen: {preview: {bounds: [cpu]}}}\n")
        guard case .blueGreen(let other) = usual.strategy else { return }
        #expect(other.preview?.bounds?.hold == .seconds(60))
        #expect(other.preview?.canonical != plan.preview?.canonical)
    }

    @Test("bounds that could never be kept or broken are refused with their place")
    func impossible() {
        for (preview, words) in [
            ("{bounds: [memroy]}", "did you mean `memory`?"),
            ("{bounds: [queue]}", "`rollback` of this release has no bound on `queue`"),
            ("{bounds: [errorRate]}", "a slot without traffic has none"),
            ("{bounds: [error-rate]}", "a slot without traffic has none"),
            ("{bounds: [memory, memory]}", "keep one"),
            ("{bounds: [memory], hold: 6m}", "write 5m or less"),
            ("{checks: [{path: /a}], hold: 2m}", "and there are none"),
            ("{bounds: []}", "bounds"), ("{}", "preview"),
        ] {
            let tree = Self.shop(
                "rollback: {memory: {above: 200Mi}, errorRate: {above: 2%}}\n"
                    + "strategy: {blueGreen: {deadline: 2m, preview: \(preview)}}\n")
            let found = tree.decode().diagnostics.map(\.description)
            #expect(found.count == 1, "\(preview): \(found)")
            #expect(found.first?.contains(words) == true, "\(preview): \(found)")
            #expect(found.first?.hasPrefix("services/api/production.yaml:4:") == true, "\(found)")
        }
    }

    @Test("a simulated slot says how it answers, and really listens on this machine only")
    func simulated() throws {
        let there = Self.shop(
            "", simulation: "{preview: fails, endpoint: \"http://127.0.0.1:8080\"}")
        let decoded = there.decode()
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        let behaviour = decoded.simulation?.artifacts[Build.artifact("api").digest]
        #expect(behaviour?.preview == .fails)
        #expect(behaviour?.endpoint?.description == "http://127.0.0.1:8080")
        let outside = Self.shop("", simulation: "{endpoint: \"http://10.0.0.1:8080\"}").decode()
        #expect(
            outside.diagnostics.map(\.description).first?.contains("on this machine only") == true)
    }

    @Test("a watch is a time, or a time and what an alarm does")
    func watch() throws {
        #expect(try Self.release("watch: 2h\n").watch == WatchPlan(time: .seconds(7_200)))
        #expect(try Self.release("watch: 0s\n").watch?.time == .zero)
        #expect(
            try Self.release("watch: {for: 1h, onAlarm: rollback}\n").watch
                == WatchPlan(time: .seconds(3_600), onAlarm: .rollback))
        #expect(try Self.release("").watch == nil)
        let wrong = Self.shop("watch: {onAlarm: rollback}\n").decode().diagnostics
        #expect(wrong.map(\.description).first?.contains("for") == true, "\(wrong)")
        #expect(
            try Self.release("watch: {for: 1h, sensitivity: low}\n").watch
                == WatchPlan(time: .seconds(3_600), sensitivity: .low))
        #expect(try Self.release("watch: {for: 1h}\n").watch?.sensitivity == nil)
        let unknown = Self.shop("watch: {for: 1h, sensitivity: lwo}\n").decode().diagnostics
        #expect(unknown.map(\.description).first?.contains("`low`") == true, "\(unknown)")
    }

    @Test("a watch lasts for a week at most", arguments: ["watch: 8d\n", "watch: {for: 169h}\n"])
    func longWatch(text: String) throws {
        let wrong = Self.shop(text).decode().diagnostics.map(\.description)
        #expect(wrong.first?.contains("a lane is watched for at most 7d") == true, "\(wrong)")
        #expect(try Self.release("watch: {for: 7d}\n").watch?.time == WatchPlan.longest)
    }
}
