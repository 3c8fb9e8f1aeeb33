import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

/// Fetching over ssh: host keys that are known, and keys that let in.
@Suite("Fetching over ssh", .serialized)
struct SecureShellTests {
    @Test("a host key that is unknown or another one is refused")
    func hostKeys() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.ssh, fixture)
        var access = server.access
        let known = try String(contentsOfFile: access.knownHosts ?? "", encoding: .utf8)
        let other = known.replacing("127.0.0.1", with: "127.0.0.9")
        for text in [other, try changed(known, fixture)] {
            access.knownHosts = fixture.root + "/known"
            try GitServer.write(text, to: fixture.root + "/known", mode: 0o644)
            let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
            #expect(error.contains("host key"), "\(error)")
        }
        let many = String(repeating: "# another host\n", count: 20_000) + known
        try GitServer.write(many, to: fixture.root + "/known", mode: 0o644)
        #expect(try await fixture.refusal(of: server, access: access) == nil)
        // A line that says nothing spoils none of the others; a file of such lines is named.
        try GitServer.write(
            "no key \u{7} at all\n" + known, to: fixture.root + "/known", mode: 0o644)
        #expect(try await fixture.refusal(of: server, access: access) == nil)
        try GitServer.write("\u{0}\u{1} x y\n", to: fixture.root + "/known", mode: 0o644)
        let binary = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(binary.contains("/known holds no host key"), "\(binary)")
        access.knownHosts = fixture.root + "/nowhere"
        let none = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(none.contains("ssh-keyscan"), "\(none)")
    }

    /// The same host with another key of the same kind.
    private func changed(_ known: String, _ fixture: Fixture) throws -> String {
        let path = fixture.root + "/other-host"
        _ = try fixture.execute(
            "/usr/bin/ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", path],
            environment: ["PATH": "/usr/bin:/bin"], input: nil)
        let key = try String(contentsOfFile: path + ".pub", encoding: .utf8)
            .split(separator: " ").prefix(2).joined(separator: " ")
        return "\(known.split(separator: " ").first ?? "") \(key)\n"
    }

    @Test(
        "keys that cannot work are refused by name",
        arguments: ["rsa", "ed25519", "ecdsa", "nonsense"])
    func badKeys(_ kind: String) async throws {
        let fixture = try Fixture()
        let server = try GitServer(.ssh, fixture)
        var access = server.access
        let path = fixture.root + "/bad-key"
        access.sshKey = path
        if kind == "nonsense" {
            try GitServer.write("not a key\n", to: path, mode: 0o600)
        } else {
            // RSA is refused for what it is, the others for their passphrase; PEM is the older form.
            let form = kind == "ecdsa" ? ["-m", "PEM"] : []
            _ = try fixture.execute(
                "/usr/bin/ssh-keygen",
                ["-q", "-t", kind, "-N", kind == "rsa" ? "" : "sesame", "-f", path] + form,
                environment: ["PATH": "/usr/bin:/bin"], input: nil)
        }
        let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        let why = ["rsa": "RSA", "nonsense": "not a private key"][kind] ?? "has a passphrase"
        #expect(error.contains(why), "\(error)")
        #expect(error.contains("ssh-keygen -t ed25519"), "\(error)")
    }

    @Test(
        "every kind of key that the server knows lets in, also with the line ends of Windows",
        arguments: [
            ["ed25519"], ["ecdsa"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"],
            ["ecdsa", "-m", "PEM"], ["ed25519", "CRLF"],
        ])
    func goodKeys(_ kind: [String]) async throws {
        let fixture = try Fixture()
        let server = try GitServer(.ssh, fixture)
        var access = server.access
        let path = fixture.root + "/good-key"
        _ = try fixture.execute(
            "/usr/bin/ssh-keygen",
            ["-q", "-N", "", "-f", path, "-t"] + kind.filter { $0 != "CRLF" },
            environment: ["PATH": "/usr/bin:/bin"], input: nil)
        let allowed = try #require(access.sshKey).replacing("/client", with: "/authorized_keys")
        try GitServer.write(
            try String(contentsOfFile: path + ".pub", encoding: .utf8), to: allowed, mode: 0o600)
        if kind.contains("CRLF") {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try GitServer.write(text.replacing("\n", with: "\r\n"), to: path, mode: 0o600)
        }
        access.sshKey = path
        #expect(try await fixture.refusal(of: server, access: access) == nil)
    }

    @Test("a key that the server does not know is offered once")
    func unknownKey() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.ssh, fixture)
        var access = server.access
        let path = fixture.root + "/stranger"
        _ = try fixture.execute(
            "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path],
            environment: ["PATH": "/usr/bin:/bin"], input: nil)
        access.sshKey = path
        let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(error.contains("does not accept the key"), "\(error)")
        let log = try server.requests
        let offers = log.filter { $0.contains("Failed publickey") }
        #expect(offers.count == 1, "\(log)")
    }
}
