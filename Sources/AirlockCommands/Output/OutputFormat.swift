import ArgumentParser
import Foundation

/// In which form a verb writes its data.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case human
    case json
    case yaml
    case markdown
}

/// Writing data to stdout and everything else to stderr.
enum Output {
    /// Writes `text` and a line feed to stdout.
    static func data(_ text: String) { write(text, to: .standardOutput) }

    /// Writes a line about progress or a notice to stderr.
    static func note(_ text: String) { write(text, to: .standardError) }

    /// Writes a value as JSON or YAML.
    static func value(_ value: some Encodable, as format: OutputFormat) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(value)
        switch format {
        case .yaml:
            let tree = try JSONSerialization.jsonObject(with: json, options: .fragmentsAllowed)
            data(YAMLText.text(tree))
        case .json, .human, .markdown: data(String(decoding: json, as: UTF8.self))
        }
    }

    /// A closed pipe at the other end is the end of the reader, not a fault.
    private static func write(_ text: String, to handle: FileHandle) {
        let bytes = Array((text + "\n").utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.write(handle.fileDescriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}

/// YAML of a JSON tree: block style, strings quoted as in JSON, keys sorted.
enum YAMLText {
    static func text(_ tree: Any) -> String { lines(tree).joined(separator: "\n") }

    private static func lines(_ tree: Any) -> [String] {
        switch tree {
        case let object as [String: Any] where !object.isEmpty:
            object.sorted { $0.key < $1.key }.flatMap { key, value in
                attach(lines(value), to: "\(scalar(key)):", isNested: isCollection(value))
            }
        case let array as [Any] where !array.isEmpty:
            array.flatMap { value -> [String] in
                let inner = lines(value)
                return inner.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
            }
        default: [scalar(tree)]
        }
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
