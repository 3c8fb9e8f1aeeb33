/// Makes text out of bytes that anyone may have written.
enum GitText {
    /// Decodes as UTF-8, drops what steers a terminal or reorders text, and cuts to `bytes`.
    static func clean(_ text: UnsafePointer<CChar>, bytes limit: Int) -> String {
        clean(String(cString: text), bytes: limit)
    }

    /// Drops control, line-breaking and text-reordering characters, and cuts to `bytes`.
    static func clean(_ text: String, bytes limit: Int) -> String {
        var kept = String.UnicodeScalarView()
        var size = 0
        for scalar in text.unicodeScalars where !steers(scalar) {
            size += UTF8.width(scalar)
            guard size <= limit else {
                kept.append("…")
                break
            }
            kept.append(scalar)
        }
        return String(kept)
    }

    /// Spells bytes for a message: printable ASCII as it is, everything else as `\xNN`.
    static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { text, byte in
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        }
    }

    private static func steers(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .unassigned: true
        default: scalar.properties.isBidiControl
        }
    }
}
