import AirlockModel
import AirlockPorts

/// The content of a ``MemoryLedger``: what the writes came to, and the history behind it.
struct MemoryJournal: Sendable {
    private(set) var state = LedgerState()
    private(set) var operations: [Int: OperationRecord] = [:]
    private(set) var intents: [ActionKey: (intent: IntentRecord, outcome: IntentOutcome?)] = [:]
    private(set) var entries: [AuditEntry] = []

    /// Writes all of a transaction or nothing.
    /// - Throws: ``LedgerError/contradiction(_:)`` or ``LedgerError/entryTooLarge(bytes:)``.
    mutating func perform(_ transaction: LedgerTransaction) throws(LedgerError) -> [Int] {
        let first = entries.count
        let accepted = try transaction.entries(numberedFrom: first).map(Self.stored)
        let writes = transaction.writes(numberedFrom: first)
        let changed = try intents(after: writes)
        entries += accepted
        intents.merge(changed) { $1 }
        for write in writes {
            if case .operation(let record) = write { operations[record.number] = record }
            if case .rollout(let record) = write {
                let isOpen = operations[record.operation]?.outcome == nil
                if isOpen { operations[record.operation]?.rollout = record.state }
            }
            state.apply(write)
        }
        return Array(first..<entries.count)
    }

    /// An entry as its bytes spell it, long text cut.
    private static func stored(_ entry: AuditEntry) throws(LedgerError) -> AuditEntry {
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
                .quarantine,
                .release, .claimed, .clock:
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
