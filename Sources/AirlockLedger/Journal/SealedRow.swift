import AirlockModel
import AirlockPorts
import Crypto
import Foundation
import GRDB

/// How a row of the journal is written and read: a JSON payload and the SHA-256 over the table, the
/// key columns and the payload, so that neither a flipped bit nor a swapped row goes unseen.
///
/// `operations.ended` and `entries.lane` are copies of what a payload says, outside of its hash: the
/// first is compared wherever an operation is read, the second by ``JournalReading/check(_:)``.
enum SealedRow {
    private static let decoder = JSONDecoder()
    /// Rows that are decoded in one go; setting up a decoder costs more than a row.
    private static let chunk = 512

    /// The payload of a record.
    static func payload(_ record: some Encodable) throws -> Data {
        Data(try JSONSpelling.bytes(of: record))
    }

    /// What stands in a row's `hash`.
    /// - Parameter outcome: The second payload of an intent.
    static func hash(_ table: String, _ key: String, _ payload: Data, outcome: Data? = nil) -> Data
    {
        var hasher = SHA256()
        hasher.update(data: Array("\(table)\n\(key)\n\(payload.count)\n".utf8))
        hasher.update(data: payload)
        if let outcome { hasher.update(data: outcome) }
        return Data(hasher.finalize())
    }

    /// Throws ``LedgerError/corrupt(what:)`` with the table and the key unless the hash fits.
    static func check(
        _ table: String, _ key: String, _ payload: Data, outcome: Data? = nil, hash: Data
    ) throws {
        guard self.hash(table, key, payload, outcome: outcome) == hash else {
            throw corrupt(table, key, "its hash does not fit")
        }
    }

    /// The record of a checked payload.
    static func decode<Record: Decodable>(
        _ type: Record.Type, _ payload: Data, table: String, key: String
    ) throws -> Record {
        do {
            return try decoder.decode(type, from: payload)
        } catch {
            throw corrupt(table, key, "it cannot be read: \(error)")
        }
    }

    /// The records of checked payloads, in their order.
    static func decode<Record: Decodable>(
        _ type: Record.Type, _ rows: [(key: String, payload: Data)], table: String
    ) throws -> [Record] {
        var records: [Record] = []
        records.reserveCapacity(rows.count)
        for start in stride(from: 0, to: rows.count, by: chunk) {
            let part = rows[start..<min(start + chunk, rows.count)]
            var text = Data("[".utf8)
            for (index, row) in part.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text.append(row.payload)
            }
            text.append(UInt8(ascii: "]"))
            do {
                records += try decoder.decode([Record].self, from: text)
            } catch {
                for row in part {
                    _ = try decode(type, row.payload, table: table, key: row.key)
                }
                throw corrupt(table, part.first?.key ?? "", "its neighbourhood cannot be read")
            }
        }
        return records
    }

    /// The halt that names a row.
    static func corrupt(_ table: String, _ key: String, _ what: String) -> LedgerError {
        .corrupt(what: "ledger.sqlite, table \(table), row \(key): \(what)")
    }
}

/// A table of (key, payload, hash).
enum SealedTable: String, CaseIterable {
    case meta
    case lanes
    case rollouts
    case freezes
    case claims
    case quarantines
    case steerings
    case verifications

    /// Inserts a record or replaces the one with its key.
    func put(_ record: some Encodable, key: String, in db: Database) throws {
        try put(payload: SealedRow.payload(record), key: key, in: db)
    }

    /// Inserts a record that was spelled before, or replaces the one with its key.
    func put(payload: Data, key: String, in db: Database) throws {
        let hash = SealedRow.hash(rawValue, key, payload)
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO \(rawValue) (key, payload, hash) VALUES (?, ?, ?)"
        ).execute(arguments: [key, payload, hash])
    }

    /// Replaces a record that is there, in its place.
    func replace(_ record: some Encodable, key: String, in db: Database) throws {
        let payload = try SealedRow.payload(record)
        try db.cachedStatement(
            sql: "UPDATE \(rawValue) SET payload = ?, hash = ? WHERE key = ?"
        ).execute(arguments: [payload, SealedRow.hash(rawValue, key, payload), key])
    }

    /// Removes a record; one that is not there is no fault.
    func remove(_ key: String, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM \(rawValue) WHERE key = ?")
            .execute(arguments: [key])
    }

    /// The record with that key.
    func get<Record: Decodable>(_ type: Record.Type, key: String, in db: Database) throws -> Record?
    {
        let statement = try db.cachedStatement(
            sql: "SELECT payload, hash FROM \(rawValue) WHERE key = ?")
        guard let row = try Row.fetchOne(statement, arguments: [key]) else { return nil }
        let payload: Data = row[0]
        try SealedRow.check(rawValue, key, payload, hash: row[1])
        return try SealedRow.decode(type, payload, table: rawValue, key: key)
    }

    /// All records, in the order of their keys; those of quarantines in that of their insertion.
    func all<Record: Decodable>(_ type: Record.Type, in db: Database) throws -> [Record] {
        let order = self == .quarantines ? "position" : "key"
        var rows: [(key: String, payload: Data)] = []
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT key, payload, hash FROM \(rawValue) ORDER BY \(order)")
        while let row = try cursor.next() {
            let (key, payload): (String, Data) = (row[0], row[1])
            try SealedRow.check(rawValue, key, payload, hash: row[2])
            rows.append((key, payload))
        }
        return try SealedRow.decode(type, rows, table: rawValue)
    }
}
