import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout
import Logging

/// The lanes of an environment that are watched because a change settled a short while ago.
struct PromotedLanes: Sendable {
    /// The time between two looks.
    static let pace = Duration.seconds(5)

    /// Nil until the journal was asked.
    var lanes: Set<LaneID>?
    /// Whether a look is under way.
    var isLooking = false
    /// Monotonic milliseconds of the next look.
    private(set) var due = 0

    /// A look begins.
    mutating func begin(at now: Moment) {
        isLooking = true
        due = now.monotonicMilliseconds + Self.pace.milliseconds
    }

    /// How long until the next look; nil when there is nothing to look at.
    func rest(at now: Moment) -> Duration? {
        guard lanes?.isEmpty == false, !isLooking else { return nil }
        return .milliseconds(max(0, due - now.monotonicMilliseconds))
    }
}

extension EnvironmentReconciler {
    /// The records to look at now; nil when it is not time. Quiet lanes are never looked at.
    func recordsToWatch() async -> [LaneRecord]? {
        // What settled in an environment that git gave up is left alone.
        guard !isGivenUp else {
            promoted.lanes = nil
            return nil
        }
        if promoted.lanes == nil { promoted.lanes = await books.watchedLanes(in: name) }
        let now = parts.clock.now()
        guard let rest = promoted.rest(at: now), rest == .zero else { return nil }
        var records: [LaneRecord] = []
        for lane in (promoted.lanes ?? []).sorted() {
            let record = await books.record(of: lane)
            if record.watch == nil {
                promoted.lanes?.remove(lane)
            } else {
                records.append(record)
            }
        }
        guard !records.isEmpty else { return nil }
        promoted.begin(at: now)
        return records
    }

    /// What measures each of the lanes.
    func sources(for records: [LaneRecord]) -> [LaneID: any SignalSource] {
        Dictionary(
            uniqueKeysWithValues: records.compactMap { record in
                signals(of: record.lane).map { (record.lane, $0) }
            })
    }

    /// Records what a look found, and takes back what does harm where the release says so.
    ///
    /// A lane that is worked on is left for the next look: two writers of one record would lose one.
    func take(_ findings: [PromotionWatcher.Finding]) async throws(EngineHalt) {
        promoted.isLooking = false
        let now = parts.clock.now().wall
        for finding in findings where !inFlight.contains(finding.lane) {
            var record = await books.record(of: finding.lane)
            guard var watch = record.watch?.value, watch.operation == finding.operation else {
                continue
            }
            // The rest of its group may go back with it.
            await books.steeringTurn.enter()
            defer { books.steeringTurn.leave() }
            var transaction = LedgerTransaction()
            for alarm in watch.take(finding.alarms) {
                transaction.entries.append(AuditText.alarm(alarm, watch, at: now))
                log(alarm, of: watch)
            }
            record.watch = Boxed(watch)
            if let alarm = reasonToGoBack(watch, finding) {
                if let reversal = await reversal(of: watch, for: alarm, in: record, at: now) {
                    await write(reversal, in: &transaction, &record)
                }
            } else if finding.isOver || finding.tooSeldom != nil {
                record.watch = nil
                transaction.entries.append(ended(watch, finding, at: now))
            }
            guard !transaction.entries.isEmpty else { continue }
            transaction.writes.append(.lane(record))
            try await books.commit(transaction)
        }
    }

    private func log(_ alarm: WatchRecord.Alarm, of watch: WatchRecord) {
        let metadata: Logger.Metadata = [
            "lane": "\(watch.change.lane)", "operation": "\(watch.operation)",
            "evidence": "\(alarm.evidence)",
        ]
        if alarm.over == nil {
            parts.logger.error("alarm after a promotion", metadata: metadata)
        } else {
            parts.logger.notice("an alarm after a promotion is over", metadata: metadata)
        }
    }

    /// The entry of a watch that ends; what was not watched is told in the log, too.
    private func ended(
        _ watch: WatchRecord, _ finding: PromotionWatcher.Finding, at now: Timestamp
    ) -> AuditDraft {
        var fault: String?
        if let spacing = finding.tooSeldom {
            fault = "not watched: its source counts every \(spacing) s"
        } else if finding.seen == 0 {
            fault = "the watch saw nothing of what the lane did"
        } else if let time = finding.unlearned {
            fault =
                "not watched: to learn what is usual takes \(time.phrase), before the change or "
                + "after it, and the watch was over"
        }
        if let fault {
            parts.logger.warning(
                "a promotion was not watched",
                metadata: ["lane": "\(watch.change.lane)", "reason": "\(fault)"])
        }
        return AuditText.watched(watch, seen: finding.seen, fault: fault, at: now)
    }

