import AirlockModel
import AirlockPorts
import Foundation
import GRDB

/// Reads the journal on a connection of its own; never locks a writer out.
struct JournalReading: Sendable {
    private let queue: DatabaseQueue

    /// Opens an existing journal for reading.
    /// - Throws: ``LedgerError/missing(path:)``, or ``LedgerError/newer(found:known:)``.
    init(path: String, schema: Schema) throws(LedgerError) {
        guard DurableFile.exists(path) else { throw .missing(path: path) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Self.busySeconds)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let found = try queue.read(Schema.version)
            guard found > 0 else { throw LedgerError.missing(path: path) }
            guard found <= schema.version else {
                throw LedgerError.newer(found: found, known: schema.version)
            }
            self.queue = queue
        } catch {
            throw JournalFault.translate(error)
        }
    }

    /// How long a statement waits for another process, in seconds.
    static let busySeconds = 5.0

    /// One consistent view of the journal; not interrupted when the caller's task is cancelled.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(LedgerError) -> Value {
        let result: Result<Value, LedgerError> = await withCheckedContinuation { continuation in
            queue.asyncRead { database in
                let result = Result { try body(try database.get()) }
                continuation.resume(returning: result.mapError(JournalFault.translate))
            }
        }
        return try result.get()
    }

    /// The same for callers that are not async.
    func readNow<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw JournalFault.translate(error)
        }
    }

    /// Closes the connection; nothing can be read after it.
    func close() throws(LedgerError) {
        do {
            try queue.close()
        } catch {
            throw JournalFault.translate(error)
        }
    }

    /// Everything that decides what happens next.
    static func state(_ db: Database) throws -> LedgerState {
        var state = LedgerState()
        state.trustRoot = try JournalMeta.trustRoot.get(CommitID.self, in: db)
        state.head = try JournalMeta.head.get(HeadRecord.self, in: db)
        state.rewrite = try JournalMeta.rewrite.get(RewriteRecord.self, in: db)
        state.clock = try JournalMeta.clock.get(Moment.self, in: db)
        state.stop = try JournalMeta.stop.get(FleetStop.self, in: db)
        let lanes = try SealedTable.lanes.all(LaneRecord.self, in: db)
        for record in lanes { state.apply(.lane(record)) }
        for record in try StoredOperation.all("WHERE open = 1", in: db) {
            state.apply(.operation(record))
        }
        for record in try SealedTable.rollouts.all(RolloutRecord.self, in: db) {
            state.apply(.rollout(record))
        }
        for (record, _) in try StoredIntent.all("WHERE open = 1", in: db) {
            state.apply(.intent(record))
        }
        for freeze in try SealedTable.freezes.all(Freeze.self, in: db) {
            state.apply(.freeze(freeze))
        }
        for record in try SealedTable.quarantines.all(Quarantine.self, in: db) {
            state.apply(.quarantine(record))
        }
        // A reader may come before the writer that brings an older journal forward.
        let version = try Schema.version(of: db)
        if version >= Schema.steerings {
            for record in try SealedTable.steerings.all(Steering.self, in: db) {
                state.apply(.steering(record))
            }
        }
        if version >= Schema.verifications {
            let records = try SealedTable.verifications.all(VerificationRecord.self, in: db)
            for record in records { state.apply(.verified(record)) }
        }
        for record in try SealedTable.claims.all(ClaimRecord.self, in: db) {
            state.apply(.claimed(record))
        }
        let last = try Int.fetchOne(db, sql: "SELECT max(number) FROM operations")
        state.nextOperation = (last ?? 0) + 1
        return state
    }

    /// Operations, newest first.
    static func operations(
        of lane: LaneID?, limit: Int, in db: Database
    ) throws -> [OperationRecord] {
        let clause = lane == nil ? "" : "WHERE lane = ? "
        let arguments: StatementArguments = lane.map { [$0.description, limit] } ?? [limit]
        var found = try StoredOperation.all(
            clause + "ORDER BY number DESC LIMIT ?", arguments, in: db)
        for index in found.indices where found[index].outcome == nil {
            let key = String(found[index].number)
            let record = try SealedTable.rollouts.get(RolloutRecord.self, key: key, in: db)
            if let record { found[index].rollout = record.state }
        }
        return found
    }

    /// The intents of an operation in the order of their steps.
    static func intents(
        of operation: Int, in db: Database
    ) throws -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        try StoredIntent.all("WHERE operation = ? ORDER BY step, key", [operation], in: db)
    }

    /// The entries that match, in the order of their numbers.
    static func entries(_ filter: AuditFilter, in db: Database) throws -> [AuditEntry] {
        let clause = filter.lane == nil ? "" : "WHERE lane = ? "
        let arguments: StatementArguments = filter.lane.map { [$0.description] } ?? []
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT seq, bytes, hash FROM entries \(clause)ORDER BY seq DESC",
            arguments: arguments)
        var found: [AuditEntry] = []
        while found.count < filter.last ?? Int.max, let row = try cursor.next() {
            let entry = try StoredEntry(row).entry()
            if filter.matches(entry.draft) { found.append(entry) }
        }
        return found.reversed()
    }

    /// Reads every row, so that one whose hash does not fit is found, or whose columns say something
    /// else than its payload.
    static func check(_ db: Database) throws {
        // An index that lacks a row hides it from whoever looks by it, and no hash of a row tells.
        let fault = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)")
        guard fault == "ok" else {
            throw LedgerError.corrupt(what: "ledger.sqlite: \(fault ?? "it cannot be checked")")
        }
        _ = try state(db)
        _ = try StoredOperation.all("", in: db)
        _ = try StoredIntent.all("", in: db)
        var next = 0
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT seq, bytes, hash, lane FROM entries ORDER BY seq")
        while let row = try cursor.next() {
            let stored = try StoredEntry(row)
            guard stored.sequence == next else {
                throw SealedRow.corrupt("entries", String(next), "it is missing")
            }
            next += 1
            let lane: String? = row[3]
            // Entries are looked up by this column, so a changed one would hide its entry.
            guard try stored.entry().draft.lane?.description == lane else {
                throw SealedRow.corrupt(
                    "entries", String(stored.sequence), "its column lane is not what its bytes say")
            }
        }
    }
}

