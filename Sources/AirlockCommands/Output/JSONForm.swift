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

    /// What a document says that its form is.
    private struct Stated: Decodable {
        let version: String

        enum CodingKeys: String, CodingKey {
            case version = "format_version"
        }
    }

    /// The version that a document names; throws where it names none.
    static func statedVersion(of document: Data) throws -> String {
        try JSONDecoder().decode(Stated.self, from: document).version
    }

    /// Whether a document of that version says what one of ``version`` says: its first number is the same.
    static func isRead(_ stated: String) -> Bool {
        stated.split(separator: ".", omittingEmptySubsequences: false).first
            == version.split(separator: ".").first
    }

    /// The bytes of an object, without a line feed at the end.
    static func bytes(of value: some Encodable) throws -> Data {
        tidied(try encoder().encode(Versioned(content: value)))
    }

    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// Puts empty collections, which the encoder writes over three lines, on one.
    ///
    /// No string of JSON holds a line feed, so two of them stand only in an empty collection.
    static func tidied(_ text: Data) -> Data {
        let (feed, blank) = (UInt8(ascii: "\n"), UInt8(ascii: " "))
        let tidy = [UInt8](unsafeUninitializedCapacity: text.count) { target, count in
            text.withUnsafeBytes { source in
                var place = 0
                while place < source.count {
                    if source[place] == feed, place + 1 < source.count, source[place + 1] == feed {
                        while source[place] == feed || source[place] == blank { place += 1 }
                    }
                    target[count] = source[place]
                    (count, place) = (count + 1, place + 1)
                }
            }
        }
        return Data(tidy)
    }
}
