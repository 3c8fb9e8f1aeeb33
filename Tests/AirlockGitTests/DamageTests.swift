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
        func key(_ number: Int) -> String { "AAAAC3NzaC1lZDI1NTE5AAAA\(number)abcdefg" }
        let long = String(repeating: "h", count: 300)
        let text = """
            # a comment
            a.example ssh-rsa \(key(1))
            a.example ssh-ed25519 \(key(2))
            b.example ssh-rsa \(key(3))
            @revoked * ssh-ed25519 \(key(4))
            c.example ssh-ed25519 \(key(4))
            what is no key
            d.example ssh-ed25519 AAAA
            \(long),e.example,[f.example]:2222 ecdsa-sha2-nistp256 \(key(5)) a comment
            @revoked b\u{fc}cher.example ssh-ed25519 \(key(6))
            g.example ssh-ed25519 \(key(6))

            """
        #expect(
            KnownHosts.usable(text) == """
                a.example ssh-ed25519 \(key(2))
                b.example ssh-rsa \(key(3))
                e.example ecdsa-sha2-nistp256 \(key(5))
                [f.example]:2222 ecdsa-sha2-nistp256 \(key(5))

                """)
    }
}
