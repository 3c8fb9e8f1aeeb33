import Foundation

/// Telling on stderr what takes longer than a second.
enum Progress {
    /// Runs `work`; says `what` when it is not done after a second.
    static func around<Value: Sendable>(
        _ what: String, _ work: () async throws -> Value
    ) async throws -> Value {
        let notice = Task {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            Output.note("\(what)…")
        }
        defer { notice.cancel() }
        return try await work()
    }
}
