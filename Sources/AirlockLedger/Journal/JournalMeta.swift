import AirlockModel
import AirlockPorts
import Foundation
import GRDB

/// The single values of a journal: rows of the table `meta`.
enum JournalMeta: String {
    case ledger
    case epoch
    /// Who took the last epoch.
    case writer
    case trustRoot
    case head
    case rewrite
    case clock
    /// What stops the whole fleet.
    case stop
    /// The fleet's name, the origin of the audit log.
    case origin
    /// The public key of the audit log, in base64.
    case auditKey
    /// The text of the last checkpoint that was signed and written.
    case checkpoint

    /// Inserts or replaces the value.
    func put(_ record: some Encodable, in db: Database) throws {
        try SealedTable.meta.put(record, key: rawValue, in: db)
    }

    /// Forgets the value.
    func remove(in db: Database) throws {
        try SealedTable.meta.remove(rawValue, in: db)
    }

    /// The value; nil when it was never set.
    func get<Record: Decodable>(_ type: Record.Type, in db: Database) throws -> Record? {
        try SealedTable.meta.get(type, key: rawValue, in: db)
    }

    /// The value of a row that every ledger has.
    func need<Record: Decodable>(_ type: Record.Type, in db: Database) throws -> Record {
        guard let value = try get(type, in: db) else {
            throw SealedRow.corrupt(SealedTable.meta.rawValue, rawValue, "it is missing")
        }
        return value
    }

    /// Which ledger it is and its last writer.
    static func claim(in db: Database) throws -> Claim {
        Claim(
            ledger: try ledger.need(LedgerID.self, in: db),
            epoch: try epoch.need(Epoch.self, in: db),
            writer: try writer.get(WriterID.self, in: db))
    }
}
