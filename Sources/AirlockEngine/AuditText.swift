import AirlockModel
import AirlockPlan
import AirlockRollout

/// Audit entries and recorded decisions, made from what happened.
enum AuditText {
    /// Who stands behind an operation: the author of the commit, or Airlock itself where none asks for it, as
    /// for the repair of drift.
    private static func actor(_ operation: OperationRecord) -> Actor {
        guard let author = operation.author else { return .airlock }
        return Actor(id: author, kind: .git)
    }

    static func draft(
        _ kind: AuditKind, _ operation: OperationRecord, at time: Timestamp, outcome: String?
    ) -> AuditDraft {
        AuditDraft(
            kind: kind, time: time, actor: actor(operation), lane: operation.lane,
            commit: operation.commit, change: operation.change?.id, operation: operation.number,
            artifact: operation.artifact, outcome: outcome)
    }

    /// The text by which a decision is told from the one before.
    static func decision(of work: OperationRecord.Work) -> LaneRecord.Decision {
        switch work {
        case .change(let change): .work("change \(change.id)")
        case .repair(let repair): .work(repair.phrase)
        case .heal(let heal): .work(heal.phrase)
        case .verify(let verification): .work(verification.phrase)
        }
    }

    static func opened(_ operation: OperationRecord, at time: Timestamp) -> AuditDraft {
        switch operation.work {
        case .change(let change):
            var entry = draft(.decision, operation, at: time, outcome: "change")
            entry.detail["kind"] = change.kind.rawValue
            entry.detail["from"] = change.base?.slot.id.description
            entry.detail["to"] = change.target.slot?.description
            if case .slot(_, let version?, _) = change.target { entry.detail["version"] = version }
            entry.detail["cause"] = change.cause
            if change.isReturn == true { entry.detail["return"] = Change.returnPhrase }
            return entry
        case .repair(let repair):
            guard repair.isRollback else {
                return draft(.decision, operation, at: time, outcome: "repair")
            }
            var entry = draft(.decision, operation, at: time, outcome: "rollback")
            entry.detail["to"] = repair.to?.slot.id.description
            entry.detail["reason"] = repair.phrase
            return entry
        case .heal(let heal):
            var entry = draft(.decision, operation, at: time, outcome: "heal")
            entry.detail = [
                "rule": heal.rule.rawValue, "action": heal.action.phrase,
                "evidence": heal.evidence, "budget": heal.budget,
                "expires": heal.expires.rfc3339,
            ]
            entry.detail["fault"] = heal.fault?.rawValue
            return entry
        case .verify(let verification):
            var entry = draft(.decision, operation, at: time, outcome: "verify")
            entry.detail = detail(of: verification)
            return entry
        }
    }

    /// The entry of an operation that goes on with another number of instances.
    static func resized(
        _ operation: OperationRecord, as change: Change, by author: String?, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.decision, operation, at: time, outcome: "replicas")
        entry.actor = author.map { Actor(id: $0, kind: .git) } ?? .airlock
        entry.commit = change.commit
        entry.change = change.id
        entry.detail["from"] = replicas(of: operation.change)
        entry.detail["to"] = replicas(of: change)
        return entry
    }

    private static func replicas(of change: Change?) -> String? {
        guard case .slot(_, _, let replicas)? = change?.target else { return nil }
        return replicas.phrase
    }

    static func drift(
        _ repair: Repair, in operation: OperationRecord, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.drift, operation, at: time, outcome: "found")
        entry.detail["found"] = repair.found.map(\.phrase).joined(separator: "; ")
        return entry
    }

    static func ended(
        _ operation: OperationRecord, _ outcome: OperationRecord.Outcome, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.decision, operation, at: time, outcome: outcome.word)
        if case .rolledBack(let reason) = outcome { entry.detail["reason"] = reason }
        if let verification = operation.verification { entry.detail = detail(of: verification) }
        return entry
    }

    /// The entry of a canary that is brought all at once.
    static func alone(_ operation: OperationRecord, at time: Timestamp) -> AuditDraft {
        var entry = draft(.decision, operation, at: time, outcome: "alone")
        entry.detail["reason"] = RolloutState.alonePhrase
        return entry
    }

    /// The entry of an operation whose place a later one takes.
    static func superseded(
        _ operation: OperationRecord, by later: Int, at time: Timestamp
    ) -> AuditDraft {
        var entry = ended(operation, .superseded, at: time)
        entry.detail["by"] = "operation \(later)"
        return entry
    }

    /// The entry of a branch on which the release of a rolled back operation is put back.
    static func offered(
        _ operation: OperationRecord, on branch: BranchName, as commit: CommitID,
        at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.decision, operation, at: time, outcome: Reversal.offered)
        entry.actor = .airlock
        entry.detail = ["branch": branch.description, "revert": commit.description]
        return entry
    }

    static func intended(
        _ order: ActionOrder, _ operation: OperationRecord, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.intended, operation, at: time, outcome: nil)
        entry.detail = detail(of: order)
        return entry
    }

    static func settled(
        _ order: ActionOrder, _ outcome: IntentOutcome, about: Int?, _ operation: OperationRecord,
        at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.settled, operation, at: time, outcome: outcome.phrase)
        entry.about = about
        entry.detail = detail(of: order)
        return entry
    }

    /// The end of an intent whose operation is over.
    static func orphaned(
        _ order: ActionOrder, _ outcome: IntentOutcome, about: Int?, at time: Timestamp
    ) -> AuditDraft {
        AuditDraft(
            kind: .settled, time: time, lane: order.lane, change: order.change,
            operation: order.operation, outcome: outcome.phrase, about: about,
            detail: detail(of: order))
    }

    private static func detail(of order: ActionOrder) -> [String: String] {
        [
            "action": String(decoding: order.action.canonical.canonicalBytes, as: UTF8.self),
            "key": order.key.description,
        ]
    }

    /// What is quarantined when an operation turns back; nil when nothing new was tried.
    static func quarantine(_ operation: OperationRecord, at time: Timestamp) -> Quarantine? {
        guard case .back(let reason) = operation.rollout.direction,
            case .slot(let slot, _, _)? = operation.change?.target
        else { return nil }
        return Quarantine(
            lane: operation.lane, slot: slot.id, artifact: slot.artifact, reason: reason,
            operation: operation.number, since: time)
    }

    static func quarantined(
        _ quarantine: Quarantine, _ operation: OperationRecord, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.quarantined, operation, at: time, outcome: "quarantined")
        entry.actor = .airlock
        entry.detail = ["slot": quarantine.slot.description, "reason": quarantine.reason]
        return entry
    }
}
