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
        return tidied(try encoder.encode(Versioned(content: value)))
    }

    /// Puts empty collections, which the encoder writes over three lines, on one.
    ///
    /// No string of JSON holds a line feed, so two of them stand only in an empty collection.
    private static func tidied(_ text: Data) -> Data {
        let (feed, blank) = (UInt8(ascii: "\n"), UInt8(ascii: " "))
        var tidy = Data(capacity: text.count)
        var rest = text[...]
        while let first = rest.firstIndex(of: feed) {
            tidy.append(rest[..<first])
            rest = rest[first...]
            let isEmpty = rest.dropFirst().first == feed
            rest = isEmpty ? rest.drop { $0 == feed || $0 == blank } : rest
            if !isEmpty {
                tidy.append(feed)
                rest = rest.dropFirst()
            }
        }
        tidy.append(rest)
        return tidy
    }
}
