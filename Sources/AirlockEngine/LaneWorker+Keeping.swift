import AirlockModel
import AirlockPorts
import AirlockRollout
import Logging

/// What is written down of a rollout while it goes on.
extension LaneWorker {
    /// Keeps what was seen of an operation that may not go on; a step that it would take is not taken.
    func remember(
        evidence state: RolloutState, of operation: inout OperationRecord,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        // What gives up its watch gives up a step, and that is not done.
        guard var seen = state.canary, let known = operation.rollout.canary, seen.judgedTo != nil
        else { return }
        (seen.step, seen.inForce, seen.ruling) = (known.step, known.inForce, known.ruling)
        operation.rollout.canary = seen
        let now = clock.now().wall
        if seen.hasDueLooks(at: now) {
            pending.entries += AuditText.evidence(&operation, at: now)
            pending.writes.append(rollout(of: operation))
            try await books.commit(pending)
            pending = LedgerTransaction()
        }
        await books.remember(operation)
    }

    /// Keeps a rollout's state: durably when it turned, a step changed or a minute of it was held, in
    /// memory when only time passed. Seconds that were judged and not written down are asked for again after a kill.
    func keep(
        _ state: RolloutState, in operation: inout OperationRecord,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        let old = operation.rollout
        guard state != old else { return }
        operation.rollout = state
        let now = clock.now().wall
        let moved = AuditText.moved(operation, from: old, at: now)
        let began = AuditText.began(operation, from: old, at: now)
        let isDue =
            old.canary?.inForce != state.canary?.inForce || old.ceiling != state.ceiling
            || state.canary?.hasDueLooks(at: now) == true
            || state.canary.map { $0.held - $0.recorded >= .seconds(60) } ?? false
            || old.preview != state.preview
        guard old.direction != state.direction || moved ?? began != nil || isDue else {
            await books.remember(operation)
            return
        }
        if let held = operation.rollout.canary?.held { operation.rollout.canary?.recorded = held }
        if let began { pending.entries.append(began) }
        pending.entries += AuditText.evidence(&operation, at: now)
        pending.writes.append(rollout(of: operation))
        if let moved { pending.entries.append(moved) }
        if let previewed = AuditText.previewed(operation, from: old, at: now) {
            pending.entries.append(previewed)
        }
        let isForGroup = await books.steering(of: operation.number)?.aborted?.group != nil
        if old.direction != state.direction, !isForGroup,
            let quarantine = AuditText.quarantine(operation, at: now)
        {
            pending.writes += await books.groupAbort(group, with: quarantine, at: now)
            pending.writes.append(.quarantine(quarantine))
            pending.entries.append(AuditText.quarantined(quarantine, operation, at: now))
            logger.error(
                "rolling back", metadata: metadata(operation, ["reason": "\(quarantine.reason)"]))
        }
        try await books.commit(pending)
        await books.remember(operation)
        pending = LedgerTransaction()
    }

    func rollout(of operation: OperationRecord) -> JournalWrite {
        .rollout(RolloutRecord(operation: operation.number, state: operation.rollout))
    }
}
