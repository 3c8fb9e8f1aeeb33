import AirlockTestSupport
import AirlockTrust
import Foundation
import Testing

/// Held against `ssh-keygen`, the program that makes and checks such signatures.
@Suite("signatures of OpenSSH")
struct SSHSignatureTests {
    @Test(
        "ssh-keygen verifies what is signed, of any length, and nothing else",
        arguments: [0, 1, 70, 5_000])
    func verified(_ length: Int) throws {
        let desk = try Desk()
        let key = try SSHKeyFile(try desk.makeKey("ed25519"))
        let message = Array((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let signature = try SSHSignature.sign(message, with: key, namespace: "git")
        #expect(try desk.verify(signature, of: message, namespace: "git"))
        #expect(try !desk.verify(signature, of: message + [0], namespace: "git"))
        #expect(try !desk.verify(signature, of: message, namespace: "file"))
    }

    @Test("a key that cannot sign unattended is refused for what it is")
    func refused() throws {
        let desk = try Desk()
        #expect(throws: SSHKeyFault.otherKind("ssh-rsa")) {
            try SSHKeyFile(try desk.makeKey("rsa"))
        }
        #expect(throws: SSHKeyFault.otherKind("ecdsa-sha2-nistp256")) {
            try SSHKeyFile(try desk.makeKey("ecdsa"))
        }
        #expect(throws: SSHKeyFault.encrypted) {
            try SSHKeyFile(try desk.makeKey("ed25519", passphrase: "four"))
        }
    }

    @Test("a file that was cut or changed anywhere is no key, or is the same key")
    func damaged() throws {
        let text = try Desk().makeKey("ed25519")
        let key = try SSHKeyFile(text).publicKey
        let bytes = Array(text.utf8)
        for place in bytes.indices {
            let cut = String(decoding: bytes[..<place], as: UTF8.self)
            var (other, changed) = (bytes, bytes)
            other[place] = other[place] == 0x41 ? 0x42 : 0x41
            changed.remove(at: place)
            let last = place >= bytes.count - 1
            if !last { #expect(throws: SSHKeyFault.self) { try SSHKeyFile(cut) } }
            for text in [other, changed].map({ String(decoding: $0, as: UTF8.self) }) {
                let found: SSHKeyFile
                do { found = try SSHKeyFile(text) } catch { continue }
                #expect(found.publicKey == key)
            }
        }
    }
}

/// A folder for keys and signatures; it goes when the test ends.
private final class Desk {
    private let folder = NSTemporaryDirectory() + "airlock-trust-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            Issue.record("\(folder) could not be removed: \(error)")
        }
    }

    /// Makes a key named `key` and gives the text of its private half.
    func makeKey(_ kind: String, passphrase: String = "") throws -> String {
        let path = folder + "/" + kind
        #expect(try keygen(["-q", "-t", kind, "-N", passphrase, "-f", path], input: nil))
        let half = try String(contentsOfFile: path + ".pub", encoding: .utf8)
        try "ada@example.org \(half)".write(
            toFile: folder + "/allowed", atomically: true, encoding: .utf8)
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    func verify(_ signature: String, of message: [UInt8], namespace: String) throws -> Bool {
        try signature.write(toFile: folder + "/sig", atomically: true, encoding: .utf8)
        try Data(message).write(to: URL(fileURLWithPath: folder + "/message"))
        return try keygen(
            [
                "-Y", "verify", "-f", folder + "/allowed", "-I", "ada@example.org", "-n", namespace,
                "-s", folder + "/sig",
            ], input: folder + "/message")
    }

    private func keygen(_ arguments: [String], input: String?) throws -> Bool {
        try ChildProcess.run(
            ["/usr/bin/ssh-keygen"] + arguments, environment: ["PATH": "/usr/bin:/bin"],
            input: input
        ).status == 0
    }
}
