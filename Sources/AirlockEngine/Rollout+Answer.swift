package import AirlockModel
package import AirlockPorts
package import AirlockRollout

extension Rollout {
    /// What a source of signals says to what an operation has to know; nil when it asks nothing.
    ///
    /// - Parameter signals: Nil where nobody measures. A source that does not answer for one slot is
    ///   down for both.
    package static func answer(
        for operation: OperationRecord, from signals: (any SignalSource)?, now: Moment
    ) async -> SignalAnswer? {
        guard let question = question(of: operation, now: now) else { return nil }
        guard let signals else { return .down("nothing measures \(operation.lane)") }
        do throws(ProviderError) {
            let answer = try await signals.counters(of: operation.lane, for: question)
            return .counters(target: answer.target, base: answer.base)
        } catch {
            return .down(error.phrase)
        }
    }
}
