import Foundation
import Testing

/// What README and the scripts promise is what happens.
@Suite("scripts") struct ScriptTests {
    /// The lines of the quickstart: between the markers, inside the `sh` fence.
    private func quickstart() throws -> [String] {
        let readme = try String(contentsOfFile: Stage.package + "/README.md", encoding: .utf8)
        guard let start = readme.range(of: "<!-- quickstart -->"),
            let end = readme.range(of: "<!-- /quickstart -->"), start.upperBound < end.lowerBound
        else {
            throw StageError(
                "README.md has no quickstart between <!-- quickstart --> and <!-- /quickstart -->")
        }
        let part = readme[start.upperBound..<end.lowerBound]
        guard let fence = part.range(of: "```sh\n"),
            let close = part[fence.upperBound...].range(of: "\n```")
        else { throw StageError("the quickstart of README.md has no ```sh block") }
        return part[fence.upperBound..<close.lowerBound].split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    @Test("the quickstart of README is five commands long, and each works")
    func readme() async throws {
        let stage = try await Stage(nil)
        let lines = try quickstart()
        #expect(lines.count == 5, "\(lines)")
        let folder = (Stage.binary as NSString).deletingLastPathComponent
        var variables = stage.environment.merging(["PATH": folder + ":/usr/bin:/bin"]) { $1 }
        // A reader has none of these.
        for name in ["AIRLOCK_REPO", "AIRLOCK_STATE", "AIRLOCK_LOG_LEVEL"] { variables[name] = nil }
        for line in lines {
            #expect(line.hasPrefix("airlock "), "\(line)")
            let program = try RunningProgram(
                "/bin/sh", ["-euc", line], environment: variables,
                folder: stage.root + "/programs", directory: stage.root)
            let outcome = try await program.outcome(within: .seconds(180))
            #expect(outcome.code == 0, "\(line): \(outcome.output)\(outcome.errors)")
            #expect(!outcome.output.isEmpty, "\(line) says nothing")
        }
    }

    @Test("the demo ends by itself, shows the merge deployed and leaves nothing behind")
    func demo() async throws {
        let stage = try await Stage(nil)
        var variables = ProcessInfo.processInfo.environment
        variables["AIRLOCK_BUILD"] = "debug"
        variables["AIRLOCK_BIN"] = (Stage.binary as NSString).deletingLastPathComponent
        variables["TMPDIR"] = stage.root
        variables["NO_COLOR"] = "1"
        let program = try RunningProgram(
            Stage.package + "/Scripts/demo", [], environment: variables,
            folder: stage.root + "/programs", directory: stage.root)
        let outcome = try await program.outcome(within: .seconds(180))
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        let text = outcome.output
        for claim in [
            "24 settled, 0 repaired, 0 rolled back, 0 held", "## Airlock plan for shop",
            "| ± | `production/checkout` | 1.8.0 → 1.9.0 |", "Merge branch 'checkout-1.9.0'",
            "1 settled, 0 repaired, 0 rolled back, 0 held", "\"kind\":\"commit.accepted\"",
            "agree with the signed checkpoint", "nothing is left running",
        ] { #expect(text.contains(claim), "\(claim) is not in\n\(text)") }
        let left = try FileManager.default.contentsOfDirectory(atPath: stage.root)
        #expect(!left.contains { $0.hasPrefix("airlock-demo") }, "\(left)")
        print(text.split(separator: "\n").last ?? "")
    }
}
