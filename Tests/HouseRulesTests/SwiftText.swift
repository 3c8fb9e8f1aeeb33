/// A Swift file's text twice: as it is, and with comments and the insides of strings blanked.
///
/// The rules need to know code from words, no more; a scanner of a hundred lines does that at once,
/// while a full parser would add minutes to every first build.
struct SwiftText {
    /// The path from the repository's root.
    let path: String
    let lines: [Substring]
    /// As many lines of the same length, with spaces for comments and for text in strings.
    let code: [Substring]
    /// The code as one text.
    let flat: String

    init(path: String, _ text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var blanker = Blanker(Array(text.utf8))
        flat = blanker.run()
        code = flat.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The target that the file belongs to: the second component of its path.
    var target: String {
        path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    }
}

/// Blanks comments and the text of string literals; code in interpolations is blanked with them.
private struct Blanker {
    private static let openers = Array("/\"#".utf8)
    private static let closers = Array("\"\\\n".utf8)
    private var bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> String {
        while at < bytes.count {
            guard Self.openers.contains(bytes[at]) else {
                at += 1
                continue
            }
            if starts("//") {
                while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank() }
            } else if starts("/*") {
                blankBlockComment()
            } else if let hashes = stringOpening() {
                blankString(hashes: hashes)
            } else {
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func starts(_ text: String, after offset: Int = 0) -> Bool {
        bytes[min(at + offset, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func blank(_ count: Int = 1) {
        for index in at..<min(at + count, bytes.count) where bytes[index] != UInt8(ascii: "\n") {
            bytes[index] = UInt8(ascii: " ")
        }
        at += count
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && at < bytes.count
    }

    /// The number of `#` before the quote when a string begins here.
    private func stringOpening() -> Int? {
        var hashes = 0
        while at + hashes < bytes.count, bytes[at + hashes] == UInt8(ascii: "#") { hashes += 1 }
        return starts("\"", after: hashes) ? hashes : nil
    }

    /// Blanks the inside of a string, and its quotes too when it stands in an interpolation.
    private mutating func blankString(hashes: Int, withQuotes: Bool = false) {
        let fence = String(repeating: "#", count: hashes)
        let quote = starts("\"\"\"", after: hashes) ? "\"\"\"" : "\""
        let width = quote.utf8.count + hashes
        pass(width, blanking: withQuotes)
        while at < bytes.count {
            guard Self.closers.contains(bytes[at]) else {
                blank()
                continue
            }
            if starts(quote + fence) { return pass(width, blanking: withQuotes) }
            if quote == "\"", bytes[at] == UInt8(ascii: "\n") { return }
            if starts("\\" + fence + "(") {
                blank(2 + hashes)
                blankInterpolation()
            } else if starts("\\" + fence) {
                blank(2 + hashes)
            } else {
                blank()
            }
        }
    }

    private mutating func pass(_ count: Int, blanking: Bool) {
        if blanking { blank(count) } else { at += count }
    }

    private mutating func blankInterpolation() {
        var depth = 1
        while depth > 0, at < bytes.count {
            if let hashes = stringOpening() {
                blankString(hashes: hashes, withQuotes: true)
            } else {
                if bytes[at] == UInt8(ascii: "(") { depth += 1 }
                if bytes[at] == UInt8(ascii: ")") { depth -= 1 }
                blank()
            }
        }
    }
}
