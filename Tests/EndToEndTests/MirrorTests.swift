import AirlockTestSupport
import Foundation
import Testing

/// The mirror is a copy: damage to it is mended, and nothing that runs is touched meanwhile.
@Suite("a damaged mirror") struct MirrorTests {
    @Test(
        "is put aside and fetched anew, with every lane as it was",
        arguments: ["pack", "objects", "objects/pack", "HEAD"])
    func mended(_ damage: String) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let mirror = stage.state + "/mirror.git"
        switch damage {
        case "pack":
            for name in try FileManager.default.contentsOfDirectory(
                atPath: mirror + "/objects/pack")
            where name.hasSuffix(".pack") {
                let file = mirror + "/objects/pack/" + name
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: file)
                let half = try Data(contentsOf: URL(fileURLWithPath: file)).dropLast(200)
                try half.write(to: URL(fileURLWithPath: file))
            }
        default: try FileManager.default.removeItem(atPath: mirror + "/" + damage)
        }
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        if damage == "objects/pack" {
            // A plan leaves it as it is, and does not blame the remote.
            let plan = try await stage.airlock("plan")
            #expect(plan.code == 1 && plan.errors.contains("the mirror is damaged"))
            #expect(plan.errors.contains("→ `airlock reconcile`"), "\(plan.errors)")
        }
        let outcome = try await stage.must("reconcile", "--wait", "120s", "-o", "json")
        #expect(try outcome.json()["settled"] as? [String] == ["production/api"])
        #expect(outcome.errors.contains("the mirror is damaged"), "\(outcome.errors)")
        #expect(FileManager.default.fileExists(atPath: stage.state + "/mirror.git.damaged"))
    }

    @Test(
        "that a kill left half made is made anew, also where the first one is damaged",
        arguments: [false, true])
    func halfMade(besideDamage: Bool) async throws {
        let stage = try await Stage()
        if besideDamage {
            try await stage.must("reconcile", "--wait", "120s")
            try FileManager.default.removeItem(atPath: stage.state + "/mirror.git/objects")
            try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        }
        let left = "mirror.git.new"
        try stage.shell(
            "mkdir -p '\(stage.state)' && chmod 700 '\(stage.state)' && cd '\(stage.state)' && "
                + "git init --quiet --bare \(left) && touch \(left)/config.lock \(left)/HEAD.lock")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(!FileManager.default.fileExists(atPath: "\(stage.state)/\(left)"))
        let version = try await stage.lane("production/api")["version"] as? String
        #expect(version == (besideDamage ? "1.1.0" : "1.0.0"))
    }

    @Test(
        "when the remote is damaged itself, it is tried three times and the last good fleet stays")
    func remoteDamaged() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let server = try HTTPServer(stage, "--fault", "hollow")
        defer { server.stop() }
        let run = try stage.start(
            ["run", "--poll", "1s", "--allow-root"], environment: ["AIRLOCK_REPO": server.url])
        try await Wait.until("the last try") { try run.errors().contains("try=3") }
        let fetches = try run.errors().split(separator: "looked").count
        try await Wait.until("two more looks") {
            try run.errors().split(separator: "looked").count > fetches + 1
        }
        run.signal(SIGTERM)
        let outcome = try await run.outcome(within: .seconds(180))
        #expect(outcome.code == 0 && !outcome.errors.contains("try=4"), "\(outcome.errors)")
        // The mirror that still has the good fleet is back, so a new process has it too.
        let next = try await stage.airlock(
            "reconcile", "--wait", "120s", environment: ["AIRLOCK_REPO": server.url])
        #expect(next.code == 1 && next.errors.contains("object"), "\(next.output)\(next.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        #expect(try await stage.lane("production/api")["state"] as? String == "settled")
        // Also after a kill while the good one was aside, with nobody to fetch from.
        try stage.shell("mv '\(stage.state)/mirror.git' '\(stage.state)/mirror.git.aside'")
        let alone = try await stage.airlock(
            "reconcile", "--wait", "120s", environment: ["AIRLOCK_REPO": stage.root + "/nowhere"])
        #expect(!alone.errors.contains("no fleet"), "\(alone.output)\(alone.errors)")
        #expect(FileManager.default.fileExists(atPath: stage.state + "/mirror.git"))
        #expect(!FileManager.default.fileExists(atPath: stage.state + "/mirror.git.aside"))
        // And the remote that is whole again is taken up.
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
    }
}
