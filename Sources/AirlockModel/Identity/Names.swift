/// A name that is a path component of the fleet repository and a label in an engine.
///
/// The grammar is that of RFC 1123 labels (lowercase letters, digits and inner hyphens, at most 63
/// bytes), which every engine accepts and no file system folds.
package protocol Name: TextIdentity {
    /// Takes text that was checked against the grammar.
    init(checked text: String)
}

extension Name {
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let hyphen = UInt8(ascii: "-")
        guard
            (1...63).contains(bytes.count), bytes.first != hyphen, bytes.last != hyphen,
            bytes.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == hyphen
            })
        else { return nil }
        self.init(checked: text)
    }

    /// The form that ``init(_:)`` accepts, for error messages.
    package static var form: String { "lowercase letters, digits and inner hyphens, at most 63" }
}

/// The name of a fleet, which is also the origin of its audit log.
package struct FleetName: Name {
    package static let noun = "fleet name"
    package let description: String
    package init(checked text: String) { description = text }
}

/// The name of an environment: the file name in `environments/` without `.yaml`.
package struct EnvironmentName: Name {
    package static let noun = "environment name"
    package let description: String
    package init(checked text: String) { description = text }
}

/// The name of a unit: the folder name in `services/`, `flags/` or `datasets/`.
package struct UnitName: Name {
    package static let noun = "unit name"
    package let description: String
    package init(checked text: String) { description = text }
}

/// The name of a secret, as the secret source knows it.
package struct SecretName: Name {
    package static let noun = "secret name"
    package let description: String
    package init(checked text: String) { description = text }
}
