/// The full SHA-1 name of a git commit: 40 lowercase hexadecimal digits.
package struct CommitID: TextIdentity {
    package static let noun = "commit id"
    package let description: String

    /// Returns nil unless `text` is a complete name; short names are never accepted.
    package init?(_ text: String) {
        guard text.utf8.count == 40, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        description = text
    }

    /// The first 10 digits, for people; never compared.
    package var short: String { String(description.prefix(10)) }
}

/// The full SHA-1 name of a git blob or tree: 40 lowercase hexadecimal digits.
package struct ObjectID: TextIdentity {
    package static let noun = "object id"
    package let description: String

    /// Returns nil unless `text` is a complete name.
    package init?(_ text: String) {
        guard text.utf8.count == 40, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        description = text
    }
}

/// The short name of a git branch, such as `main` or `team/new-checkout`.
package struct BranchName: TextIdentity {
    package static let noun = "branch name"
    package let description: String

    /// The longest accepted name, in bytes.
    private static let maximumBytes = 200

    /// Returns nil for what `git check-ref-format --branch` refuses, and for anything beyond
    /// printable ASCII, because a name is also shown to people.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard
            !text.isEmpty, text.utf8.count <= Self.maximumBytes, text != "@",
            text != "HEAD", !text.hasPrefix("-"), !text.hasSuffix("."), !text.contains(".."),
            !text.contains("@{"), text.utf8.allSatisfy(Self.allows),
            parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") })
        else { return nil }
        description = text
    }

    private static func allows(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"~^:?*[\\".utf8.contains(byte)
    }
}
