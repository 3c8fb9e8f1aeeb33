import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout
import Logging

/// How a lane's operations begin and end.
extension LaneWorker {
    /// The operation of an assignment; a new one is opened with `pending`. Nil when it has ended meanwhile.
    func operation(
        for assignment: Assignment, pending: inout LedgerTransaction
    ) async -> OperationRecord? {
        switch assignment {
        case .resume(let number), .watch(let number): return await books.operation(number)
        case .resize(let number, let change, let author):
            guard var operation = await books.operation(number) else { return nil }
            resize(&operation, as: change, author: author, pending: &pending)
            return operation
        case .open(let work, let commit, let author, let superseding):
            let now = clock.now()
            var operation = OperationRecord(
                number: await books.reserveOperation(), lane: lane, work: work, commit: commit,
                author: author, opened: now.wall)
            operation.history = await history(before: work, after: superseding, at: now.wall)
            var record = await books.record(of: lane)
            if operation.change?.endsWatch == true {
                (operation.watchBefore, record.watch) = (record.watch, nil)
            }
            record.operation = operation.number
            record.decision = AuditText.decision(of: work)
            // What moves no slot moves nothing past the change that waits.
            if operation.movesSlots { record.held = nil }
            if let heal = operation.heal {
                record.healing = record.healing ?? HealingRecord()
                record.healing?.spend(on: heal, at: now.wall)
            }
            if let superseding, var old = await books.operation(superseding) {
                pending.entries += AuditText.evidence(&old, at: now.wall)
                pending.writes.append(.operation(ended(old, .superseded)))
                pending.entries.append(
                    AuditText.superseded(old, by: operation.number, at: now.wall))
                if operation.change?.endsWatch == true {
                    operation.watchBefore = operation.watchBefore ?? old.watchBefore
                } else {
                    record.watch = record.watch ?? old.watchBefore
                }
            }
            if case .repair(let repair) = work, !repair.isRollback {
                pending.entries.append(AuditText.drift(repair, in: operation, at: now.wall))
            }
            pending.writes += [.operation(operation), .lane(record)]
            pending.entries.append(AuditText.opened(operation, at: now.wall))
            // A commit with a broken file may come before the next pass.
            if let said = said(of: operation) { pending.writes.append(.steering(said)) }
            logger.info("operation opened", metadata: metadata(operation))
            return operation
        }
    }

    /// What git says of a change that begins, and whom it moves it with; nil for nothing.
    private func said(of operation: OperationRecord) -> Steering? {
        guard let change = operation.change, let desired, desired.asks(for: change) else {
            return nil
        }
        var said = Steering(operation: operation.number, lane: lane)
        said.take(desired)
        return said.wish == nil && said.group == nil ? nil : said
    }

    /// Takes over another number of instances; what goes back does not need it.
    private func resize(
        _ operation: inout OperationRecord, as change: Change, author: String?,
        pending: inout LedgerTransaction
    ) {
        guard case .forward = operation.rollout.direction, operation.change?.id != change.id
        else { return }
        let now = clock.now().wall
        pending.entries += AuditText.evidence(&operation, at: now)
        pending.entries.append(AuditText.resized(operation, as: change, by: author, at: now))
        operation.work = .change(change)
        // More instances are more to wait for.
        (operation.rollout.stalled, operation.rollout.best) = (.zero, 0)
        pending.writes.append(.operation(operation))
        logger.info("operation resized", metadata: metadata(operation))
    }

    /// Takes back what is written down as its hold: the pass that let it go on may have met it under way.
    func noteGoingOn(_ operation: OperationRecord) async throws(EngineHalt) {
        var record = await books.record(of: lane)
        guard record.goOn(with: operation) else { return }
        try await books.commit(LedgerTransaction(writes: [.lane(record)]))
    }

    /// Ends an operation and makes all that is pending durable.
    func end(
        _ operation: OperationRecord, _ outcome: OperationRecord.Outcome,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        let now = clock.now()
        var operation = operation
        pending.entries += AuditText.evidence(&operation, at: now.wall)
        var record = await books.record(of: lane)
        record.operation = nil
        if case .settled = outcome, let change = operation.change {
            settle(change, by: operation, in: &record, at: now.wall)
        }
        if case .rolledBack = outcome { record.watch = record.watch ?? operation.watchBefore }
        record.decision = nil
        if case .rolledBack = outcome, let change = operation.change, let commit = operation.commit,
            let slot = change.target.slot,
            await books.quarantines(of: lane).contains(where: { $0.slot == slot })
        {
            record.held = LaneRecord.HeldChange(
                change: change.id, commit: commit, quarantined: slot)
        }
        pending.writes += [.operation(ended(operation, outcome)), .lane(record)]
        pending.writes += await marks(of: operation, outcome, at: now)
        pending.entries.append(AuditText.ended(operation, outcome, at: now.wall))
        // What goes back for another of its group is not at fault, and waits for what mends that one.
        let isForGroup = await books.steering(of: operation.number)?.aborted?.group != nil
        var due: RevertOffers?
        if case .rolledBack = outcome, let change = operation.change, change.kind == .replace,
            let slot = change.target.slot, !isForGroup, let reverts
        {
            let others = group.filter { $0 != lane }
            pending.writes.append(
                .revert(lane, slot, operation: operation.number, due: others))
            due = reverts
        }
        try await books.commit(pending)
        pending = LedgerTransaction()
        logger.notice("operation \(outcome.word)", metadata: metadata(operation))
        due?.wake()
    }

    private func ended(
        _ operation: OperationRecord, _ outcome: OperationRecord.Outcome
    ) -> OperationRecord {
        var operation = operation
        operation.outcome = outcome
        operation.ended = clock.now().wall
        return operation
    }
}

extension LaneRecord {
    /// Puts its open operation in the place of what held it.
    ///
    /// - Returns: Whether it was held.
    mutating func goOn(with open: OperationRecord) -> Bool {
        guard holdReason != nil, open.number == operation else { return false }
        decision = AuditText.decision(of: open.work)
        if open.movesSlots { held = nil }
        return true
    }
}
