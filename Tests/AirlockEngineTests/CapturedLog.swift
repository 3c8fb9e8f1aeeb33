import Logging
import Synchronization

/// Every line that a logger was given, kept for a test to read.
final class CapturedLog: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: [String: String]
    }

    private let written = Mutex<[Line]>([])

    /// Writes here, whatever the level.
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    /// The lines with that message, the oldest first.
    func lines(_ message: String) -> [Line] {
        written.withLock { $0.filter { $0.message == message } }
    }

    private func write(_ line: Line) { written.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        private let target: CapturedLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(log: CapturedLog) { target = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            target.write(
                Line(
                    level: event.level, message: event.message.description,
                    metadata: fields.mapValues(\.description)))
        }
    }
}
