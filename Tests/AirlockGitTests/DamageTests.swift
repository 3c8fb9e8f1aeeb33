import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("what is damaged here, and what the server or its key is to blame for") struct DamageTests {
    /// Overwrites the objects of each pack of the mirror, and leaves its header and its sum.
    private func damagePacks(_ fixture: Fixture) throws {
        let folder = fixture.state + "/mirror.git/objects/pack"
        let packs = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".pack") }
        #expect(!packs.isEmpty)
        for name in packs {
            let path = folder + "/" + name
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for index in 14..<bytes.count - 20 { bytes[index] ^= 0x5A }
            try bytes.write(to: URL(fileURLWithPath: path))
        }
    }

    @Test(
        "a pack of the mirror that is damaged is no fault of the server, whatever speaks for it",
        arguments: GitServer.Transport.allCases.filter { $0 != .path && $0 != .file })
    func damagedPack(_ transport: GitServer.Transport) async throws {
        let fixture = try Fixture()
        let text = (0..<400).map { "line-\($0): \"\($0 * 7919)\"\n" }.joined()
        try fixture.commit("long", ["services/a/service.yaml": text])
        let server = try GitServer(transport, fixture)
        try await with(fixture.source(remote: server.url, access: server.access)) {
            source async throws in
            _ = try await source.fetch(limit: .ample)
            try damagePacks(fixture)
            let next = try fixture.commit("next", ["services/a/service.yaml": text + "port: 1\n"])
            do throws(SourceError) {
                _ = try await source.fetch(limit: .ample)
                Issue.record("a delta to an object that is not there was received")
            } catch {
                #expect(error.isDamage, "\(error)")
            }
            try await source.putAside()
            #expect(try await source.fetch(limit: .ample).commit == next)
        }
    }

    @Test("of a host's keys those stay that its server can sign with, and none that is revoked")
    func knownHosts() {
        let text = """
            # a comment
            a.example ssh-rsa AAA1
            a.example ssh-ed25519 AAA2
            b.example ssh-rsa AAA3
            @revoked * ssh-ed25519 AAA4
            c.example ssh-ed25519 AAA4
            what is no key
            c.example ecdsa-sha2-nistp256 AAA5 a comment

            """
        #expect(
            KnownHosts.usable(text) == """
                a.example ssh-ed25519 AAA2
                b.example ssh-rsa AAA3
                c.example ecdsa-sha2-nistp256 AAA5 a comment

                """)
    }
}
