import AirlockModel
import AirlockPorts
import AirlockRollout
import Logging

/// What is written down of a rollout while it goes on.
extension LaneWorker {
    /// Has the time of a hold not count as time without progress. A pass does so only where nobody works.
    func park(_ operation: inout OperationRecord) async {
        let parked = Rollout.parked(operation.rollout)
        guard parked != operation.rollout else { return }
        operation.rollout = parked
        await books.remember(operation)
    }

    /// Ends a visit that could not look: the time until the next look says nothing of what was lost.
    func unseen(
        _ error: ProviderError, _ operation: inout OperationRecord
    ) async -> VisitEnd {
        if let lost = operation.rollout.canary?.lostAt, lost != lost.uncounted {
            operation.rollout.canary?.lostAt = lost.uncounted
            await books.remember(operation)
        }
        return .failed(error.phrase)
    }

    /// Keeps what was seen of an operation that may not go on; a step that it would take is not taken.
    ///
    /// - Parameter said: What was known to be said about the operation when the state was decided.
    func remember(
        held state: RolloutState, of operation: inout OperationRecord, knowing said: Steering?,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        if let since = state.canary?.sharedSince, since != operation.rollout.canary?.sharedSince {
            // The router took its shares just before the hold came. They are in force, and judged from now
            // on.
            try await keep(state, in: &operation, knowing: said, pending: &pending)
            return
        }
        if state.canary?.isIdle == true || operation.rollout.canary?.isIdle == true {
            // What an idle slot shows is no step.
            try await keep(state, in: &operation, knowing: said, pending: &pending)
            return
        }
        guard var seen = state.canary, let known = operation.rollout.canary else { return }
        // What gives up its watch gives up a step, and that is not done.
        guard seen.judgedTo != nil else {
            guard seen.lostAt != known.lostAt else { return }
            operation.rollout.canary?.lostAt = seen.lostAt
            operation.rollout.canary?.losses = seen.losses
            operation.rollout.canary?.wasHealthy = seen.wasHealthy
            await books.remember(operation)
            return
        }
        (seen.step, seen.inForce, seen.ruling) = (known.step, known.inForce, known.ruling)
        seen.widenedFrom = known.widenedFrom
        operation.rollout.canary = seen
        let now = clock.now().wall
        let waitTurns = (seen.waitsSince != nil) != (known.waitsSince != nil)
        if seen.hasDueLooks(at: now) || waitTurns {
            pending.entries += AuditText.evidence(&operation, at: now)
            pending.writes.append(rollout(of: operation))
            try await books.commit(pending)
            pending = LedgerTransaction()
        }
        await books.remember(operation)
    }

    /// Keeps a rollout's state: durably when it turned, a step changed, a minute of it was held or some
    /// seconds made no progress, in memory when less time passed. Seconds that were judged and not written
    /// down are asked for again after a kill.
    ///
    /// - Parameter said: What was known to be said about the operation when the state was decided.
    func keep(
        _ state: RolloutState, in operation: inout OperationRecord, knowing said: Steering?,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        let old = operation.rollout
        guard state != old else { return }
        operation.rollout = state
        let now = clock.now().wall
        let moved = AuditText.moved(operation, from: old, at: now)
        let began = AuditText.began(operation, from: old, at: now)
        // Whether a person is waited for is read from the journal.
        let (waited, waits) = (old.canary?.waitsSince != nil, state.canary?.waitsSince != nil)
        let gained = await state.counted - books.durableCount(of: operation.number)
        let isLonger = gained >= (state.counted < .seconds(20) ? .seconds(2) : .seconds(10))
        if state.isAlone == true, old.isAlone != true {
            logger.warning("no old slot serves", metadata: metadata(operation))
            pending.entries.append(AuditText.alone(operation, at: now))
        }
        let isDue =
            old.isAlone != state.isAlone || (old.failed == nil) != (state.failed == nil)
            || old.failed ?? .zero > state.failed ?? .zero
            || old.canary?.inForce != state.canary?.inForce || old.ceiling != state.ceiling
            || state.canary?.hasDueLooks(at: now) == true
            || state.canary.map { $0.held - $0.recorded >= .seconds(60) } ?? false
            || old.preview != state.preview || old.isBound != state.isBound
            || waited != waits
            || isLonger
        guard old.direction != state.direction || moved ?? began != nil || isDue else {
            await books.remember(operation)
            return
        }
        if waits, !waited {
            logger.notice("waits for a person", metadata: metadata(operation))
        }
        if state.isBound == true, old.isBound != true {
            logger.notice("waits at the bound that git sets", metadata: metadata(operation))
        }
        if let held = operation.rollout.canary?.held { operation.rollout.canary?.recorded = held }
        if let began { pending.entries.append(began) }
        pending.entries += AuditText.evidence(&operation, at: now)
        pending.writes.append(rollout(of: operation))
        if let moved { pending.entries.append(moved) }
        if let previewed = AuditText.previewed(operation, from: old, at: now) {
            pending.entries.append(previewed)
        }
        if old.direction != state.direction, said?.aborted?.group == nil,
            let quarantine = AuditText.quarantine(operation, at: now)
        {
            try await condemn(operation, quarantine, at: now, pending: &pending)
        } else if let step = state.canary?.step, state.canary?.ruling?.narrowed != nil,
            step < old.canary?.step ?? 0
        {
            try await forgetWords(from: step, of: operation, pending: &pending)
        } else {
            try await books.commit(pending)
        }
        await books.remember(operation)
        pending = LedgerTransaction()
    }

    /// Writes down that a widened share is given back. What people said about the steps that come again was said
    /// before they came to nothing, also at this very moment: they are asked again.
    private func forgetWords(
        from step: Int, of operation: OperationRecord, pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        await books.steeringTurn.enter()
        defer { books.steeringTurn.leave() }
        if var said = await books.steering(of: operation.number) {
            said.passed = said.passed.filter { $0.key < step }
            pending.writes.append(.steering(said))
        }
        try await books.commit(pending)
    }

    /// Writes down that an operation goes back for what its own slot did, and the rest of its group with it.
    private func condemn(
        _ operation: OperationRecord, _ quarantine: Quarantine, at now: Timestamp,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        await books.steeringTurn.enter()
        defer { books.steeringTurn.leave() }
        pending.writes += await books.groupAbort(group, with: quarantine, at: now)
        if var said = await books.steering(of: operation.number), said.aborted?.group != nil {
            // Another of its group fell at the same moment; this one is at fault all the same.
            said.aborted = nil
            pending.writes.append(.steering(said))
        }
        pending.writes.append(.quarantine(quarantine))
        pending.entries.append(AuditText.quarantined(quarantine, operation, at: now))
        logger.error(
            "rolling back", metadata: metadata(operation, ["reason": "\(quarantine.reason)"]))
        try await books.commit(pending)
    }

    /// Tells the log that a source is down when it begins to be, or is for another reason; a lane that waits
    /// for it is looked at each second.
    ///
    /// - Parameter state: What the answer came to.
    func log(_ answer: SignalAnswer?, to operation: OperationRecord, as state: RolloutState) {
        guard case .down(let reason)? = answer, state.canary?.silence != nil,
            operation.rollout.canary?.silence?.reason != reason
        else { return }
        logger.warning("no signals", metadata: metadata(operation, ["reason": "\(reason)"]))
    }

    func rollout(of operation: OperationRecord) -> JournalWrite {
        .rollout(RolloutRecord(operation: operation.number, state: operation.rollout))
    }
}
