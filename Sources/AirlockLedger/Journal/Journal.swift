import AirlockModel
import AirlockPorts
import Foundation
import GRDB
import Synchronization

/// The writing connection to the journal: WAL, `synchronous=FULL`, one process.
struct Journal: Sendable {
    private let queue: DatabaseQueue
    private let lock: LedgerLock
    /// The database, and beside it its write-ahead log, in which what was written last is.
    private let files: [NamedFile?]
    private let entries: EntryCount
    let claim: Claim

    /// How long settled operations stay in the journal.
    private static let retention = Duration.seconds(90 * 24 * 3600)
    /// The newest operations of each lane that stay however old they are, for a way back and against a clock that is
    /// years ahead.
    private static let kept = 50

    /// Opens or makes the journal and takes the next epoch durably.
    init(
        directory: StateDirectory, lock: LedgerLock, schema: Schema, now: Timestamp
    ) throws(LedgerError) {
        self.lock = lock
        let path = directory.ledger
        if !DurableFile.exists(path) {
            try DurableFile.replace(path, with: [], draft: "\(path).new")
            try DurableFile.sync(folder: directory.path)
        }
        let file = NamedFile(path: path)
        do {
            queue = try Self.open(path)
            try schema.migrate(queue) { "\(path).v\($0)" }
            (claim, entries) = try queue.write { db in
                (try Self.begin(db, now: now), EntryCount(try StoredEntry.count(db)))
            }
        } catch {
            throw JournalFault.translate(error)
        }
        files = [file, NamedFile(path: "\(path)-wal")]
    }

