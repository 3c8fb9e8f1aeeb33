import Foundation

/// Waiting for something that another process does, with a bound.
enum Wait {
    /// Looks every few milliseconds until `condition` holds; throws after `limit`.
    static func until(
        _ what: String, within limit: Duration = .seconds(120),
        _ condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else {
                throw StageError("not within \(limit): \(what)")
            }
            try await Task.sleep(for: .milliseconds(15))
        }
    }
}
