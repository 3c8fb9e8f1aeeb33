/// One pass over the bytes that refuses what would cost too much before it can be counted as nodes.
///
/// Composing hashes the keys of each mapping, and hashing follows aliases: a few hundred bytes of
/// aliases inside a key cost exponential time. A file that uses aliases may therefore hold no key
/// that is an alias, a list or a mapping.
enum DocumentScan {
    /// The most brackets, commas, colons and line ends in one file; each node needs at least one.
    private static let marks = 2 * ManifestLimits.nodes

    static func refuseHazards(_ bytes: [UInt8]) throws(Problem) {
        var marks = 0
        var hasAlias = false
        var suspect: Int?
        for (offset, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\n"),
                UInt8(ascii: "\r"):
                marks += 1
            case UInt8(ascii: ":"):
                marks += 1
                if suspect == nil, endsContainerOrAlias(bytes, before: offset) { suspect = offset }
            case UInt8(ascii: "?"):
                if suspect == nil, standsAlone(bytes, at: offset) { suspect = offset }
            case UInt8(ascii: "*"):
                hasAlias = hasAlias || startsToken(bytes, at: offset)
            default: break
            }
        }
        guard marks <= Self.marks else {
            throw Problem(
                nil, "the file has more than \(Self.marks) lines, commas, colons and brackets",
                "split it into smaller files")
        }
        if hasAlias, let suspect {
            throw Problem(
                Document.place(of: suspect, in: bytes),
                "in a file with aliases a key cannot be an alias, a list or a mapping",
                "write the key as a plain word")
        }
    }

    /// Whether a key that ends before the colon at `offset` could be an alias, a list or a mapping.
    private static func endsContainerOrAlias(_ bytes: [UInt8], before offset: Int) -> Bool {
        var index = offset - 1
        while index >= 0, bytes[index] == 0x20 || bytes[index] == 0x09 { index -= 1 }
        guard index >= 0 else { return false }
        if bytes[index] == UInt8(ascii: "]") || bytes[index] == UInt8(ascii: "}") { return true }
        while index >= 0, isAnchorCharacter(bytes[index]) { index -= 1 }
        return index >= 0 && bytes[index] == UInt8(ascii: "*") && startsToken(bytes, at: index)
    }

    /// libyaml takes letters, digits, `-` and `_` for the name of an anchor; the rest is added so
    /// that a more generous reader is covered too.
    private static func isAnchorCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"): true
        default: false
        }
    }

    private static func startsToken(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset > 0 else { return true }
        switch bytes[offset - 1] {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "-"):
            return true
        default:
            // NEL, LS and PS end lines too; their last bytes are above ASCII.
            return bytes[offset - 1] >= 0x80
        }
    }

    private static func standsAlone(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard startsToken(bytes, at: offset) else { return false }
        guard offset + 1 < bytes.count else { return true }
        let next = bytes[offset + 1]
        return next == 0x20 || next == 0x09 || next == 0x0A || next == 0x0D || next >= 0x80
            || ",[]{}*&".utf8.contains(next)
    }
}
