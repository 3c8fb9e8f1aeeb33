import AirlockModel
internal import Crypto
internal import FoundationEssentials

/// The public key of a note's signer: `name+8 hexadecimal digits+base64(0x01 ‖ Ed25519 key)`.
///
/// The form is that of c2sp.org/signed-note.
package struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// The byte that says "Ed25519" in a key and in its id.
    private static let ed25519: UInt8 = 1

    package let name: String
    package let id: UInt32
    /// The 32 bytes of the Ed25519 key.
    package let publicKey: [UInt8]

    /// Returns nil unless `text` is a key of this kind whose id is that of its name and bytes.
    package init?(_ text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard
            parts.count == 3, let bytes = Base64.decode(String(parts[2])), bytes.count == 33,
            bytes[0] == Self.ed25519,
            let key = VerifierKey(name: String(parts[0]), publicKey: Array(bytes.dropFirst())),
            key.description == text
        else { return nil }
        self = key
    }

    /// Returns nil for a name with a space or a plus, and for anything but 32 bytes.
    package init?(name: String, publicKey: [UInt8]) {
        guard Self.isName(name), publicKey.count == 32 else { return nil }
        self.name = name
        self.publicKey = publicKey
        let hash = SHA256.hash(data: Array(name.utf8) + [0x0A, Self.ed25519] + publicKey)
        id = hash.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    package var description: String {
        "\(name)+\(Hex.encode(idBytes))+\(Base64.encode([Self.ed25519] + publicKey))"
    }

    /// The id in the order of bytes in which a signature carries it.
    package var idBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) } }

    /// Whether `signature` is this key's over `text`.
    package func isSignature(_ signature: [UInt8], over text: [UInt8]) throws -> Bool {
        try Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
            .isValidSignature(signature, for: text)
    }

    /// Whether `name` can stand in a note: not empty, no Unicode space, no plus, no control byte.
    package static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
            }
    }
}

/// Standard base64 (RFC 4648 section 4) with padding, in its one canonical spelling.
package enum Base64 {
    /// Spells `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Reads `text`; nil for another alphabet, missing padding or stray bits at the end.
    package static func decode(_ text: String) -> [UInt8]? {
        guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
            return nil
        }
        return Array(data)
    }
}
