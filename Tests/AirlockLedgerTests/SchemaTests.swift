import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import GRDB
import Testing

/// Journals of older versions are copied and brought forward in one transaction.
@Suite struct SchemaTests {
    private let next = Schema(
        steps: Schema.current.steps + ["CREATE TABLE tried (key TEXT PRIMARY KEY) STRICT;"])

    private func open(_ folder: Folder, _ schema: Schema) async throws -> LedgerStore {
        try await LedgerStore.openForWriting(folder.state, clock: ManualClock(), schema: schema)
    }

    @Test("an older journal is copied and migrated, and keeps what it holds")
    func migrated() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 3)
        let old = try await open(folder, .current)
        _ = try await old.commit(LedgerTransaction(writes: [.trustRoot(Build.commit(1))]))
        let before = try await old.state()
        try await old.close()
        let new = try await open(folder, next)
        #expect(try await new.state() == before)
        try await new.close()
        let known = Schema.current.steps.count
        let copy = try DatabaseQueue(path: "\(folder.state.ledger).v\(known)")
        #expect(
            try await copy.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == known)
        #expect(
            try await copy.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM entries") }
                == 3)
        try copy.close()
        await #expect(throws: LedgerError.newer(found: known + 1, known: known)) {
            try await open(folder, .current)
        }
    }

    @Test("a journal of the first version gets the tables that came later")
    func first() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 3)
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in
            try db.execute(
                sql: "DROP TABLE steerings; DROP TABLE verifications; PRAGMA user_version = 1")
        }
        try database.close()
        let store = try await open(folder, .current)
        #expect(try await store.entries(AuditFilter()).count == 3)
        #expect(try await store.state().steerings.isEmpty)
        try await store.close()
    }

    @Test("a journal from before test jobs is read as it is, and brought forward by a writer")
    func second() async throws {
        let folder = try Folder()
        let lane = Build.lane("testing/checkout")
        let first = try await open(folder, .current)
        _ = try await first.commit(
            LedgerTransaction(writes: [.lane(LaneRecord(lane: lane, decision: .hold("d")))]))
        try await first.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in
            try db.execute(sql: "DROP TABLE verifications; PRAGMA user_version = 2")
        }
        try database.close()
        let reader = try LedgerReader.open(folder.state)
        #expect(try await reader.state().verifications.isEmpty)
        #expect(try await reader.state().lanes[lane]?.holdReason == "d")
        let store = try await open(folder, .current)
        let record = LedgerSample.verified(1, lane: lane)
        _ = try await store.commit(LedgerTransaction(writes: [.verified(record)]))
        #expect(try await store.state().verifications == [lane: record])
        #expect(record.results.count == VerificationRecord.maximumResults)
        try await store.close()
    }

    @Test("a migration that fails leaves the journal as it was")
    func failed() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 3)
        let broken = Schema(steps: next.steps + ["CREATE TABLE tried (key TEXT) STRICT;"])
        await #expect(throws: LedgerError.self) { try await open(folder, broken) }
        let store = try await open(folder, .current)
        #expect(try await store.entries(AuditFilter()).count == 3)
        try await store.close()
    }

    @Test("the journal syncs every commit fully")
    func durability() async throws {
        let folder = try Folder()
        let store = try await open(folder, .current)
        let other = try DatabaseQueue(path: folder.state.ledger)
        #expect(
            try await other.read { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") }
                == "wal")
        try other.close()
        try await store.close()
    }
}
