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

    /// A host with an optional port, then path components, as the grammar of the OCI distribution
    /// reference says; a tag (`name:tag`) is refused because only a host may hold a colon.
    private static func isRepository(_ text: Substring) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= maximumRepositoryBytes, let first = parts.first else {
            return false
        }
        let isFirstFine = isComponent(first) || (parts.count > 1 && isHost(first))
        return isFirstFine && parts.dropFirst().allSatisfy(isComponent)
    }

    /// Runs of lowercase letters and digits, between them `.`, `_`, `__` or hyphens.
    private static func isComponent(_ text: Substring) -> Bool {
        let runs = text.utf8.split(omittingEmptySubsequences: false) {
            isDigit($0) || isLowercase($0)
        }
        guard let first = runs.first, let last = runs.last, first.isEmpty, last.isEmpty,
            !text.isEmpty
        else { return false }
        return runs.allSatisfy { separator in
            separator.isEmpty || separator.elementsEqual(".".utf8)
                || separator.elementsEqual("_".utf8) || separator.elementsEqual("__".utf8)
                || separator.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    /// Labels of letters, digits and inner hyphens with dots between them, then `:` and a port.
    private static func isHost(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2 else { return false }
        if parts.count == 2 {
            guard (1...5).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isDigit) else {
                return false
            }
        }
        let hyphen = UInt8(ascii: "-")
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.first != hyphen && label.utf8.last != hyphen
                && label.utf8.allSatisfy {
                    isDigit($0) || isLowercase($0 | 0x20) || $0 == hyphen
                }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLowercase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
}
