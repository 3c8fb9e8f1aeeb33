/// Keeps files and functions short enough to be read at once.
enum LengthRule {
    /// Lines of one file.
    static let longestFile = 400
    /// Lines of one function, from its first word to its closing brace.
    static let longestFunction = 70

    static func violations(in file: SwiftText) -> [Violation] {
        var found: [Violation] = []
        let count = file.lines.last?.isEmpty == true ? file.lines.count - 1 : file.lines.count
        if count > longestFile {
            found.append(
                Violation(
                    path: file.path, line: nil,
                    what: "\(count) lines; at most \(longestFile) are allowed"))
        }
        for function in Function.all(in: file) where function.lineCount > longestFunction {
            found.append(
                Violation(
                    path: file.path, line: function.line,
                    what: "a function of \(function.lineCount) lines; "
                        + "at most \(longestFunction) are allowed"))
        }
        return found
    }
}

/// A function, initialiser, subscript or computed property that has a body.
struct Function {
    /// Counted from 1.
    let line: Int
    let lineCount: Int
    /// From the declaring word to the opening brace.
    let header: String
    /// Between the braces, comments and strings blanked.
    let body: String

    private static let words: Set = ["func", "init", "deinit", "subscript", "var"]
    private static let clauses: Set = ["where", "throws", "async", "rethrows"]

    static func all(in file: SwiftText) -> [Function] {
        let code = Array(file.flat.utf8)
        var found: [Function] = []
        var line = 1
        var at = 0
        while at < code.count {
            if code[at] == UInt8(ascii: "\n") { line += 1 }
            guard isWordByte(code[at]) else {
                at += 1
                continue
            }
            let end = code[at...].firstIndex { !isWordByte($0) } ?? code.count
            let word = String(decoding: code[at..<end], as: UTF8.self)
            let isMember = at > 0 && code[at - 1] == UInt8(ascii: ".")
            if words.contains(word), !isMember, let open = openingBrace(code, end, word: word),
                let close = closingBrace(code, open)
            {
                let breaks = code[at...close].count { $0 == UInt8(ascii: "\n") }
                found.append(
                    Function(
                        line: line, lineCount: breaks + 1,
                        header: String(decoding: code[at..<open], as: UTF8.self),
                        body: String(decoding: code[(open + 1)..<close], as: UTF8.self)))
            }
            at = end
        }
        return found
    }

    /// Where the body of a declaration begins; nil for one without a body.
    private static func openingBrace(_ code: [UInt8], _ start: Int, word: String) -> Int? {
        var depth = 0
        for at in start..<code.count {
            switch code[at] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return at
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "=") where depth == 0 && word == "var": return nil
            case UInt8(ascii: "\n") where depth == 0:
                if !goesOn(code, start, at) { return nil }
            default: continue
            }
        }
        return nil
    }

    /// Whether a declaration continues after the line break at `at`.
    private static func goesOn(_ code: [UInt8], _ start: Int, _ at: Int) -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        let last = code[start..<at].last { !isBlank($0) }
        if let last, ",:&>".utf8.contains(last) { return true }
        let lastWord = code[start..<at].split(whereSeparator: isBlank).last ?? []
        if clauses.contains(String(decoding: lastWord, as: UTF8.self)) { return true }
        guard let next = code[at...].firstIndex(where: { !isBlank($0) }) else { return false }
        if code[next] == UInt8(ascii: "{") || code[next...].starts(with: "->".utf8) { return true }
        let end = code[next...].firstIndex { !isWordByte($0) } ?? code.count
        return clauses.contains(String(decoding: code[next..<end], as: UTF8.self))
    }

    private static func closingBrace(_ code: [UInt8], _ open: Int) -> Int? {
        var depth = 0
        for at in open..<code.count {
            if code[at] == UInt8(ascii: "{") { depth += 1 }
            if code[at] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || byte >= 0x80
    }
}
