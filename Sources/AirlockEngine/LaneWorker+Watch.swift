import AirlockModel
import AirlockPorts
import AirlockRollout

/// Where a lane is when a change has settled, and the watch that begins then.
extension LaneWorker {
    /// What the lane's signals were like, while the slot that is replaced still served alone.
    ///
    /// - Parameter superseded: The operation whose place this one takes. While it went on, the old slot
    ///   served with another beside it, so what was learned before it is kept.
    func history(
        before work: OperationRecord.Work, after superseded: Int?, at now: Timestamp
    ) async -> Boxed<WatchHistory>? {
        guard case .change(let change) = work, watchPlan(of: change) != nil, let base = change.base
        else { return nil }
        if let superseded, let old = await books.operation(superseded),
            old.change?.base?.slot.id == base.slot.id, let known = old.history
        {
            return known
        }
        return await WatchHistory.learned(
            of: lane, slot: base.slot.id, from: signals, now: now
        ).map { Boxed($0) }
    }

    /// Puts the lane where a change has brought it. Another number of instances ends no watch.
    func settle(
        _ change: Change, by operation: OperationRecord, in record: inout LaneRecord,
        at time: Timestamp
    ) {
        switch change.target {
        case .removal: record.settled = nil
        case .slot(let slot, let version, let replicas):
            record.settled = Settled(
                slot: slot, version: version, replicas: replicas, change: change.id,
                operation: operation.number, commit: operation.commit, at: time)
        }
        guard change.kind == .replace else { return }
        record.watch = watch(over: operation, of: change, at: time)
        if let base = change.base, let target = change.target.slot {
            record.replace(base.slot.id, by: target)
        }
    }

    /// The watch over what an operation brought.
    ///
    /// Going back to what the lane ran lately is a rollback, whoever asked for it, and a rollback is never
    /// itself rolled back automatically.
    private func watch(
        over operation: OperationRecord, of change: Change, at now: Timestamp
    ) -> Boxed<WatchRecord>? {
        guard let plan = watchPlan(of: change), change.target.slot != nil else { return nil }
        return Boxed(
            WatchRecord(
                change: change, operation: operation.number, since: now, until: now + plan.time,
                onAlarm: change.isReturn == true ? .alert : plan.onAlarm,
                sensitivity: plan.sensitivity,
                history: operation.history?.value))
    }

    /// How the result of a change is watched; nil when it is not, as where the release does not say so.
    private func watchPlan(of change: Change) -> WatchPlan? {
        guard change.kind == .replace, let plan = watchWish, plan.time > .zero else { return nil }
        return plan
    }
}

extension Change {
    /// Whether it leaves nothing to watch of what the lane ran until now.
    fileprivate var isEmptying: Bool {
        guard case .slot(_, _, let replicas) = target else { return true }
        return replicas.maximum == 0
    }

    /// Whether the watch of what settled before ends when it begins.
    var endsWatch: Bool { kind != .scale || isEmptying }
}
