import Crypto
import FoundationEssentials

/// Signatures as `ssh-keygen -Y sign` makes them (PROTOCOL.sshsig of OpenSSH), with Ed25519 and SHA-512.
package enum SSHSignature {
    /// The namespace under which git verifies commits.
    package static let git = "git"

    private static let magic = "SSHSIG"
    private static let version: UInt32 = 1
    private static let hash = "sha512"
    /// Characters of a line of the armour; readers accept any.
    private static let width = 70

    /// Signs a message.
    ///
    /// What is signed is `SSHSIG`, then as strings the namespace, a reserved field, the name of the hash
    /// and the message's hash; the blob has `SSHSIG`, its version, the public key, the same three fields
    /// and the signature.
    /// - Parameter namespace: What the signature is for; not empty.
    /// - Returns: The armoured signature with a newline at its end.
    /// - Throws: What the cryptography library throws.
    package static func sign(
        _ message: [UInt8], with file: SSHKeyFile, namespace: String
    ) throws -> String {
        precondition(!namespace.isEmpty, "a namespace")
        let fields = string(namespace.utf8) + string([]) + string(hash.utf8)
        let digest = Array(SHA512.hash(data: message))
        let signed = Array(magic.utf8) + fields + string(digest)
        let signature = try file.key.signature(for: Data(signed))
        let publicKey = string(SSHKeyFile.kind.utf8) + string(file.key.publicKey.rawRepresentation)
        let blob =
            Array(magic.utf8) + number(version) + string(publicKey) + fields
            + string(string(SSHKeyFile.kind.utf8) + string(signature))
        return armour(blob)
    }

    private static func armour(_ blob: [UInt8]) -> String {
        var text = "-----BEGIN SSH SIGNATURE-----\n"
        var rest = Data(blob).base64EncodedString()[...]
        while !rest.isEmpty {
            text += rest.prefix(width) + "\n"
            rest = rest.dropFirst(width)
        }
        return text + "-----END SSH SIGNATURE-----\n"
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private static func string(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return number(UInt32(bytes.count)) + bytes
    }
}
