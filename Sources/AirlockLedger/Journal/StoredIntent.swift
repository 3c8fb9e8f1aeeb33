import AirlockModel
import AirlockPorts
import Foundation
import GRDB

/// The rows of the table `intents`: what was intended and how it ended.
enum StoredIntent {
    private static let table = "intents"

    /// The payload of an intent, all but the number of its audit entry, which only the journal knows.
    static func payload(_ record: IntentRecord) throws -> Data {
        var record = record
        record.entry = nil
        return try SealedRow.payload(record)
    }

    /// Opens an intent, or opens one again that ended without its effect.
    ///
    /// - Parameter payload: What ``payload(_:)`` says of the record.
    /// - Throws: ``LedgerError/contradiction(_:)`` when it is open or was done: doing it again would
    ///   double the effect.
    static func open(_ record: IntentRecord, _ payload: Data, in db: Database) throws {
        let key = record.order.key
        let columns = (operation: record.order.operation, step: record.step)
        let numbered = Self.numbered(payload, record.entry)
        guard try !insert(key: key, order: columns, payload: numbered, in: db) else { return }
        guard let outcome = try find(key, in: db)?.outcome else {
            throw LedgerError.contradiction("intent \(key) is open already")
        }
        guard outcome.allowsAnotherTry else {
            throw LedgerError.contradiction("intent \(key) ended as \(outcome.phrase)")
        }
        try update(key: key, order: columns, payload: numbered, outcome: nil, in: db)
    }

    /// Puts the number of the audit entry into a payload that was spelled without it.
    private static func numbered(_ payload: Data, _ entry: Int?) -> Data {
        guard let entry else { return payload }
        var numbered = Data("{\"entry\":\(entry),".utf8)
        numbered.append(payload.dropFirst())
        return numbered
    }

    /// Ends an open intent.
    ///
    /// - Throws: ``LedgerError/contradiction(_:)`` when there is none with that key.
    static func settle(_ key: ActionKey, _ outcome: IntentOutcome, in db: Database) throws {
        guard let stored = try find(key, in: db), stored.outcome == nil else {
            throw LedgerError.contradiction("there is no open intent \(key)")
        }
        try update(
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

    /// Inserts an open intent.
    ///
    /// - Returns: Whether there was none with that key; one that there was is left as it is.
    private static func insert(
        key: ActionKey, order: (operation: Int, step: Int), payload: Data, in db: Database
    ) throws -> Bool {
        try db.cachedStatement(
            sql: """
                INSERT INTO intents (key, operation, step, open, payload, outcome, hash)
                VALUES (?, ?, ?, 1, ?, NULL, ?) ON CONFLICT (key) DO NOTHING
                """
        ).execute(arguments: [
            key.description, order.operation, order.step, payload,
            hash(key, order, payload, outcome: nil),
        ])
        return db.changesCount == 1
    }

    private static func update(
        key: ActionKey, order: (operation: Int, step: Int), payload: Data, outcome: Data?,
        in db: Database
    ) throws {
        try db.cachedStatement(
            sql: """
                UPDATE intents
                SET operation = ?, step = ?, open = ?, payload = ?, outcome = ?, hash = ?
                WHERE key = ?
                """
        ).execute(arguments: [
            order.operation, order.step, outcome == nil ? 1 : 0, payload, outcome,
            hash(key, order, payload, outcome: outcome), key.description,
        ])
    }

    private static func hash(
        _ key: ActionKey, _ order: (operation: Int, step: Int), _ payload: Data, outcome: Data?
    ) -> Data {
        let isOpen = outcome == nil ? 1 : 0
        return SealedRow.hash(
            table, "\(key) \(order.operation) \(order.step) \(isOpen)", payload, outcome: outcome)
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
