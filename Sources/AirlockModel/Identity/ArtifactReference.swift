/// An immutable image named by digest: `registry.example/checkout@sha256:<64 hex>`.
package struct ArtifactReference: TextIdentity {
    package static let noun = "artifact"

    /// The right form, for error messages.
    package static let form = "registry.example/name@sha256:<64 lowercase hexadecimal digits>"

    /// The longest accepted repository part, in bytes.
    private static let maximumRepositoryBytes = 255

    package let repository: String
    package let digest: Digest

    /// Returns nil for a tag, a short digest, another algorithm or an odd repository name.
    package init?(_ text: String) {
        guard let mark = text.firstRange(of: "@sha256:") else { return nil }
        let repository = text[..<mark.lowerBound]
        guard
            let digest = Digest(String(text[mark.upperBound...])),
            Self.isRepository(repository)
        else { return nil }
        self.repository = String(repository)
        self.digest = digest
    }

    package var description: String { "\(repository)@sha256:\(digest)" }

    /// Repository and the first 12 digits, for people.
    package var short: String { "\(repository)@\(digest.short)" }

    /// Host with optional port, then path components; a tag (`name:tag`) is refused because only
    /// the first component may hold a colon, and only before more components.
    private static func isRepository(_ text: Substring) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= maximumRepositoryBytes, !parts.isEmpty else { return false }
        return parts.enumerated().allSatisfy { index, part in
            let isHost = index == 0 && parts.count > 1
            return !part.isEmpty && part.utf8.allSatisfy { allows($0, isHost: isHost) }
                && part.utf8.first.map(isLetterOrDigit) == true
        }
    }

    private static func allows(_ byte: UInt8, isHost: Bool) -> Bool {
        isLetterOrDigit(byte) || "._-".utf8.contains(byte) || (isHost && byte == UInt8(ascii: ":"))
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
            || (0x41...0x5A).contains(byte)
    }
}
