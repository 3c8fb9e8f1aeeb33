import AirlockPorts
import AirlockTrust
import Foundation

/// Signs commits with an Ed25519 key file of OpenSSH.
struct KeyFileSigner: CommitSigner {
    /// The longest key file in bytes.
    private static let maximumBytes = 64 << 10

    private let path: String
    private let key: SSHKeyFile

    /// Reads the key.
    ///
    /// - Throws: ``Failure`` with the way out: it is not there, others can read it, it has a passphrase, or
    ///   it is of another kind.
    init(_ path: String) throws {
        self.path = path
        let form = "make one with `ssh-keygen -t ed25519 -N '' -f \(path)`"
        let text: String
        do {
            let mode =
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            guard (mode ?? 0) & 0o077 == 0 else {
                throw Failure("others can read \(path)", advice: "run `chmod 600 \(path)`")
            }
            let bytes = try Data(contentsOf: URL(filePath: path)).prefix(Self.maximumBytes)
            text = String(decoding: bytes, as: UTF8.self)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("the signing key cannot be read from \(path)", advice: form)
        }
        do { key = try SSHKeyFile(text) } catch {
            switch error {
            case .notAKey: throw Failure("\(path) is not a private key of OpenSSH", advice: form)
            case .encrypted:
                throw Failure(
                    "\(path) has a passphrase, and nobody is there to type it", advice: form)
            case .otherKind(let kind):
                throw Failure("\(path) is a key of kind \(kind)", advice: form)
            }
        }
    }

    func signature(of payload: [UInt8]) async throws(SourceError) -> String {
        do { return try SSHSignature.sign(payload, with: key, namespace: SSHSignature.git) } catch {
            throw .failed("\(path) does not sign: \(error)")
        }
    }
}
