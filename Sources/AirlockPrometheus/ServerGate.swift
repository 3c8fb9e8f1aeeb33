import AirlockModel
import AirlockPorts

/// Lets a bounded number of questions through to one server, and none while it rests after a failure: many
/// lanes that look at once are no storm.
actor ServerGate {
    /// Questions under way at the same time.
    private static let atOnce = 8
    /// Questions that wait for their turn.
    private static let mostWaiting = 1_000

    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var failure: (reason: String, until: Timestamp)?

    /// Asks when it is the question's turn.
    ///
    /// - Parameter rest: How long a server that did not answer is left alone.
    func ask<Answer: Sendable>(
        rest: Duration, now: @Sendable () -> Timestamp,
        _ question: @Sendable () async throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        try checkRest(rest, now())
        if running >= Self.atOnce {
            guard waiting.count < Self.mostWaiting else {
                throw .noAnswer("\(waiting.count) questions wait for it already")
            }
            await withCheckedContinuation { waiting.append($0) }
        } else {
            running += 1
        }
        defer { leave() }
        // It may have failed while this one waited.
        try checkRest(rest, now())
        do throws(ProviderError) {
            let answer = try await question()
            failure = nil
            return answer
        } catch {
            if case .noAnswer(let reason) = error { failure = (reason, now() + rest) }
            throw error
        }
    }

    private func checkRest(_ rest: Duration, _ now: Timestamp) throws(ProviderError) {
        guard let failure, failure.until > now, failure.until <= now + rest else { return }
        throw .noAnswer(failure.reason)
    }

    /// Hands the place to the one that waits longest.
    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
    }
}
