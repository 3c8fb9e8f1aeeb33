import AirlockModel
import AirlockPorts
import Foundation
import GRDB

/// The rows of the table `intents`: what was intended and how it ended.
enum StoredIntent {
    private static let table = "intents"

    /// Opens an intent, or opens one again that ended without its effect.
    ///
    /// - Throws: ``LedgerError/contradiction(_:)`` when it is open or was done: doing it again would
    ///   double the effect.
    static func open(_ record: IntentRecord, in db: Database) throws {
        let key = record.order.key
        if let stored = try find(key, in: db) {
            guard let outcome = stored.outcome else {
                throw LedgerError.contradiction("intent \(key) is open already")
            }
            guard outcome.allowsAnotherTry else {
                throw LedgerError.contradiction("intent \(key) ended as \(outcome.phrase)")
            }
        }
        try write(
            key: key, order: (record.order.operation, record.step),
            payload: try SealedRow.payload(record), outcome: nil, in: db)
    }

    /// Ends an open intent.
    ///
    /// - Throws: ``LedgerError/contradiction(_:)`` when there is none with that key.
    static func settle(_ key: ActionKey, _ outcome: IntentOutcome, in db: Database) throws {
        guard let stored = try find(key, in: db), stored.outcome == nil else {
            throw LedgerError.contradiction("there is no open intent \(key)")
        }
        try write(
            key: key, order: (stored.operation, stored.step), payload: stored.payload,
            outcome: try SealedRow.payload(outcome), in: db)
    }

    /// The intents that a clause behind `FROM intents` selects.
    static func all(
        _ clause: String, _ arguments: StatementArguments = [], in db: Database
    ) throws -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        var rows: [Stored] = []
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT \(columns) FROM intents \(clause)", arguments: arguments)
        while let row = try cursor.next() { rows.append(try Stored(row)) }
        let records = try SealedRow.decode(
            IntentRecord.self, rows.map { ($0.key, $0.payload) }, table: table)
        return zip(records, rows).map { ($0, $1.outcome) }
    }

    private static let columns = "key, operation, step, open, payload, outcome, hash"

    private static func find(_ key: ActionKey, in db: Database) throws -> Stored? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM intents WHERE key = ?")
        return try Row.fetchOne(statement, arguments: [key.description]).map(Stored.init)
    }

    private static func write(
        key: ActionKey, order: (operation: Int, step: Int), payload: Data, outcome: Data?,
        in db: Database
    ) throws {
        let isOpen = outcome == nil ? 1 : 0
        let hash = SealedRow.hash(
            table, "\(key) \(order.operation) \(order.step) \(isOpen)", payload, outcome: outcome)
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO intents
                (key, operation, step, open, payload, outcome, hash) VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            key.description, order.operation, order.step, isOpen, payload, outcome, hash,
        ])
    }

    /// A row whose hash was checked.
    private struct Stored {
        let key: String
        let operation: Int
        let step: Int
        let payload: Data
        let outcome: IntentOutcome?

        init(_ row: Row) throws {
            key = row[0]
            operation = row[1]
            step = row[2]
            let isOpen: Int = row[3]
            payload = row[4]
            let spelled: Data? = row[5]
            try SealedRow.check(
                table, "\(key) \(operation) \(step) \(isOpen)", payload, outcome: spelled,
                hash: row[6])
            outcome = try spelled.map { [key] in
                try SealedRow.decode(IntentOutcome.self, $0, table: table, key: key)
            }
        }
    }
}
