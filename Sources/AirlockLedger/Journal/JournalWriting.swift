import AirlockModel
import AirlockPorts
import Foundation
import GRDB

/// Carries out the writes of transactions inside one SQLite transaction.
enum JournalWriting {
    /// Writes a transaction, its entries numbered from `first`.
    ///
    /// - Throws: ``LedgerError/contradiction(_:)`` or ``LedgerError/entryTooLarge(bytes:)`` for what
    ///   is wrong with this transaction alone; anything else is a fault of the journal.
    static func perform(_ spelled: SpelledTransaction, first: Int, in db: Database) throws {
        var transaction = spelled.transaction
        transaction.number(from: first)
        for (offset, (draft, entry)) in zip(transaction.entries, spelled.entries).enumerated() {
            let sequence = first + offset
            try insert(
                entry.bytes(sequence: sequence), sequence: sequence, lane: draft.lane, in: db)
        }
        for (write, payload) in zip(transaction.writes, spelled.payloads) {
            try perform(write, payload, in: db)
        }
    }

    private static func insert(
        _ bytes: [UInt8], sequence: Int, lane: LaneID?, in db: Database
    ) throws {
        guard bytes.count <= AuditEntry.maximumBytes else {
            throw LedgerError.entryTooLarge(bytes: bytes.count)
        }
        try db.cachedStatement(
            sql: "INSERT INTO entries (seq, lane, bytes, hash) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [
            sequence, lane?.description, Data(bytes), Data(MerkleHash.leaf(bytes).bytes),
        ])
    }

    private static func perform(
        _ write: JournalWrite, _ payload: Data?, in db: Database
    ) throws {
        switch write {
        case .trustRoot(let commit): try JournalMeta.trustRoot.put(commit, in: db)
        case .head(let record): try JournalMeta.head.put(record, in: db)
        case .rewrite(let record?): try JournalMeta.rewrite.put(record, in: db)
        case .rewrite(nil): try JournalMeta.rewrite.remove(in: db)
        case .lane(let record):
            let payload = try payload ?? SealedRow.payload(record)
            try SealedTable.lanes.put(payload: payload, key: record.lane.description, in: db)
        case .operation(let record):
            let payload = try payload ?? SealedRow.payload(record)
            try StoredOperation.put(record, payload: payload, in: db)
            try SealedTable.rollouts.remove(String(record.number), in: db)
            if record.outcome != nil {
                try SealedTable.steerings.remove(String(record.number), in: db)
            }
        case .rollout(let record):
            let payload = try payload ?? SealedRow.payload(record)
            try SealedTable.rollouts.put(payload: payload, key: String(record.operation), in: db)
        case .intent(let record):
            let payload = try payload ?? StoredIntent.payload(record)
            try StoredIntent.open(record, payload, in: db)
        case .settle(let key, let outcome): try StoredIntent.settle(key, outcome, in: db)
        case .freeze(let freeze):
            try SealedTable.freezes.put(freeze, key: freeze.scope.description, in: db)
        case .thaw(let scope): try SealedTable.freezes.remove(scope.description, in: db)
        case .stop(let record?): try JournalMeta.stop.put(record, in: db)
        case .stop(nil): try JournalMeta.stop.remove(in: db)
        case .quarantine(let record):
            try SealedTable.quarantines.put(record, key: key(record.lane, record.slot), in: db)
        case .release(let lane, let slot):
            try SealedTable.quarantines.remove(key(lane, slot), in: db)
        case .revert(let lane, let slot, let operation, let due):
            let key = key(lane, slot)
            let found = try SealedTable.quarantines.get(Quarantine.self, key: key, in: db)
            guard var record = found, record.operation == operation else { return }
            record.revertDue = due
            try SealedTable.quarantines.replace(record, key: key, in: db)
        case .steering(let steering):
            // What was said a moment too late is said about nothing, and nothing would take it away again.
            guard try StoredOperation.isOpen(steering.operation, in: db) else { return }
            try SealedTable.steerings.put(steering, key: String(steering.operation), in: db)
        case .verified(let record):
            try SealedTable.verifications.put(record, key: record.lane.description, in: db)
        case .claimed(let record):
            try SealedTable.claims.put(record, key: record.environment.description, in: db)
        case .clock(let moment): try JournalMeta.clock.put(moment, in: db)
        }
    }

    private static func key(_ lane: LaneID, _ slot: SlotID) -> String { "\(lane) \(slot)" }
}

/// The rows of the table `operations`.
enum StoredOperation {
    private static let table = "operations"

    /// Inserts or replaces an operation.
    static func put(_ record: OperationRecord, payload: Data, in db: Database) throws {
        let isOpen = record.outcome == nil
        let hash = SealedRow.hash(table, key(record.number, record.lane, isOpen), payload)
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO operations (number, lane, open, ended, payload, hash)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            record.number, record.lane.description, isOpen, record.ended?.milliseconds, payload,
            hash,
        ])
    }

    /// Whether an operation of that number has not ended.
    static func isOpen(_ number: Int, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT 1 FROM operations WHERE number = ? AND open = 1")
        return try Row.fetchOne(statement, arguments: [number]) != nil
    }

    /// The operations that a clause behind `FROM operations` selects.
    ///
    /// The column `ended` decides what is pruned and is in no hash, so it is held to the record.
    static func all(
        _ clause: String, _ arguments: StatementArguments = [], in db: Database
    ) throws -> [OperationRecord] {
        var rows: [(key: String, payload: Data)] = []
        var ends: [Int?] = []
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT number, lane, open, payload, hash, ended FROM operations \(clause)",
            arguments: arguments)
        while let row = try cursor.next() {
            let key = "\(row[0] as Int) \(row[1] as String) \(row[2] as Int)"
            let payload: Data = row[3]
            try SealedRow.check(table, key, payload, hash: row[4])
            rows.append((key, payload))
            ends.append(row[5])
        }
        let records = try SealedRow.decode(OperationRecord.self, rows, table: table)
        for (index, record) in records.enumerated()
        where record.ended?.milliseconds != ends[index] {
            throw SealedRow.corrupt(
                table, rows[index].key, "its column ended is not what its record says")
        }
        return records
    }

    private static func key(_ number: Int, _ lane: LaneID, _ isOpen: Bool) -> String {
        "\(number) \(lane) \(isOpen ? 1 : 0)"
    }
}
