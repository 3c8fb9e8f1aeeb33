/// Lowercase hexadecimal digits, the only spelling of a digest that Airlock accepts.
package enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Spells `bytes` in lowercase, two digits a byte.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads lowercase digits; nil for an odd length or any other character.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2), digits.allSatisfy(\.isLowercaseHexDigit) else {
            return nil
        }
        return stride(from: 0, to: digits.count, by: 2).map { index in
            digits[index].hexValue << 4 | digits[index + 1].hexValue
        }
    }
}

extension UInt8 {
    /// Whether this is the ASCII code of `0…9` or `a…f`.
    package var isLowercaseHexDigit: Bool {
        (0x30...0x39).contains(self) || (0x61...0x66).contains(self)
    }

    /// The value of a digit for which ``isLowercaseHexDigit`` holds.
    fileprivate var hexValue: UInt8 { self < 0x3A ? self - 0x30 : self - 0x57 }
}