/// A row of the table `entries` whose hash was checked.
struct StoredEntry {
    let sequence: Int
    let bytes: [UInt8]
    let leaf: MerkleHash

    /// Reads (seq, bytes, hash).
    init(_ row: Row) throws {
        sequence = row[0]
        bytes = Array(row[1] as Data)
        leaf = MerkleHash.leaf(bytes)
        guard Data(leaf.bytes) == row[2] as Data else {
            throw SealedRow.corrupt("entries", String(sequence), "its hash does not fit")
        }
    }

    /// The entry that the bytes spell.
    func entry() throws -> AuditEntry {
        do {
            let entry = try AuditEntry(bytes: bytes)
            guard entry.sequence == sequence else {
                throw SealedRow.corrupt(
                    "entries", String(sequence), "it is entry \(entry.sequence)")
            }
            return entry
        } catch let error as AuditEntryError {
            throw SealedRow.corrupt("entries", String(sequence), "\(error)")
        }
    }

    /// The entries with numbers in `range`, all of them.
    static func all(in range: Range<Int>, of db: Database) throws -> [StoredEntry] {
        let statement = try db.cachedStatement(
            sql: "SELECT seq, bytes, hash FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq")
        let rows = try Row.fetchAll(statement, arguments: [range.lowerBound, range.upperBound])
        let entries = try rows.map(StoredEntry.init)
        guard entries.map(\.sequence) == Array(range) else {
            throw SealedRow.corrupt(
                "entries", "\(range.lowerBound)…\(range.upperBound - 1)", "not all are there")
        }
        return entries
    }

    /// The number of entries, which is the number of the next one.
    static func count(_ db: Database) throws -> Int {
        (try Int.fetchOne(db, sql: "SELECT max(seq) FROM entries") ?? -1) + 1
    }
}
