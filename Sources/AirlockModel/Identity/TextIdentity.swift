/// An identity that is spelled as one line of text and made by a failing initialiser.
///
/// Conforming types are equal when their text is equal, sort by their text and are coded as a plain
/// JSON string; decoding refuses text that the initialiser refuses.
package protocol TextIdentity: Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    CodingKeyRepresentable
{
    /// What the identity is called in messages, such as `commit id`.
    static var noun: String { get }

    /// Returns nil unless `text` is a complete identity of this kind.
    init?(_ text: String)
}

extension TextIdentity {
    /// Orders by the bytes of the text.
    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    /// Reads a JSON string.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a \(Self.noun): \(text.prefix(80))")
        }
        self = value
    }

    /// Writes a JSON string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// The text as a JSON object key.
    package var codingKey: any CodingKey { TextCodingKey(stringValue: description) }

    /// Reads a JSON object key.
    package init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

/// A JSON object key of any text.
package struct TextCodingKey: CodingKey {
    package let stringValue: String
    package var intValue: Int? { nil }

    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
}
