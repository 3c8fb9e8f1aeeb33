package import AirlockAnalysis
package import AirlockModel

/// Judges a rollout again from its entries in the audit log alone, and holds what the log says of it
/// against that, byte for byte.
package struct RolloutReplay: Sendable {
    /// One entry in which the rollout came to a step or turned back.
    package struct Transition: Hashable, Sendable {
        package let entry: Int
        package let time: Timestamp
        /// Counted from 1.
        package let step: Int
        /// Share of the traffic in per mille.
        package let perMille: Int
        /// `step`, `lowered`, `harmful` or `back`.
        package let outcome: String
        /// What the judge says of the looks until then; nil while nothing was judged.
        package let verdict: String?
        /// The numbers of each metric at that look.
        package let comparisons: [Comparison]
        /// Why it turned back, as the judge says it where it found harm; nil for what goes on.
        package let reason: String?
        /// What the log says differently, the first first; empty when it says the same.
        package let differences: [String]
    }

    /// The evidence after one look.
    package struct Point: Hashable, Sendable {
        /// Milliseconds since 1970.
        package let at: Int
        /// From 0.
        package let step: Int
        package let harm: LogEvidence
        package let safety: LogEvidence
    }

    package let operation: Int
    package private(set) var lane: LaneID?
    package private(set) var policy: JudgedPolicy?
    package private(set) var transitions: [Transition] = []
    /// What is wrong beside a transition, such as looks that are missing.
    package private(set) var faults: [String] = []
    /// Looks that were judged again.
    package private(set) var looks = 0
    package private(set) var points: [Point] = []

    private var judge: Judge?
    /// Looks of the log since the last transition, and how many of them were judged.
    private var ahead: [JudgedLook] = []
    private var judged = 0
    private var step = 0
    /// Why it turned back; nil while it goes forward.
    private var reason: String?

    /// Replays one operation.
    ///
    /// - Parameter entries: Entries of the log in their order; those of other operations are skipped.
    package init(of operation: Int, in entries: [AuditEntry]) {
        self.operation = operation
        for entry in entries where entry.draft.operation == operation { take(entry) }
        while judged < ahead.count { judgeNext() }
        if judge?.reasons.isEmpty == false, reason == nil {
            note(fault: "harm was found, and it did not turn back")
        }
    }

    /// Looks of one rollout that are judged at the most: more than a month of one a second. Sums of their
    /// counts stay within their types.
    private static let mostLooks = 1 << 22

    /// The operations of a log that say what they were judged by, in their order.
    package static func operations(in entries: [AuditEntry]) -> [Int] {
        entries.filter { $0.draft.kind == .decision && $0.draft.detail["policy"] != nil }
            .compactMap(\.draft.operation)
    }

    /// The operations of a log whose transitions are there and not what they were judged by: they began
    /// under a version that did not write it down.
    package static func operationsWithoutPolicy(in entries: [AuditEntry]) -> Set<Int> {
        let moved = entries.filter {
            $0.draft.kind == .decision && $0.draft.detail["perMille"] != nil
        }
        return Set(moved.compactMap(\.draft.operation)).subtracting(operations(in: entries))
    }

    /// The first thing in which log and replay differ; nil when they are the same.
    package private(set) var firstDifference: String?

    private mutating func note(fault: String) {
        faults.append(fault)
        firstDifference = firstDifference ?? fault
    }

    // MARK: Taking entries

    private mutating func take(_ entry: AuditEntry) {
        let draft = entry.draft
        switch draft.kind {
        case .evidence: takeLooks(entry)
        // A word of a person about a step is no transition; only those have a share.
        case .decision where draft.detail["perMille"] != nil: takeTransition(entry)
        case .decision where draft.outcome == "rolledBack",
            .quarantined:
            hold(entry)
        case .decision, .started, .adopted, .claimed, .commitAccepted, .commitRefused, .intended,
            .settled, .drift, .frozen, .thawed, .healing, .paged, .released, .alarm, .clock,
            .trust:
            return
        }
    }

    private mutating func takeLooks(_ entry: AuditEntry) {
        guard let policy else {
            note(fault: "entry \(entry.sequence): looks before the policy they are judged by")
            return
        }
        do throws(EvidenceFault) {
            let found = try EvidenceColumns.looks(
                in: entry.draft.detail, of: policy)
            let expected = looks + ahead.count - judged + 1
            guard expected + found.looks.count <= Self.mostLooks else {
                note(fault: "entry \(entry.sequence): more looks than can be judged again")
                return
            }
            if found.first != expected {
                note(
                    fault:
                        "entry \(entry.sequence): it begins with look \(found.first), not \(expected)"
                )
            }
            ahead += found.looks
        } catch {
            switch error {
            case .column(let name):
                note(fault: "entry \(entry.sequence): \(name) cannot be read")
            }
        }
    }

    private mutating func takeTransition(_ entry: AuditEntry) {
        if entry.draft.detail["policy"] != nil {
            guard policy == nil, let read = JudgedPolicy(detail: entry.draft.detail) else {
                note(fault: "entry \(entry.sequence): its policy cannot be read or comes twice")
                return
            }
            (policy, judge, lane) = (read, Judge(policy: read.policy), entry.draft.lane)
        }
        guard let policy else {
            note(fault: "entry \(entry.sequence): a step before the policy it is judged by")
            return
        }
        var differences: [String] = []
        let ruling = judgeAgain(entry, &differences)
        let isForward = entry.draft.outcome == "step"
        let isLowered = entry.draft.outcome == "lowered"
        // What turns back may have been lowered in the same look.
        if !isForward { step = lowered(by: entry) ?? step }
        if !transitions.isEmpty, isForward { step += 1 }
        let isBack = !isForward && !isLowered
        var told = entry.draft
        told.actor = .airlock
        if isBack { told.outcome = ruling?.verdict == "harmful" ? "harmful" : "back" }
        told.detail = [
            "step": "\(step + 1) of \(policy.steps.count)",
            "perMille": policy.steps.indices.contains(step) ? "\(policy.steps[step])" : "",
        ]
        if isBack { told.detail["reason"] = entry.draft.detail["reason"] }
        if let ruling {
            told.detail.merge(ruling.detail) { $1 }
            told.detail["evidence"] = isForward ? ruling.passed : ruling.sentences
            if told.outcome == "harmful" { told.detail["reason"] = ruling.sentences }
            if !isBack, ruling.verdict == "harmful" {
                differences.append("entry \(entry.sequence): it goes on after harm was found")
            }
        }
        if entry.draft.detail["policy"] != nil {
            told.detail.merge(policy.detail) { $1 }
            // What goes back to what ran before is not judged, and nothing of that can be judged again.
            if entry.draft.detail["return"] != nil {
                told.detail["return"] = Change.returnPhrase
            } else {
                told.detail["falseAlarms"] = policy.policy.budget.description
            }
        }
        if isBack { reason = entry.draft.detail["reason"] }
        differences += Self.differences(of: entry, from: told)
        firstDifference = firstDifference ?? differences.first
        transitions.append(
            Transition(
                entry: entry.sequence, time: entry.draft.time, step: step + 1,
                perMille: policy.steps.indices.contains(step) ? policy.steps[step] : 0,
                outcome: told.outcome ?? "", verdict: ruling?.verdict,
                comparisons: ruling == nil ? [] : judge?.metrics.map(\.comparison) ?? [],
                reason: isBack ? told.detail["reason"] : nil,
                differences: differences))
    }

    /// The step to which a rollout was taken down, by git, a person or for having been widened in vain; nil for one that is not below.
    private func lowered(by entry: AuditEntry) -> Int? {
        let wanted = entry.draft.detail["step"]?.split(separator: " ").first.flatMap { Int($0) }
        return wanted.flatMap { (1...max(1, step)).contains($0) ? $0 - 1 : nil }
    }

    /// What the judge says of the looks that a transition takes into account; nil while nothing was judged.
    private mutating func judgeAgain(
        _ entry: AuditEntry, _ differences: inout [String]
    ) -> Ruling? {
        let detail = entry.draft.detail
        guard let text = detail["looks"] else {
            // Only the first step is come to before anything was seen.
            if detail["policy"] == nil {
                differences.append("entry \(entry.sequence): it does not say what it is judged by")
            }
            return nil
        }
        let wanted = Int(text) ?? -1
        let known = looks + ahead.count - judged
        guard (looks...known).contains(wanted) else {
            differences.append(
                "entry \(entry.sequence): it is judged by \(text) looks, "
                    + "and the log has \(known) until there")
            return nil
        }
        while looks < wanted { judgeNext() }
        ahead.removeFirst(judged)
        judged = 0
        guard let judge else { return nil }
        return Ruling(
            judge, looks: looks, heldMilliseconds: detail["held"].flatMap { Int($0) } ?? -1,
            letOnBy: detail["letOnBy"], widened: detail["widened"], narrowed: detail["narrowed"])
    }

    /// An operation that was rolled back, and its quarantine, give the reason of the turn.
    private mutating func hold(_ entry: AuditEntry) {
        guard policy != nil else { return }
        var told = entry.draft
        told.detail["reason"] = reason ?? ""
        for difference in Self.differences(of: entry, from: told) { note(fault: difference) }
    }

    /// How two forms of an entry differ; values that were cut in the log are cut here too.
    private static func differences(of entry: AuditEntry, from told: AuditDraft) -> [String] {
        let again = AuditEntry(sequence: entry.sequence, draft: told)
        guard again.bytes != entry.bytes else { return [] }
        var found: [String] = []
        if told.outcome != entry.draft.outcome {
            found.append(
                "entry \(entry.sequence): the outcome is \(told.outcome ?? ""), "
                    + "and the log says \(entry.draft.outcome ?? "")")
        }
        for key in Set(told.detail.keys).union(entry.draft.detail.keys).sorted()
        where told.detail[key] != entry.draft.detail[key] {
            found.append(
                "entry \(entry.sequence): \(key) is \(told.detail[key] ?? "absent"), "
                    + "and the log says \(entry.draft.detail[key] ?? "nothing")")
        }
        return found.isEmpty ? ["entry \(entry.sequence): it is spelled in another way"] : found
    }

    // MARK: Judging

    private mutating func judgeNext() {
        guard judged < ahead.count, let policy else { return }
        let look = ahead[judged]
        judged += 1
        judge?.add(Look(look, policy: policy.policy))
        looks += 1
        guard let numbers = judge?.metrics.first?.comparison else { return }
        points.append(
            Point(
                at: look.at, step: look.step, harm: numbers.harm.evidence,
                safety: numbers.safety.evidence))
    }
}
