/// One pass over the bytes that refuses what would cost too much before it can be counted as nodes.
///
/// Composing hashes the keys of each mapping, and hashing follows aliases: in a key (`{*a}` is one
/// already) a few hundred bytes of aliases cost exponential time. The scan knows neither quotes nor
/// comments, so it counts too much and never too little.
enum DocumentScan {
    static func refuseHazards(_ bytes: [UInt8]) throws(Problem) {
        var marks = 0
        var open = 0
        var anchors = 0
        var aliases = 0
        var questions = 0
        for (offset, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: ":"):
                marks += 1
                questions += endsCollection(bytes, before: offset) ? 1 : 0
            case UInt8(ascii: ","), 0x0A, 0x0D: marks += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                marks += 1
                open += 1
                if open > ManifestLimits.openBrackets {
                    throw tooDeep(Document.place(of: offset, in: bytes))
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
            case UInt8(ascii: "&"): anchors += isName(bytes, at: offset + 1) ? 1 : 0
            case UInt8(ascii: "*"): aliases += isName(bytes, at: offset + 1) ? 1 : 0
            case UInt8(ascii: "-"): marks += isAlone(bytes, at: offset) ? 1 : 0
            case UInt8(ascii: "?"):
                questions += beginsKey(bytes, at: offset) ? 1 : 0
            case UInt8(ascii: "%"): try refuseDirective(bytes, at: offset)
            default: break
            }
        }
        guard questions <= ManifestLimits.questionMarks,
            questions * marks <= ManifestLimits.aliasGrowth
        else {
            throw Problem(
                nil,
                "the file has \(questions) places at which a list or a mapping could be a key (`?`, `]:`, `}:`), and every one is read again for each key around it",
                "write keys as texts; put a `?` of a text in quotes beside another character, or split the file"
            )
        }
        guard marks <= ManifestLimits.separators else {
            throw Problem(
                nil,
                "the file has more than \(ManifestLimits.separators) lines, commas, colons, dashes and brackets",
                "split it into smaller files")
        }
        guard
            growth(anchors: anchors, aliases: aliases) * Double(marks)
                <= Double(ManifestLimits.aliasGrowth)
        else {
            throw Problem(
                nil,
                "with \(anchors) anchors and \(aliases) aliases the file could grow to more than \(ManifestLimits.aliasGrowth) values",
                "write out what the aliases stand for")
        }
    }

    /// Refuses a directive other than `%YAML`: libyaml compares every `%TAG` with all those before it.
    private static func refuseDirective(_ bytes: [UInt8], at offset: Int) throws(Problem) {
        guard beginsLine(bytes, at: offset), !bytes[offset...].starts(with: "%YAML ".utf8) else {
            return
        }
        throw Problem(
            Document.place(of: offset, in: bytes),
            "a line that begins with `%` is a directive, and `%YAML` is the only one of the format",
            "delete the line, or indent it where it belongs to a text")
    }

    /// Whether a line begins at `offset`, by the rule of libyaml, which knows five line ends.
    private static func beginsLine(_ bytes: [UInt8], at offset: Int) -> Bool {
        let before = bytes[..<offset]
        if before.isEmpty || before.elementsEqual([0xEF, 0xBB, 0xBF]) { return true }
        let ends: [[UInt8]] = [
            [0x0A], [0x0D], [0xC2, 0x85], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xA9],
        ]
        return ends.contains { before.suffix($0.count).elementsEqual($0) }
    }

    static func tooDeep(_ place: Document.Place) -> Problem {
        Problem(place, "the nesting is deeper than \(ManifestLimits.depth) levels")
    }

    /// How many times its size a file can grow to.
    ///
    /// An anchored node that holds `n` aliases is at most `1 + n` times as large as what they name,
    /// and a chain of such nodes multiplies; the product is largest when the aliases are spread
    /// evenly over the anchors.
    private static func growth(anchors: Int, aliases: Int) -> Double {
        let levels = min(anchors, aliases)
        if levels == 0 { return 1 }
        let factor = 1 + Double(aliases) / Double(levels)
        var product = 1.0
        for _ in 0..<levels where product <= Double(ManifestLimits.aliasGrowth) {
            product *= factor
        }
        return product
    }

    /// Whether the byte at `offset` could be an indicator: nothing but a blank or a line end follows it.
    private static func isAlone(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset + 1 < bytes.count else { return true }
        return [0x09, 0x0A, 0x0D, 0x20].contains(bytes[offset + 1])
    }

    /// Whether a `?` could begin a key: no text ends right before it, and one of its own or another indicator
    /// follows.
    private static func beginsKey(_ bytes: [UInt8], at offset: Int) -> Bool {
        let isFirst =
            offset == 0 || [0x09, 0x0A, 0x0D, 0x20].contains(bytes[offset - 1])
            || Array(",:?-[{".utf8).contains(bytes[offset - 1])
        guard isFirst else { return false }
        return isAlone(bytes, at: offset) || Array("?[{".utf8).contains(bytes[offset + 1])
    }

    /// Whether a list or a mapping ends right before `offset`, so that a colon makes it a key.
    private static func endsCollection(_ bytes: [UInt8], before offset: Int) -> Bool {
        offset > 0 && Array("]}".utf8).contains(bytes[offset - 1])
    }

    /// Whether the name of an anchor can start at `offset`, by the rule of libyaml.
    private static func isName(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset < bytes.count else { return false }
        switch bytes[offset] {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"):
            return true
        default: return false
        }
    }
}
