import Foundation
import Testing

@Suite("bounds on signals of the service's own") struct NamedBoundTests {
    @Test("a plan lists what takes the new slot back, and a name that nobody defined is named")
    func plan() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let release = Shop.release("api", "1.1.0").split(separator: "\n")
            .filter { !$0.hasPrefix("strategy") }.joined(separator: "\n")
        func commit(_ rollback: String) throws {
            try stage.commit(
                "api 1.1.0",
                [
                    "services/api/production.yaml": release
                        + "\nstrategy: {blueGreen: {}}\nrollback: \(rollback)\n"
                ])
        }
        try commit("{cpu: {above: 85%, below: 5%, for: 5m}, memory: {above: 200Mi}}")
        let text = try await stage.must("plan").output
        for bound in ["cpu above 85% for 5m", "cpu below 5% for 5m", "memory above 200Mi at once"] {
            #expect(text.contains("      bound     \(bound)\n"), "\(text)")
        }
        let markdown = try await stage.must("plan", "-o", "markdown").output
        #expect(markdown.contains("- memory above 200Mi at once"), "\(markdown)")
        let json = try await stage.must("plan", "-o", "json").json()
        let lanes = try #require(json["lanes"] as? [[String: Any]])
        #expect(lanes.compactMap { ($0["bounds"] as? [String])?.count } == [3])
        try commit("{memry: {above: 200}}")
        let bad = try await stage.airlock("plan")
        #expect((bad.output + bad.errors).contains("did you mean `memory`?"), "\(bad)")
    }

    @Test("detect --backtest replays them from a release, above and below")
    func backtest() async throws {
        let stage = try await Stage(nil)
        func write(_ name: String, _ value: (Int) -> Double) throws {
            let lines = (0..<600).map { "\(1_700_000_000 + $0),\(value($0))\n" }.joined()
            try lines.write(toFile: "\(stage.root)/\(name)", atomically: true, encoding: .utf8)
        }
        try write("queue.csv") { (100..<200).contains($0) ? 140 : 20 }
        try write("jobs.csv") { (300..<340).contains($0) ? 1 : 9.5 }
        try """
        artifact: registry.example/api@sha256:\(String(repeating: "e", count: 64))
        replicas: 1
        strategy: canary
        rollback: {queue: {above: 100, for: 30s}, jobs.done: {below: 5, for: 10s}}

        """.write(toFile: "\(stage.root)/release.yaml", atomically: true, encoding: .utf8)
        let text = try await stage.must(
            "detect", "--backtest", "\(stage.root)/release.yaml", "--signal",
            "queue=\(stage.root)/queue.csv", "--signal", "jobs.done=\(stage.root)/jobs.csv"
        ).output
        #expect(text.contains("queue above 100 for 30s: once"), "\(text)")
        #expect(text.contains("jobs.done below 5 for 10s: once"), "\(text)")
    }
}
