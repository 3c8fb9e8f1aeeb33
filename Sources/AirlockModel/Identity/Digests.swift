internal import Crypto

/// A SHA-256 digest: 64 lowercase hexadecimal digits, without the `sha256:` prefix.
package struct Digest: TextIdentity {
    package static let noun = "SHA-256 digest"
    package let description: String

    /// Returns nil unless `text` is 64 lowercase hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        description = text
    }

    /// The digest of `bytes`.
    package init(of bytes: some Sequence<UInt8>) {
        description = SHA256.hash(data: Array(bytes)).withUnsafeBytes { Hex.encode($0) }
    }

    /// The digest of the canonical JSON of `value`.
    package init(of value: JSONValue) { self.init(of: value.canonicalBytes) }

    /// The first 64 bits, where two have to be told apart and no more.
    package var lead: UInt64 {
        description.utf8.prefix(16).reduce(0) { number, digit in
            number << 4 | UInt64(digit < 0x3A ? digit & 0xF : (digit & 0xF) + 9)
        }
    }

    /// The first 12 digits, for people; never compared.
    package var short: String { String(description.prefix(12)) }
}

/// An identity that is a digest of canonical JSON.
package protocol DigestIdentity: TextIdentity {
    /// The digest that is the identity.
    var digest: Digest { get }

    /// Takes a digest that was computed by the owner of the identity's definition.
    init(digest: Digest)
}

extension DigestIdentity {
    package init?(_ text: String) {
        guard let digest = Digest(text) else { return nil }
        self.init(digest: digest)
    }

    package var description: String { digest.description }

    /// The first 12 digits, for people; never compared.
    package var short: String { digest.short }
}

/// The digest of (artifact, config, versions of its secrets, template): one immutable running copy.
package struct SlotID: DigestIdentity {
    package static let noun = "slot id"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }
}

/// The digest of one lane's move from its base to its target; see ``Change``.
package struct ChangeID: DigestIdentity {
    package static let noun = "change id"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }
}

/// The digest of (artifact, template): what is promoted.
package struct BuildID: DigestIdentity {
    package static let noun = "build id"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }
}

/// The digest of the decoded policy of one environment and of the fleet's order and limits.
package struct PolicyDigest: DigestIdentity {
    package static let noun = "policy digest"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }
}

/// The idempotency key of an action: the digest of (ledger id, operation number, step, action).
package struct ActionKey: DigestIdentity {
    package static let noun = "action key"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }
}
