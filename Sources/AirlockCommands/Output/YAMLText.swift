import Foundation

/// YAML of a JSON tree: block style, strings quoted as in JSON, keys sorted and plain.
enum YAMLText {
    static func text(_ tree: Any) -> String { lines(tree).joined(separator: "\n") }

    private static func lines(_ tree: Any) -> [String] {
        switch tree {
        case let object as [String: Any] where !object.isEmpty:
            object.sorted { $0.key < $1.key }.flatMap { key, value in
                attach(lines(value), to: "\(name(key)):", isNested: isCollection(value))
            }
        case let array as [Any] where !array.isEmpty:
            array.flatMap { value -> [String] in
                let inner = lines(value)
                return inner.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
            }
        default: [scalar(tree)]
        }
    }

    /// A key without quotes where every reader of YAML takes it for text.
    private static func name(_ key: String) -> String {
        let words: Set = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain = key.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.\/-]*/) != nil
        return isPlain && !words.contains(key.lowercased()) ? key : scalar(key)
    }

    private static func attach(_ inner: [String], to key: String, isNested: Bool) -> [String] {
        guard isNested else { return ["\(key) \(inner.joined())"] }
        return [key] + inner.map { "  " + $0 }
    }

    private static func isCollection(_ value: Any) -> Bool {
        switch value {
        case let object as [String: Any]: !object.isEmpty
        case let array as [Any]: !array.isEmpty
        default: false
        }
    }

    private static func scalar(_ value: Any) -> String {
        switch value {
        case is [String: Any]: return "{}"
        case is [Any]: return "[]"
        case is NSNull: return "null"
        default: break
        }
        do {
            let json = try JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])
            return String(decoding: json, as: UTF8.self)
        } catch { return "null" }
    }
}
