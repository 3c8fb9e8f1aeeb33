import Foundation

/// The form in which verbs write objects for programs: pretty, keys sorted, with `format_version`.
enum JSONForm {
    /// The version of what `-o json` and `-o yaml` show; a new key does not change it.
    static let version = "1.0"

    /// An object and the version of its form; what is not an object has no form.
    private struct Versioned<Content: Encodable>: Encodable {
        enum CodingKeys: String, CodingKey {
            case formatVersion = "format_version"
        }

        let content: Content

        func encode(to encoder: any Encoder) throws {
            try content.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(JSONForm.version, forKey: .formatVersion)
        }
    }

    /// The bytes of an object, without a line feed at the end.
    static func bytes(of value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(Versioned(content: value)), as: UTF8.self)
        // The encoder writes empty collections over three lines; no string of JSON holds a line feed.
        let tidy = text.replacing(/\[\n\n *\]/, with: "[]").replacing(/\{\n\n *\}/, with: "{}")
        return Data(tidy.utf8)
    }
}
