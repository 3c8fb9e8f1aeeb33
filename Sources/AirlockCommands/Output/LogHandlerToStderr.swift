import AirlockModel
import Foundation
import Logging

/// In which form log lines are written.
enum LogFormat: String, Sendable {
    case text
    case json
}

/// Writes log lines to stderr with UTC times.
struct LogHandlerToStderr: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let now: @Sendable () -> Timestamp

    init(format: LogFormat, level: Logger.Level, now: @escaping @Sendable () -> Timestamp) {
        self.format = format
        logLevel = level
        self.now = now
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            .map { ($0.key, $0.value.description) }.sorted { $0.0 < $1.0 }
        switch format {
        case .text:
            let tail = fields.map { " \($0.0)=\(Self.quoted($0.1))" }.joined()
            let level = event.level.rawValue.uppercased().padding(to: 8)
            Output.note("\(now().rfc3339) \(level) \(event.message)\(tail)")
        case .json:
            var line: [String: JSONValue] = [
                "time": .string(now().rfc3339), "level": .string(event.level.rawValue),
                "message": .string(event.message.description),
            ]
            for (key, value) in fields { line[key] = .string(value) }
            Output.logLine(String(decoding: JSONValue.object(line).canonicalBytes, as: UTF8.self))
        }
    }

    /// Text from outside cannot start a line of its own.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        return isPlain && !text.isEmpty
            ? text : String(decoding: JSONValue.string(text).canonicalBytes, as: UTF8.self)
    }
}
