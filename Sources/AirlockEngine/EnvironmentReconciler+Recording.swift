import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout

/// What a pass decided, written down where it differs from what was decided before.
extension EnvironmentReconciler {
    /// Records decisions that changed since the last pass; lanes that move record their own.
    func record(_ plans: [LanePlan], at now: Timestamp) async throws(EngineHalt) {
        guard !plans.isEmpty else { return }
        let state = await books.state
        var transaction = LedgerTransaction()
        // What is left out because it is under way is looked at again when it comes back.
        let leftOut = plans.map(\.lane).filter(inFlight.contains)
        if !leftOut.isEmpty {
            touchedByFleet.formUnion(.some(Set(leftOut)))
            memo = nil
        }
        for lane in plans where !inFlight.contains(lane.lane) {
            let old = state.lanes[lane.lane]
            switch lane.disposition {
            case .change, .repair, .heal, .verify, .back:
                // A new operation records itself; one that was held goes on without being opened again.
                guard var record = old,
                    let open = record.operation.flatMap({ state.operations[$0] }),
                    lane.goesOn(open), record.goOn(with: open)
                else { continue }
                transaction.writes.append(.lane(record))
            case .leave:
                guard var record = old else { continue }
                let renamed = rename(&record, at: now)
                guard record.decision != nil || record.held != nil || renamed != nil else {
                    continue
                }
                (record.decision, record.held) = (nil, nil)
                transaction.writes.append(.lane(record))
                if let renamed { transaction.entries.append(renamed) }
            case .hold(let reason):
                try await park(old?.operation)
                var held = Self.held(lane.change, for: reason)
                // Of what cannot be read nobody knows whether git still asks for it.
                if case .parked = reason { held = old?.held }
                guard old?.holdReason != reason.phrase || old?.held != held else { continue }
                var record = old ?? LaneRecord(lane: lane.lane)
                // A lane that was never seen stays so: a record would stop its adoption.
                guard old != nil || isObserved else { continue }
                (record.decision, record.held) = (.hold(reason.phrase), held)
                transaction.writes.append(.lane(record))
                transaction.entries.append(hold(lane, reason, at: now))
            }
        }
        guard !transaction.writes.isEmpty else { return }
        try await books.commit(transaction)
    }

    /// What waits at gates. An outage is not what its commit asked for.
    private static func held(_ change: Change?, for reason: HoldReason) -> LaneRecord.HeldChange? {
        guard case .gates = reason, let change, let commit = change.commit else { return nil }
        return LaneRecord.HeldChange(
            change: change.id, commit: commit,
            quarantined: reason.isQuarantine ? change.target.slot : nil)
    }

    /// Takes over another version of the same slot: nothing has to move for it.
    private func rename(_ record: inout LaneRecord, at now: Timestamp) -> AuditDraft? {
        guard let settled = record.settled,
            let desired = accepted?.slices[name]?.lanes[record.lane],
            desired.release.version != settled.version
        else { return nil }
        record.settled?.version = desired.release.version
        return AuditDraft(
            kind: .decision, time: now, lane: record.lane, commit: desired.cause ?? accepted?.id,
            artifact: settled.slot.artifact, outcome: "renamed",
            detail: [
                "from": settled.version ?? "none", "to": desired.release.version ?? "none",
            ])
    }

    private var isObserved: Bool { observation != nil }

    private func hold(
        _ lane: LanePlan, _ reason: HoldReason, at now: Timestamp
    ) -> AuditDraft {
        var entry = AuditDraft(
            kind: .decision, time: now, lane: lane.lane, commit: accepted?.id,
            change: lane.change?.id, outcome: "hold", detail: ["reason": reason.phrase])
        if !lane.drift.isEmpty {
            entry.detail["drift"] = lane.drift.map(\.phrase).joined(separator: "; ")
        }
        return entry
    }

    /// Time in which an operation is held is not time without progress.
    private func park(_ number: Int?) async throws(EngineHalt) {
        let isStopped = await books.stop?.isInForce(at: parts.clock.now().wall) == true
        guard let number, var operation = await books.operation(number) else { return }
        // What is held and lost is counted as long as somebody looks.
        guard operation.rollout.seen != nil || isStopped || !isObserved else { return }
        let parked = Rollout.parked(operation.rollout)
        guard parked != operation.rollout else { return }
        operation.rollout = parked
        await books.remember(operation)
    }
}
