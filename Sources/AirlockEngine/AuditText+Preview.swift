import AirlockModel

extension AuditText {
    /// The entry of a preview that was decided, or given up; nil when neither happened just now.
    static func previewed(
        _ operation: OperationRecord, from old: RolloutState, at time: Timestamp
    ) -> AuditDraft? {
        let state = operation.rollout
        guard let preview = state.preview, case .blueGreen(let plan)? = operation.change?.strategy,
            case .forward = old.direction
        else { return nil }
        var isEnded = false
        if case .back = state.direction { isEnded = true }
        let word: String
        switch preview.verdict {
        case .passed:
            guard old.preview?.passed != preview.passed else { return nil }
            word = "passed"
        case .failed: word = "failed"
        case .open:
            guard isEnded else { return nil }
            word = "undecided"
        }
        var entry = draft(.decision, operation, at: time, outcome: "preview \(word)")
        entry.actor = .airlock
        entry.detail["slot"] = operation.change?.target.slot?.description
        let checks = zip(plan.preview?.checks ?? [], preview.checks)
        for (place, (check, standing)) in checks.enumerated() {
            entry.detail["check \(place + 1)"] = standing.told ?? "\(check.phrase): not asked"
        }
        entry.detail["bounds"] = preview.bounds.map { $0.told ?? "not looked at" }
        return entry
    }
}
