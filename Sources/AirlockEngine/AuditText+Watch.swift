import AirlockModel

extension AuditText {
    /// The entry of a signal that left its usual course after a change had settled, or is back.
    static func alarm(
        _ alarm: WatchRecord.Alarm, _ watch: WatchRecord, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(
            .alarm, of: watch, at: time, outcome: alarm.over == nil ? "alarm" : "over")
        entry.detail = ["signal": alarm.name, "evidence": alarm.evidence]
        if alarm.at < time { entry.detail["since"] = alarm.at.rfc3339 }
        entry.detail["until"] = alarm.over?.rfc3339
        return entry
    }

    /// The entry of a watch that ends.
    ///
    /// - Parameter seen: How many seconds of the lane it saw.
    /// - Parameter fault: Why the lane is not watched; nil where its time is over.
    static func watched(
        _ watch: WatchRecord, seen: Int, fault: String?, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(
            .decision, of: watch, at: time, outcome: fault == nil ? "watched" : "unwatched")
        entry.detail = [
            "seconds": "\((watch.until - watch.since).milliseconds / 1000)",
            "seen": "\(seen)",
            "alarms": "\(watch.alarms.count)",
        ]
        entry.detail["reason"] = fault
        return entry
    }

    /// The entry of an operation that goes back from where a change had settled.
    static func reversed(
        _ operation: OperationRecord, to base: Settled, at time: Timestamp
    ) -> AuditDraft {
        var entry = AuditDraft(
            kind: .decision, time: time, lane: operation.lane, commit: operation.commit,
            change: operation.change?.id, operation: operation.number,
            artifact: operation.artifact, outcome: "reverse")
        if case .back(let reason) = operation.rollout.direction { entry.detail["reason"] = reason }
        entry.detail["from"] = operation.change?.target.slot?.description
        entry.detail["to"] = base.slot.id.description
        entry.detail["toOperation"] = base.operation.map(String.init)
        return entry
    }

    private static func draft(
        _ kind: AuditKind, of watch: WatchRecord, at time: Timestamp, outcome: String
    ) -> AuditDraft {
        var artifact: ArtifactReference?
        if case .slot(let slot, _, _) = watch.change.target { artifact = slot.artifact }
        return AuditDraft(
            kind: kind, time: time, lane: watch.change.lane, commit: watch.change.commit,
            change: watch.change.id, operation: watch.operation, artifact: artifact,
            outcome: outcome)
    }
}
