import AirlockModel
import AirlockPorts
import AirlockRollout
import Logging

/// One action: a durable intent, an order, and what came of it.
extension LaneWorker {
    /// Records the intent, tells the provider, records what came of it.
    ///
    /// - Parameter isRescue: Nothing but a stop of the whole fleet holds it.
    /// - Returns: Nil when the action is done, or was not sent because of what was said meanwhile; else why
    ///   the lane rests.
    func perform(
        _ action: Action, for operation: inout OperationRecord, isRescue: Bool,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) -> String? {
        let step = operation.rollout.step
        let order = ActionOrder(
            key: ActionKey(
                ledger: claim.ledger, operation: operation.number, step: step,
                action: action),
            claim: claim, fleet: fleet, lane: lane, change: operation.change?.id,
            operation: operation.number, action: action)
        let now = clock.now().wall
        let intent = IntentRecord(order: order, step: step, opened: now)
        pending.writes.append(.intent(intent))
        pending.entries.append(AuditText.intended(order, operation, at: now))
        let entry = try await books.commit(pending).last
        pending = LedgerTransaction()
        if tier == .production, let entry { try await books.published(entry) }
        // What was said while the intent was written is obeyed; what comes later meets an order that is
        // on its way.
        guard await !isOvertaken(operation, isRescue: isRescue) else {
            // Nobody is to blame: the next look obeys at once.
            _ = close(
                intent, entry: entry, .refused("stopped before it was sent"), for: &operation,
                pending: &pending)
            return nil
        }
        let result = try await send(order, for: operation)
        switch result {
        case .success(let outcome):
            return close(intent, entry: entry, outcome, for: &operation, pending: &pending)
        case .failure(let error): return error.phrase
        }
    }

    /// Sends an order; a lost answer is settled by looking.
    ///
    /// - Returns: The error when not even looking was answered: the intent stays open.
    /// - Throws: ``EngineHalt/fenced(_:by:)``.
    private func send(
        _ order: ActionOrder, for operation: OperationRecord
    ) async throws(EngineHalt) -> Result<IntentOutcome, ProviderError> {
        do {
            return .success(.done(try await provider.perform(order)))
        } catch {
            switch error {
            case .fenced(let claim): throw .fenced(lane.environment, by: claim)
            case .noAnswer(let why):
                logger.warning("no answer", metadata: metadata(operation, ["reason": "\(why)"]))
                return await seen(order.action).map(Result.success) ?? .failure(error)
            case .refused, .foreignClaim, .unsupported: return .success(.refused(error.phrase))
            }
        }
    }

    /// Settles a lost answer by looking; nil when not even that is answered.
    private func seen(_ action: Action) async -> IntentOutcome? {
        do {
            return action.isDone(in: try await look()) ? .seenDone : .seenUndone
        } catch {
            logger.warning(
                "cannot look", metadata: ["lane": "\(lane)", "reason": "\(error.phrase)"])
            return nil
        }
    }

    private func close(
        _ intent: IntentRecord, entry: Int?, _ outcome: IntentOutcome,
        for operation: inout OperationRecord, pending: inout LedgerTransaction
    ) -> String? {
        let failure: String? =
            switch outcome {
            case .done, .seenDone: nil
            case .seenUndone: "the provider did not answer and did not act"
            case .refused(let reason): reason
            }
        let now = clock.now().wall
        if failure == nil { operation.rollout = Rollout.afterAction(operation.rollout) }
        pending.entries += AuditText.evidence(&operation, at: now)
        pending.writes += [.settle(intent.order.key, outcome), rollout(of: operation)]
        pending.entries.append(
            AuditText.settled(intent.order, outcome, about: entry, operation, at: now))
        return failure
    }
}