    /// The alarm for which the lane goes back, now or when what is under way in it has ended.
    private func reasonToGoBack(
        _ watch: WatchRecord, _ finding: PromotionWatcher.Finding
    ) -> WatchRecord.Alarm? {
        watch.onAlarm == .rollback && watch.change.base != nil ? finding.reason : nil
    }

    /// The operation that takes back what an alarm was raised for; nil when it has to wait.
    private func reversal(
        of watch: WatchRecord, for alarm: WatchRecord.Alarm, in record: LaneRecord,
        at now: Timestamp
    ) async -> PromotionReversal? {
        let open = await books.operation(openIn: record.lane)
        if let open {
            guard open.givesWay, await !books.hasOpenIntent(in: record.lane) else { return nil }
        }
        guard await books.stop?.isInForce(at: now) != true,
            let base = watch.change.base, let settled = record.settled,
            settled.slot.id == watch.change.target.slot
        else { return nil }
        return PromotionReversal(
            watch: watch, base: base.resized(to: settled.replicas), superseded: open,
            number: await books.reserveOperation(),
            reason: "\(alarm.evidence), after it was promoted", at: now)
    }

    /// Puts a reversal before everything that was lined up for its lane.
    private func write(
        _ reversal: PromotionReversal, in transaction: inout LedgerTransaction,
        _ record: inout LaneRecord
    ) async {
        let lane = record.lane
        reversal.write(into: &transaction, &record)
        queue.removeAll { $0.lane == lane }
        // The lane itself has no change any more that would name its group.
        if let quarantine = reversal.quarantine,
            let group = accepted?.slices[name]?.lanes[lane]?.group
        {
            transaction.writes += await books.groupAbort(
                standing.changing(in: group), with: quarantine, at: quarantine.since)
        }
        wake()
    }
}

extension OperationRecord {
    /// Whether it gives way to an operation that goes back: it moves the lane to no other release. A freeze
    /// would else keep it open, and with it the harm.
    fileprivate var givesWay: Bool {
        guard let change else { return true }
        return change.kind == .scale
    }
}

extension Settled {
    /// The same with another number of instances.
    fileprivate func resized(to replicas: Replicas) -> Settled {
        Settled(
            slot: slot, version: version, replicas: replicas, change: change, operation: operation,
            commit: commit, at: at)
    }
}

/// An operation that goes back from where a change had settled.
private struct PromotionReversal {
    let operation: OperationRecord
    /// Where the lane was before, with the instances that git wants now.
    let base: Settled
    /// What it is held back by from now on.
    let quarantine: Quarantine?
    /// What was under way and gives way; nil for nothing.
    private let superseded: OperationRecord?

    init(
        watch: WatchRecord, base: Settled, superseded: OperationRecord?, number: Int,
        reason: String, at now: Timestamp
    ) {
        self.base = base
        self.superseded = superseded
        let old = watch.change
        let change = Change(
            lane: old.lane, kind: old.kind, base: base, target: old.target, strategy: old.strategy,
            policy: old.policy, commit: old.commit, cause: old.cause, isReturn: old.isReturn)
        operation = OperationRecord(
            number: number, lane: old.lane, work: .change(change), commit: old.commit, author: nil,
            opened: now,
            rollout: RolloutState(direction: .back(reason: reason), keepsCapacity: true))
        quarantine = AuditText.quarantine(operation, at: now)
    }

    /// The lane has its old place again from the moment at which it begins to go there.
    func write(into transaction: inout LedgerTransaction, _ record: inout LaneRecord) {
        (record.settled, record.operation, record.watch) = (base, operation.number, nil)
        (record.decision, record.held) = (AuditText.decision(of: operation.work), nil)
        if var old = superseded {
            (old.outcome, old.ended) = (.superseded, operation.opened)
            transaction.writes.append(.operation(old))
            transaction.entries.append(
                AuditText.superseded(old, by: operation.number, at: operation.opened))
        }
        transaction.writes.append(.operation(operation))
        transaction.entries.append(AuditText.reversed(operation, to: base, at: operation.opened))
        if let quarantine {
            transaction.writes.append(.quarantine(quarantine))
            transaction.entries.append(
                AuditText.quarantined(quarantine, operation, at: operation.opened))
        }
    }
}
