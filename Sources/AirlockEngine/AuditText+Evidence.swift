import AirlockModel
import AirlockRollout

/// The entries from which a rollout's verdicts can be judged again.
extension AuditText {
    /// The entries of the looks that are not in the log yet, and marks them as being there.
    ///
    /// They go into the same transaction as the state that they led to: a kill loses both, and the looks
    /// are asked for again.
    static func evidence(_ operation: inout OperationRecord, at time: Timestamp) -> [AuditDraft] {
        guard let (count, looks) = operation.rollout.canary?.takeUnrecorded(), !looks.isEmpty
        else { return [] }
        return EvidenceColumns.details(of: looks, after: count).map { detail in
            var entry = draft(.evidence, operation, at: time, outcome: "judged")
            entry.actor = .airlock
            entry.detail = detail
            return entry
        }
    }

    /// The entry of a change that came to its first step, with what it is judged by; nil later on, and
    /// for what has no steps. It stands before any look.
    static func began(
        _ operation: OperationRecord, from old: RolloutState, at time: Timestamp
    ) -> AuditDraft? {
        guard old.canary == nil, let steps = operation.change?.strategy.steps,
            let canary = operation.rollout.canary
        else { return nil }
        var entry = step(0, of: steps, operation, at: time)
        if operation.change?.isReturn == true {
            entry.detail["return"] = Change.returnPhrase
        } else {
            entry.detail["falseAlarms"] = canary.falseAlarms
        }
        entry.detail.merge(JudgedPolicy(canary, steps: steps).detail) { $1 }
        return entry
    }

    private static func step(
        _ place: Int, of steps: [Int], _ operation: OperationRecord, at time: Timestamp
    ) -> AuditDraft {
        var entry = draft(.decision, operation, at: time, outcome: "step")
        entry.actor = .airlock
        entry.detail["step"] = "\(place + 1) of \(steps.count)"
        entry.detail["perMille"] = "\(steps[place])"
        return entry
    }

    /// The entry of a change that came to another step, or turned back; nil when it did neither.
    ///
    /// It names the last look that it takes into account, so that it can be judged again.
    static func moved(
        _ operation: OperationRecord, from old: RolloutState, at time: Timestamp
    ) -> AuditDraft? {
        let isBack = operation.rollout.direction != old.direction
        guard let steps = operation.change?.strategy.steps, let canary = operation.rollout.canary,
            isBack || canary.step != old.canary?.step ?? 0
        else { return nil }
        var entry = step(canary.step, of: steps, operation, at: time)
        let isLowered = canary.step < old.canary?.step ?? 0
        let isForward = operation.rollout.direction == .forward && !isLowered
        let narrowed = isLowered ? canary.ruling?.narrowed : nil
        guard let ruling = isForward ? canary.ruling : canary.present(narrowed: narrowed) else {
            return entry
        }
        entry.detail["evidence"] = isForward ? ruling.passed : ruling.sentences
        entry.detail.merge(ruling.detail) { $1 }
        if case .back(let reason) = operation.rollout.direction {
            entry.outcome = canary.isHarmful ? ruling.verdict : "back"
            entry.detail["reason"] = reason
        } else if isLowered {
            entry.outcome = "lowered"
        }
        return entry
    }
}
