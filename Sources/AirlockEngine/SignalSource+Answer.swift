package import AirlockModel
package import AirlockPorts

extension SignalSource {
    /// Answers a rollout's question; a source that does not answer for one slot is down for both.
    package func answer(_ question: SignalQuestion, of lane: LaneID) async -> SignalAnswer {
        do throws(ProviderError) {
            return .counters(
                target: try await counters(
                    of: lane, slot: question.target, from: question.from, to: question.to),
                base: try await counters(
                    of: lane, slot: question.base, from: question.from, to: question.to))
        } catch {
            return .down(error.phrase)
        }
    }
}
