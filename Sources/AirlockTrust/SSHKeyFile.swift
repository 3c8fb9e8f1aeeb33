import Crypto
import FoundationEssentials

/// Why a private key file cannot be used for signing.
package enum SSHKeyFault: Error, Hashable, Sendable {
    /// It is not a private key in OpenSSH's format.
    case notAKey
    /// It has a passphrase.
    case encrypted
    /// It is a key of another kind, such as `ssh-rsa`.
    case otherKind(String)
}

/// An Ed25519 private key as `ssh-keygen -t ed25519 -N ''` writes it (PROTOCOL.key of OpenSSH).
package struct SSHKeyFile: Sendable {
    /// The one kind that is read.
    package static let kind = "ssh-ed25519"

    let key: Curve25519.Signing.PrivateKey

    /// The 32 bytes of the public half.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Reads the text of the file.
    ///
    /// The format is `openssh-key-v1\0`, cipher, kdf, kdf options, number of keys, public key, and a
    /// private part: two equal check numbers, kind, public half, secret and public half, comment.
    /// - Throws: ``SSHKeyFault``.
    package init(_ text: String) throws(SSHKeyFault) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "-----BEGIN OPENSSH PRIVATE KEY-----",
            lines.last == "-----END OPENSSH PRIVATE KEY-----",
            let bytes = Data(base64Encoded: lines.dropFirst().dropLast().joined()),
            bytes.starts(with: Self.magic)
        else { throw .notAKey }
        var outer = SSHWireReader(bytes.dropFirst(Self.magic.count))
        guard let cipher = outer.text(), outer.text() != nil, outer.string() != nil,
            outer.number() == 1, let shown = outer.string(), let inside = outer.string()
        else { throw .notAKey }
        var publicPart = SSHWireReader(shown)
        guard let kind = publicPart.text() else { throw .notAKey }
        guard kind == Self.kind else { throw .otherKind(kind) }
        guard cipher == "none" else { throw .encrypted }
        var secret = SSHWireReader(inside)
        guard let check = secret.number(), check == secret.number(), secret.text() == Self.kind,
            let publicHalf = secret.string(), let both = secret.string(), both.count == 64,
            both.suffix(32).elementsEqual(publicHalf)
        else { throw .notAKey }
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: both.prefix(32))
        } catch {
            throw .notAKey
        }
        guard publicKey.elementsEqual(publicHalf) else { throw .notAKey }
    }

    private static let magic = Array("openssh-key-v1\0".utf8)
}

/// Fields of SSH's wire format (RFC 4251 section 5): `string` and `uint32`.
struct SSHWireReader {
    private var rest: Data

    init(_ bytes: some DataProtocol) { rest = Data(bytes) }

    /// The next `uint32`; nil when the bytes end before.
    mutating func number() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The next `string`; nil when the bytes end before.
    mutating func string() -> Data? {
        guard let count = number(), Int(count) <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return Data(rest.prefix(Int(count)))
    }

    /// The next `string` as UTF-8.
    mutating func text() -> String? {
        string().flatMap { String(bytes: $0, encoding: .utf8) }
    }
}