    /// Pages that stay in memory, in KiB: those of a first convergence of 10,000 lanes.
    private static let cacheKibibytes = 32_768
    /// Pages of the write-ahead log (4 KiB each) after which they are copied into the file. A page that
    /// is written again before that is copied once.
    private static let pagesPerCheckpoint = 8_192

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(JournalReading.busySeconds)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheKibibytes)")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.pagesPerCheckpoint)")
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            let level = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            guard mode == "wal", level == 2 else {
                throw LedgerError.storage("SQLite offers neither WAL nor full syncs at \(path)")
            }
        }
        return queue
    }

    /// Makes the ledger's id once and counts this writer.
    private static func begin(_ db: Database, now: Timestamp) throws -> Claim {
        if try JournalMeta.ledger.get(LedgerID.self, in: db) == nil {
            guard try JournalMeta.epoch.get(Epoch.self, in: db) == nil else {
                throw SealedRow.corrupt("meta", "ledger", "it is missing")
            }
            guard let id = LedgerID(randomDigits()) else {
                preconditionFailure("16 bytes are a ledger id")
            }
            try JournalMeta.ledger.put(id, in: db)
            try JournalMeta.epoch.put(Epoch(0), in: db)
        }
        let last = try JournalMeta.epoch.need(Epoch.self, in: db)
        try JournalMeta.epoch.put(Epoch(last.number + 1), in: db)
        guard let writer = WriterID(randomDigits()) else {
            preconditionFailure("16 bytes are a writer id")
        }
        try JournalMeta.writer.put(writer, in: db)
        try prune(db, before: now + (.zero - retention))
        return try JournalMeta.claim(in: db)
    }

    /// 128 random bits in hexadecimal digits.
    private static func randomDigits() -> String {
        var random = SystemRandomNumberGenerator()
        return Hex.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// Drops what settled long ago; the newest operations of each lane stay, and so no number is given twice.
    ///
    /// Each of them is read first: a changed column must not make a young one go.
    private static func prune(_ db: Database, before: Timestamp) throws {
        let clause = """
            WHERE open = 0 AND ended < ? AND EXISTS (
                SELECT 1 FROM operations AS newer
                WHERE newer.lane = operations.lane AND newer.number > operations.number
                LIMIT 1 OFFSET \(kept - 1))
            """
        let old = try StoredOperation.all(clause, [before.milliseconds], in: db).map(\.number)
        guard !old.isEmpty else { return }
        let numbers = "[\(old.map(String.init).joined(separator: ","))]"
        let those = "IN (SELECT value FROM json_each(?))"
        try db.execute(
            sql: "DELETE FROM intents WHERE open = 0 AND operation \(those)", arguments: [numbers])
        try db.execute(
            sql: "DELETE FROM operations WHERE number \(those)", arguments: [numbers])
    }

    /// What a flush came to: an answer for each transaction, or one fault for all.
    typealias Answers = Result<[Result<[Int], LedgerError>], Fault>

    /// A fault that concerns every transaction of a flush.
    struct Fault: Error {
        let error: LedgerError
        /// Whether nothing more may be written by this process.
        let endsWriter: Bool
    }

    /// Writes transactions in their order and makes them durable with one sync.
    ///
    /// A transaction that contradicts the journal fails alone. Not interrupted when a caller's task
    /// is cancelled.
    func flush(_ batch: [SpelledTransaction]) async -> Answers {
        await withCheckedContinuation { continuation in
            queue.asyncWriteWithoutTransaction { db in
                continuation.resume(returning: flush(batch, in: db))
            }
        }
    }

    private func flush(_ batch: [SpelledTransaction], in db: Database) -> Answers {
        do {
            return .success(try together(batch, in: db) ?? oneByOne(batch, in: db))
        } catch {
            return .failure(
                Fault(
                    error: JournalFault.translate(error),
                    endsWriter: JournalFault.endsWriter(error)))
        }
    }

    /// Writes transactions that do not contradict the journal, as nearly all do; nil, and nothing is written,
    /// when one does. A savepoint for each would cost as much as half of its writes.
    private func together(
        _ batch: [SpelledTransaction], in db: Database
    ) throws -> [Result<[Int], LedgerError>]? {
        do {
            return try flushed(batch, in: db) { transaction, first in
                try JournalWriting.perform(transaction, first: first, in: db)
                return .success(transaction.numbers(from: first))
            }
        } catch let error as LedgerError where error.isOfOneTransaction {
            return nil
        }
    }

    /// Writes transactions each of which may fail alone.
    private func oneByOne(
        _ batch: [SpelledTransaction], in db: Database
    ) throws -> [Result<[Int], LedgerError>] {
        try flushed(batch, in: db) { transaction, first in
            do {
                try db.inSavepoint {
                    try JournalWriting.perform(transaction, first: first, in: db)
                    return .commit
                }
                return .success(transaction.numbers(from: first))
            } catch let error as LedgerError where error.isOfOneTransaction {
                return .failure(error)
            }
        }
    }

    private func flushed(
        _ batch: [SpelledTransaction], in db: Database,
        _ perform: (SpelledTransaction, _ first: Int) throws -> Result<[Int], LedgerError>
    ) throws -> [Result<[Int], LedgerError>] {
        var answers: [Result<[Int], LedgerError>] = []
        var next = 0
        try db.inTransaction(.immediate) {
            try checkFence(db)
            next = try StoredEntry.count(db)
            try entries.check(next)
            for transaction in batch {
                let answer = try perform(transaction, next)
                if case .success(let numbers) = answer { next += numbers.count }
                answers.append(answer)
            }
            return .commit
        }
        entries.set(next)
        return answers
    }

    /// Throws ``LedgerError/fenced`` when another writer may have come after this one, and ``LedgerError/corrupt(what:)``
    /// when what it writes is not what the next process would read.
    private func checkFence(_ db: Database) throws {
        guard files.allSatisfy({ $0?.isThere == true }) else {
            throw LedgerError.corrupt(
                what:
                    "ledger.sqlite or its -wal was taken away, or another one put in its place, under the running process"
            )
        }
        guard lock.isHeld, try JournalMeta.claim(in: db) == claim else { throw LedgerError.fenced }
    }

    /// Does something in one durable SQLite transaction, fenced like every write.
    func write<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do {
            return try queue.writeWithoutTransaction { db in
                var value: Value?
                try db.inTransaction(.immediate) {
                    try checkFence(db)
                    value = try body(db)
                    return .commit
                }
                guard let value else { preconditionFailure("a transaction runs its body") }
                return value
            }
        } catch {
            throw JournalFault.translate(error)
        }
    }

    /// Closes the connection.
    func close() throws(LedgerError) {
        do {
            try queue.close()
        } catch {
            throw JournalFault.translate(error)
        }
    }
}

/// How many audit entries the journal has, by what this process wrote: the only writer notices that it writes into
/// another journal than before.
private final class EntryCount: Sendable {
    private let known: Mutex<Int>

    init(_ count: Int) { known = Mutex(count) }

    func set(_ count: Int) { known.withLock { $0 = count } }

    /// - Throws: ``LedgerError/corrupt(what:)``.
    func check(_ found: Int) throws(LedgerError) {
        let known = known.withLock { $0 }
        guard found != known else { return }
        throw .corrupt(
            what:
                "the journal has \(found) entries where this process left \(known): another one was "
                + "put in its place while it ran")
    }
}

extension LedgerError {
    /// Whether it is about what one transaction says; anything else is a fault of the journal.
    fileprivate var isOfOneTransaction: Bool {
        switch self {
        case .contradiction, .entryTooLarge: true
        case .locked, .fenced, .permissions, .otherOwner, .link, .corrupt, .newer, .missing,
            .storage,
            .otherFleet:
            false
        }
    }
}
