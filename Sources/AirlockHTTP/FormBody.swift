/// The body of a form, as `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
package enum FormBody {
    /// What to name it in `Content-Type`.
    package static let mediaType = "application/x-www-form-urlencoded"

    /// The fields in their order.
    package static func bytes(_ fields: [(name: String, value: String)]) -> [UInt8] {
        Array(
            fields.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&").utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || [0x2A, 0x2D, 0x2E, 0x5F].contains(byte)
            if isPlain {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
