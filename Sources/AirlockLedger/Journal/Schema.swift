import AirlockPorts
import GRDB

/// The form of the journal's tables; its version is SQLite's `user_version`.
package struct Schema: Sendable {
    /// Step n brings a journal from version n to n + 1; never edited once released.
    package let steps: [String]

    package init(steps: [String]) { self.steps = steps }

    /// The version that these steps lead to.
    var version: Int { steps.count }

    /// What this version of the product writes.
    package static let current = Schema(steps: [first, second, third])

    /// Version 1. Every row has the hash of its key columns and its payload; see ``SealedRow``.
    private static let first = """
        CREATE TABLE meta (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE lanes (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE rollouts (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE freezes (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE claims (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE quarantines (
            position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, payload BLOB NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE operations (
            number INTEGER PRIMARY KEY, lane TEXT NOT NULL, open INTEGER NOT NULL, ended INTEGER,
            payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX operations_of_lane ON operations (lane, number);
        CREATE INDEX operations_open ON operations (number) WHERE open = 1;
        CREATE TABLE intents (
            key TEXT PRIMARY KEY, operation INTEGER NOT NULL, step INTEGER NOT NULL,
            open INTEGER NOT NULL, payload BLOB NOT NULL, outcome BLOB, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX intents_of_operation ON intents (operation, step);
        CREATE INDEX intents_open ON intents (key) WHERE open = 1;
        CREATE TABLE entries (
            seq INTEGER PRIMARY KEY, lane TEXT, bytes BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX entries_of_lane ON entries (lane, seq) WHERE lane IS NOT NULL;
        """

    /// The version from which on there is what people said about open operations.
    static let steerings = 2

    /// Version 2: what people said about open operations.
    private static let second = """
        CREATE TABLE steerings (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// The version from which on there is how test jobs came out.
    static let verifications = 3

    /// Version 3: how the test jobs of lanes came out.
    private static let third = """
        CREATE TABLE verifications (
            key TEXT PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// The version of an open journal; 0 for a new file.
    static func version(of db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// Brings a journal to ``version`` in one transaction.
    ///
    /// A journal of an older version is copied first, to a file whose name ends with that version.
    /// - Throws: ``LedgerError/newer(found:known:)`` for a journal of a later version.
    func migrate(_ queue: DatabaseQueue, copy: (Int) -> String) throws {
        let found = try queue.read(Self.version)
        guard found <= version else { throw LedgerError.newer(found: found, known: version) }
        guard found < version else { return }
        if found > 0 { try Self.copy(queue, to: copy(found)) }
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                for step in steps[found...] { try db.execute(sql: step) }
                try db.execute(sql: "PRAGMA user_version = \(version)")
                return .commit
            }
        }
    }

    /// A copy that was left half-made by a kill is made again.
    private static func copy(_ queue: DatabaseQueue, to path: String) throws {
        let draft = "\(path).draft"
        try DurableFile.remove(draft)
        try DurableFile.replace(draft, with: [], draft: "\(draft).new")
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "VACUUM INTO ?", arguments: [draft])
        }
        try DurableFile.adopt(draft, as: path)
    }
}
