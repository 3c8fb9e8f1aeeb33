package import AirlockModel

/// Plays an audit log from its first entry to its last and holds it against the journal beside it.
///
/// It believes the entries alone: what they say was intended, done and decided must add up to what the
/// journal says is so. An incident is looked at on a copy, on another machine, with nothing running.
package struct LogReplay: Sendable {
    /// What the log and the journal contradict each other in, or the log itself; empty when they agree.
    package private(set) var violations: [String] = []
    /// Orders that the log says were carried out.
    package private(set) var effects = 0
    /// Processes that were started.
    package private(set) var starts = 0

    /// An order by its idempotency key.
    private struct Order {
        let entry: Int
        let lane: LaneID?
        /// Nil while it has no end.
        var outcome: String?
    }

    private var orders: [String: Order] = [:]
    private var keys: [Int: String] = [:]
    private var epoch = 0
    private var settled: [LaneID: Int] = [:]
    /// Operations that were opened and have no end.
    private var open: [Int: LaneID] = [:]
    private var quarantined: [LaneID: Set<String>] = [:]

    /// Plays all entries, then compares with the journal.
    ///
    /// - Parameter state: What the journal of the same backup holds.
    package init(_ entries: [AuditEntry], state: LedgerState) {
        for (number, entry) in entries.enumerated() {
            if entry.sequence != number {
                violations.append("entry \(number) has number \(entry.sequence)")
            }
            take(entry)
        }
        compare(with: state)
    }

    private mutating func take(_ entry: AuditEntry) {
        let draft = entry.draft
        switch draft.kind {
        case .started: start(entry)
        case .intended: intend(entry)
        case .settled: settle(entry)
        case .decision: decide(draft)
        case .quarantined:
            guard let lane = draft.lane, let slot = draft.detail["slot"] else { return }
            quarantined[lane, default: []].insert(slot)
        case .released:
            guard let lane = draft.lane, let slot = draft.detail["slot"] else { return }
            quarantined[lane]?.remove(slot)
        case .adopted, .claimed, .commitAccepted, .commitRefused, .evidence, .drift, .frozen,
            .thawed, .healing, .paged, .alarm, .clock, .trust:
            return
        }
    }

    private mutating func start(_ entry: AuditEntry) {
        starts += 1
        guard let next = entry.draft.detail["epoch"].flatMap({ Int($0) }) else { return }
        if next <= epoch {
            violations.append("entry \(entry.sequence): epoch \(next) began after epoch \(epoch)")
        }
        epoch = max(epoch, next)
    }

    private mutating func intend(_ entry: AuditEntry) {
        let key = entry.draft.detail["key"] ?? ""
        if let before = orders[key] {
            if let outcome = before.outcome {
                if Self.isDone(outcome) {
                    violations.append(
                        "entry \(entry.sequence): intended again what \(before.entry) did")
                }
            } else {
                violations.append("entry \(entry.sequence): intended while \(before.entry) is open")
            }
        }
        orders[key] = Order(entry: entry.sequence, lane: entry.draft.lane)
        keys[entry.sequence] = key
    }

    private mutating func settle(_ entry: AuditEntry) {
        guard let about = entry.draft.about, let key = keys[about], var order = orders[key] else {
            violations.append("entry \(entry.sequence) ends what was never intended")
            return
        }
        if order.entry != about || order.outcome != nil {
            violations.append("entry \(entry.sequence) ends \(about) a second time")
        }
        let outcome = entry.draft.outcome ?? ""
        order.outcome = outcome
        orders[key] = order
        if Self.isDone(outcome) { effects += 1 }
    }

    private mutating func decide(_ draft: AuditDraft) {
        guard let lane = draft.lane, let operation = draft.operation else { return }
        switch draft.outcome {
        case "change", "repair", "rollback", "heal", "verify": begin(operation, in: lane)
        case "reverse":
            begin(operation, in: lane)
            // The lane is where it was before the change, from here on.
            settled[lane] = draft.detail["toOperation"].flatMap { Int($0) }
        case "settled":
            open[operation] = nil
            // A repair brings back what was settled before.
            if draft.change != nil { settled[lane] = operation }
        case "rolledBack", "superseded", "expired", "passed", "failed", "timedOut":
            open[operation] = nil
        case _: return
        }
    }

    /// A lane has one operation at a time; in older logs one whose place was taken has no end of its own.
    private mutating func begin(_ operation: Int, in lane: LaneID) {
        for (number, other) in open where other == lane { open[number] = nil }
        open[operation] = lane
    }

    private static func isDone(_ outcome: String) -> Bool {
        ["done", "done before", "seen done"].contains(outcome)
    }

    private mutating func compare(with state: LedgerState) {
        let unended = orders.filter { $0.value.outcome == nil }
        let kept = Set(state.intents.keys.map(\.description))
        for (key, order) in unended.sorted(by: { $0.value.entry < $1.value.entry })
        where !kept.contains(key) {
            violations.append("entry \(order.entry) has no end, and the journal lost the intent")
        }
        for key in kept.subtracting(unended.keys).sorted() {
            violations.append("the journal holds intent \(key), which the log has not or has ended")
        }
        for (number, lane) in open.sorted(by: { $0.key < $1.key })
        where state.operations[number] == nil && state.lanes[lane]?.operation != nil {
            violations.append("\(lane): the log has operation \(number) open, the journal not")
        }
        for record in state.lanes.values {
            guard let known = record.settled else { continue }
            guard let told = settled[record.lane], let kept = known.operation, told != kept
            else { continue }
            violations.append(
                "\(record.lane): the log settled operation \(told) last, the journal \(kept)")
        }
        for (lane, slots) in quarantined.sorted(by: { $0.key < $1.key }) {
            let kept = Set((state.quarantines[lane] ?? []).map(\.slot.description))
            if kept != slots { violations.append("\(lane): log and journal differ in quarantine") }
        }
    }
}
