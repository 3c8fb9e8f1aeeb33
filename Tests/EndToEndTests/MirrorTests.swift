import Foundation
import Testing

/// The mirror is a copy: damage to it is mended, and nothing that runs is touched meanwhile.
@Suite("a damaged mirror") struct MirrorTests {
    @Test(
        "is put aside and fetched anew, with every lane as it was",
        arguments: ["pack", "objects", "HEAD"])
    func mended(_ damage: String) async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "20s")
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
        let outcome = try await stage.must("reconcile", "--wait", "20s", "-o", "json")
        #expect(try outcome.json()["settled"] as? [String] == ["production/api"])
        #expect(outcome.errors.contains("the mirror is damaged"), "\(outcome.errors)")
        #expect(FileManager.default.fileExists(atPath: stage.state + "/mirror.git.damaged"))
    }

    @Test(
        "when the remote is damaged itself, it is tried three times and the last good fleet stays")
    func remoteDamaged() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "20s")
        try stage.commit("api 1.1.0", Shop.api("1.1.0"))
        let blob = try stage.git("rev-parse", "HEAD:services/api/production.yaml")
        let object = stage.repository + "/.git/objects/" + blob.prefix(2) + "/" + blob.dropFirst(2)
        try FileManager.default.removeItem(atPath: object)
        let outcome = try await stage.airlock("reconcile", "--wait", "20s")
        #expect(outcome.code == 1, "\(outcome.output)\(outcome.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        #expect(try await stage.lane("production/api")["state"] as? String == "settled")
    }
}
