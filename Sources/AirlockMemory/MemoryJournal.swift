import AirlockModel
import AirlockPorts

/// The content of a ``MemoryLedger``: what the writes came to, and the history behind it.
struct MemoryJournal: Sendable {
    private(set) var state = LedgerState()
    private(set) var operations: [Int: OperationRecord] = [:]
    private(set) var intents: [ActionKey: (intent: IntentRecord, outcome: IntentOutcome?)] = [:]
    private(set) var entries: [AuditEntry] = []

    /// A transaction that was found right, as it is written: once in memory, once on the disk.
    struct Step: Sendable {
        let entries: [AuditEntry]
        let writes: [JournalWrite]
        let intents: [ActionKey: (intent: IntentRecord, outcome: IntentOutcome?)]
    }

    /// Checks a transaction against what stands here.
    /// - Throws: ``LedgerError/contradiction(_:)`` or ``LedgerError/entryTooLarge(bytes:)``.
    func step(_ transaction: LedgerTransaction) throws(LedgerError) -> Step {
        let first = entries.count
        var accepted: [AuditEntry] = []
        for entry in transaction.entries(numberedFrom: first) {
            accepted.append(try Self.stored(entry))
        }
        let writes = transaction.writes(numberedFrom: first)
        return Step(entries: accepted, writes: writes, intents: try intents(after: writes))
    }

    /// Writes what was checked against just this journal.
    mutating func apply(_ step: Step) {
        entries += step.entries
        for (key, known) in step.intents { intents[key] = known }
        for write in step.writes {
            if case .operation(let record) = write { operations[record.number] = record }
            if case .rollout(let record) = write {
                let isOpen = operations[record.operation]?.outcome == nil
                if isOpen { operations[record.operation]?.rollout = record.state }
            }
            state.apply(write)
        }
    }

    /// An entry as its bytes spell it, long text cut.
    private static func stored(_ entry: AuditEntry) throws(LedgerError) -> AuditEntry {
        // Bytes and back is half of what a simulated life costs, and changes only long text.
        if isShort(entry.draft) { return entry }
        let bytes = entry.bytes
        guard bytes.count <= AuditEntry.maximumBytes else {
            throw .entryTooLarge(bytes: bytes.count)
        }
        do throws(AuditEntryError) {
            return try AuditEntry(bytes: bytes)
        } catch {
            preconditionFailure("an entry reads what it wrote: \(error)")
        }
    }

    /// The longest id of an actor that is surely not cut, in bytes.
    private static let shortActor = 256
    /// What the fields take that are no free text, and the marks around values, in bytes.
    private static let reserved = 4 * 1024

    /// Whether no text of an entry can be cut, however it is spelled.
    private static func isShort(_ draft: AuditDraft) -> Bool {
        guard draft.actor.id.utf8.count <= shortActor else { return false }
        let outcome = draft.outcome ?? ""
        let plain = draft.detail.reduce(outcome.utf8.count) { size, pair in
            size + pair.key.utf8.count + pair.value.utf8.count
        }
        // However it is escaped; most entries are as short as that.
        if plain <= 1024 { return true }
        guard outcome.utf8.count <= AuditEntry.maximumDetailBytes else { return false }
        var size = spelledBytes(draft.actor.id) + spelledBytes(outcome)
        for (key, value) in draft.detail {
            guard value.utf8.count <= AuditEntry.maximumDetailBytes else { return false }
            // Two pairs of quotes, a colon and a comma.
            size += spelledBytes(key) + spelledBytes(value) + 6
        }
        return size <= AuditEntry.maximumBytes - reserved
    }

    /// The most bytes that a text takes in JSON without its quotes.
    private static func spelledBytes(_ text: String) -> Int {
        text.utf8.reduce(0) { size, byte in
            let isPlain = byte >= 0x20 && byte != 0x22 && byte != 0x5C
            return size + (isPlain ? 1 : 6)
        }
    }

    /// The intents that the writes change, or what speaks against one of them.
    private func intents(
        after writes: [JournalWrite]
    ) throws(LedgerError) -> [ActionKey: (intent: IntentRecord, outcome: IntentOutcome?)] {
        var changed: [ActionKey: (intent: IntentRecord, outcome: IntentOutcome?)] = [:]
        for write in writes {
            switch write {
            case .intent(let record):
                let key = record.order.key
                try Self.requireReopenable(changed[key] ?? intents[key], key)
                changed[key] = (record, nil)
            case .settle(let key, let outcome):
                guard let known = changed[key] ?? intents[key], known.outcome == nil else {
                    throw .contradiction("there is no open intent \(key)")
                }
                changed[key] = (known.intent, outcome)
            case .trustRoot, .head, .rewrite, .lane, .operation, .rollout, .freeze, .thaw,
                .quarantine, .release, .revert, .steering, .verified, .claimed, .clock, .stop:
                break
            }
        }
        return changed
    }

    private static func requireReopenable(
        _ known: (intent: IntentRecord, outcome: IntentOutcome?)?, _ key: ActionKey
    ) throws(LedgerError) {
        guard let known else { return }
        guard let outcome = known.outcome else {
            throw .contradiction("intent \(key) is open already")
        }
        guard outcome.allowsAnotherTry else {
            throw .contradiction("intent \(key) ended as \(outcome.phrase)")
        }
    }
}
