import AirlockModel
import Synchronization

/// What happens in a life, line by line.
final class Story: Sendable {
    private let isVerbose: Bool
    private let told = Mutex<[String]>([])

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    var lines: [String] { told.withLock { $0 } }

    func tell(_ what: String, at time: Timestamp) {
        let line = "\(time.rfc3339)  \(what)"
        told.withLock { $0.append(line) }
    }

    /// Tells what only who reads closely wants to know.
    func detail(_ what: @autoclosure () -> String, at time: Timestamp) {
        if isVerbose { tell("  " + what(), at: time) }
    }
}
