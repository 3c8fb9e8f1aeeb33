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
            return .counters(
                target: try await signals.counters(
                    of: operation.lane, slot: question.target, from: question.from,
                    to: question.to),
                base: try await signals.counters(
                    of: operation.lane, slot: question.base, from: question.from, to: question.to))
        } catch {
            return .down(error.phrase)
        }
    }
}
