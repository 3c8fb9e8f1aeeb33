import AirlockModel
internal import Crypto

/// The private key that signs checkpoints; it cannot be printed or encoded.
package struct SigningKey: Sendable {
    /// What stands before the seed in the key's file.
    private static let mark = "airlock-audit-key-v1 "

    private let key: Curve25519.Signing.PrivateKey

    /// Makes a new key from the system's random source.
    package init() { key = Curve25519.Signing.PrivateKey() }

    /// Reads the content of a key's file; nil for anything else.
    package init?(file bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix(Self.mark), text.hasSuffix("\n") else { return nil }
        let spelled = String(text.dropFirst(Self.mark.count).dropLast())
        guard let seed = Base64.decode(spelled), seed.count == 32 else { return nil }
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            return nil
        }
    }

    /// What the key's file holds.
    func fileBytes() -> [UInt8] {
        Array("\(Self.mark)\(Base64.encode(Array(key.rawRepresentation)))\n".utf8)
    }

    /// The 32 bytes of the public key.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// The public key under that name; nil when it cannot be a key's name.
    package func verifierKey(name: String) -> VerifierKey? {
        VerifierKey(name: name, publicKey: publicKey)
    }

    /// The Ed25519 signature over `text`.
    func signature(over text: [UInt8]) throws(NoteError) -> [UInt8] {
        do {
            return Array(try key.signature(for: text))
        } catch {
            throw .malformed("it could not be signed: \(error)")
        }
    }
}
