import Foundation
import Testing

/// What a canary was judged by can be judged again elsewhere.
@Suite("rollout replay") struct ReplayTests {
    /// A stage whose production/api was rolled back by a canary, with nothing running any more.
    private func rolledBack() async throws -> Stage {
        let stage = try await Stage()
        try stage.commit("traffic", Shop.traffic)
        try await stage.must("reconcile", "--wait", "120s")
        let none = try await stage.airlock("rollout", "replay", "production/api")
        #expect(none.code == 1 && none.errors.contains("no rollout of production/api was judged"))
        try stage.commit("a bad one", Shop.failingCanary)
        let run = try await stage.startReconciler()
        try await Wait.until("the canary is given up") {
            try await stage.must("history", "production/api").output.contains("rolled back")
        }
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
        return stage
    }

    /// The export in a file with the entries of one rollout of another export behind it, as a rollout of
    /// its own.
    private static func adding(
        rollout number: Int, of export: String, to file: String
    ) throws -> String {
        var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            .map(String.init)
        let name = #""operation":\#(number),"#
        for line in export.split(separator: "\n") where line.contains(name) {
            lines.append(
                line.replacingOccurrences(of: name, with: #""operation":9999,"#)
                    .replacingOccurrences(
                        of: #""seq":\d+"#, with: "\"seq\":\(lines.count)",
                        options: .regularExpression))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test("a backup is played again and held against its journal, and a life by its seed")
    func incidents() async throws {
        let stage = try await rolledBack()
        try stage.shell("cp -a '\(stage.state)' '\(stage.root)/backup'")
        let played = try await stage.must("audit", "replay", "--state", stage.root + "/backup")
        #expect(played.output.contains("rolledBack"), "\(played.output)")
        try stage.shell(
            "sed -i s/rolledBack/rolledHome/ $(grep -rl rolledBack '\(stage.root)/backup/audit/tile/entries')"
        )
        let forged = try await stage.airlock("audit", "replay", "--state", stage.root + "/backup")
        #expect(forged.code == 1 && !forged.errors.isEmpty, "\(forged)")
        // Another process hashes with another seed, and tells the same story all the same.
        for seed in ["4", "100", "2392"] {
            let life = try await stage.must("sim", "replay", "--seed", seed, "--verbose").output
            #expect(life.split(separator: "\n").count > 100)
            for _ in 0..<3 {
                let again = try await stage.must("sim", "replay", "--seed", seed, "--verbose")
                #expect(life == again.output, "seed \(seed)")
            }
        }
    }

    @Test("a copied log gives the same bytes elsewhere, and a forged one is refused")
    func elsewhere() async throws {
        let stage = try await rolledBack()
        let here = try await stage.must("rollout", "replay", "production/api", "-o", "json").output
        let text = try await stage.must("rollout", "replay").output
        #expect(text.contains("2 transitions, all the same"), "\(text)")
        #expect(text.contains("evidence of harm"), "why it turned back: \(text)")
        #expect(
            here.contains("\"verdict\" : \"harmful\"") || here.contains("\"verdict\":\"harmful\""))

        let key = try await stage.must("audit", "key").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let export = stage.root + "/export.jsonl"
        try await stage.must("audit", "export").output
            .write(toFile: export, atomically: true, encoding: .utf8)
        let copy = stage.root + "/copy"
        try stage.shell(
            "cp -R '\(stage.state)/audit' '\(copy)' && mv '\(stage.state)' '\(stage.root)/gone'")
        func replay(_ more: String...) async throws -> Outcome {
            try await stage.airlock(["rollout", "replay", "production/api", "-o", "json"] + more)
        }
        #expect(try await replay("--from", copy, "--key", key).output == here)
        #expect(try await replay("--from", stage.root + "/gone").output == here)
        #expect(try await replay("--from", export).output == here)
        let checkpoint = ["--checkpoint", copy + "/checkpoint", "--key", key]
        let held = try await stage.airlock(
            ["rollout", "replay", "-o", "json", "--from", export] + checkpoint)
        #expect(held.code == 0 && held.output == here)
        #expect(try await replay("--from", copy).errors.contains("give the key"))

        let chart = stage.root + "/chart.svg"
        try await stage.must(
            "rollout", "replay", "production/api", "--from", export, "--chart", chart)
        #expect(try String(contentsOfFile: chart, encoding: .utf8).contains("evidence of harm"))

        // A second of the new slot without its errors.
        let forged = stage.root + "/forged.jsonl"
        let lines = try String(contentsOfFile: export, encoding: .utf8)
        let errors = try #require(
            lines.range(of: #""metric.0.target":"\d+/\d+"#, options: .regularExpression))
        try lines.replacingCharacters(in: errors, with: #""metric.0.target":"200"#)
            .write(toFile: forged, atomically: true, encoding: .utf8)
        let found = try await replay("--from", forged)
        #expect(
            found.code == 1 && found.output.contains("\"same\" : false")
                || found.output.contains("\"same\":false"))
        let number = try #require(
            (try found.json()["rollouts"] as? [[String: Any]])?.first?["operation"] as? Int)
        let both = stage.root + "/both.jsonl"
        try Self.adding(rollout: number, of: lines, to: forged)
            .write(toFile: both, atomically: true, encoding: .utf8)
        let mixed = try await stage.airlock("rollout", "replay", "--from", both)
        #expect(
            mixed.code == 1
                && mixed.output.contains("\n\n1 of 2 rollouts differs: operation \(number)\n"),
            "\(mixed.output)")
        let refused = try await stage.airlock(
            ["rollout", "replay", "--from", forged] + checkpoint)
        #expect(refused.code == 1 && refused.errors.contains("root of the checkpoint"))
        try stage.shell(
            "grep -rl harmful '\(copy)/tile' | xargs sed -i 's/harmful/harmlos/'")
        #expect(try await replay("--from", copy, "--key", key).code == 1)
    }
}
