/// One YAML file as a tree that keeps the spelling and the place of everything in it.
///
/// Aliases are expanded within ``ManifestLimits``; nothing is resolved, so `1.10` stays `1.10`.
package struct Document: Sendable {
    /// What stands at the top of the file.
    package let root: Value

    /// A place in a file, both numbers counted from 1.
    package struct Place: Hashable, Sendable {
        package let line: Int
        package let column: Int

        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    /// One scalar, list or mapping and where it starts.
    package struct Value: Sendable {
        package let place: Place
        package let content: Content
    }

    /// What a value holds.
    package indirect enum Content: Sendable {
        /// A scalar as it is spelled, and whether it stands without quotes.
        case scalar(String, isPlain: Bool)
        case list([Value])
        case mapping([Pair])
    }

    /// One key of a mapping and its value.
    package struct Pair: Sendable {
        package let key: String
        package let place: Place
        package let value: Value
    }
}

extension Document.Value {
    /// What a reader of YAML 1.2 takes a value for.
    package enum Sort: Hashable, Sendable {
        case null, boolean, integer, number, text, list, mapping

        /// The sort with its article, for messages.
        package var noun: String {
            switch self {
            case .null: "nothing"
            case .boolean: "a boolean"
            case .integer, .number: "a number"
            case .text: "a text"
            case .list: "a list"
            case .mapping: "a mapping"
            }
        }
    }

    /// What a reader of YAML 1.2 (core schema) takes this value for.
    package var sort: Sort {
        switch content {
        case .list: .list
        case .mapping: .mapping
        case .scalar(let text, let isPlain): isPlain ? Self.sort(ofPlain: text) : .text
        }
    }

    /// The spelling of a scalar; nil for a list or a mapping.
    var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// The items of a list; empty for anything else.
    var items: [Document.Value] {
        if case .list(let items) = content { items } else { [] }
    }

    /// The keys and values of a mapping; empty for anything else.
    var pairs: [Document.Pair] {
        if case .mapping(let pairs) = content { pairs } else { [] }
    }

    /// The value of one key of a mapping.
    subscript(key: String) -> Document.Value? { pairs.first { $0.key == key }?.value }

    private static func sort(ofPlain text: String) -> Sort {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        case ".nan", ".NaN", ".NAN": return .number
        default: break
        }
        guard let first = text.utf8.first, first < 0x40 else { return .text }
        return sort(
            ofDigits: text.utf8.first == 0x2B || first == 0x2D
                ? text.utf8.dropFirst() : text.utf8[...])
    }

    /// Decimal, `0x`, `0o` and floating forms of the core schema, without their sign.
    private static func sort(ofDigits text: Substring.UTF8View) -> Sort {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        if let spelled = String(text), [".inf", ".Inf", ".INF"].contains(spelled) {
            return .number
        }
        if text.starts(with: "0x".utf8) || text.starts(with: "0o".utf8), text.count > 2 {
            return Int(
                String(decoding: text.dropFirst(2), as: UTF8.self),
                radix: text.starts(with: "0x".utf8) ? 16 : 8) == nil ? .text : .integer
        }
        let whole = text.prefix(while: isDigit)
        var rest = text.dropFirst(whole.count)
        if rest.isEmpty { return whole.isEmpty ? .text : .integer }
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !(whole.isEmpty && fraction.isEmpty) else { return .text }
        guard let mark = rest.first else { return .number }
        guard mark | 0x20 == UInt8(ascii: "e") else { return .text }
        rest = rest.dropFirst()
        if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit) ? .number : .text
    }
}
