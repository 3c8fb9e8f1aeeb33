import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import GRDB
import Testing

/// Columns by which rows are looked up or pruned, and that no hash covers.
@Suite struct JournalColumnTests {
    @Test(
        "a column that is in no hash is held to what its row says",
        arguments: [
            ("UPDATE entries SET lane = 'staging/other' WHERE seq = 1", "entries, row 1:"),
            ("UPDATE entries SET lane = NULL WHERE seq = 1", "entries, row 1:"),
            ("UPDATE operations SET ended = 1 WHERE number = 1", "operations, row 1 "),
            ("UPDATE operations SET ended = NULL WHERE number = 1", "operations, row 1 "),
            ("UPDATE operations SET ended = 1 WHERE number = 2", "operations, row 2 "),
        ])
    func columnsOutsideOfHashes(_ sql: String, _ place: String) async throws {
        let folder = try Folder()
        let store = try await folder.open()
        var ended = LedgerSample.operation(1, lane: LedgerSample.lane(1))
        ended.outcome = .settled
        ended.ended = ManualClock().now().wall
        let lanes = (0..<3).map { LedgerSample.lane($0) }
        _ = try await store.commit(
            LedgerTransaction(
                writes: [
                    .operation(ended),
                    .operation(LedgerSample.operation(2, lane: LedgerSample.lane(2))),
                ],
                entries: lanes.enumerated().map {
                    LedgerSample.draft(.decision, at: $0, lane: $1)
                }))
        try await store.reader.check()
        try await store.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in try db.execute(sql: sql) }
        try database.close()
        let reader = try LedgerReader.open(folder.state)
        let error = await #expect(throws: LedgerError.self) { try await reader.check() }
        guard case .corrupt(let what)? = error else { return }
        #expect(what.hasPrefix("ledger.sqlite, table \(place)"), "\(what)")
    }

    @Test("a changed end does not make a young operation go")
    func prunesNothingForged() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        // The newest of a lane stay however old they are.
        for number in 1...51 {
            var record = LedgerSample.operation(number, lane: LedgerSample.lane(1))
            record.outcome = .settled
            record.ended = ManualClock().now().wall
            _ = try await store.commit(LedgerTransaction(writes: [.operation(record)]))
        }
        try await store.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in
            try db.execute(sql: "UPDATE operations SET ended = 1 WHERE number = 1")
        }
        try database.close()
        await #expect(throws: LedgerError.self) { try await folder.open() }
    }

    @Test("an entry that is gone is found", arguments: [0, 1, 2])
    func missingEntry(_ sequence: Int) async throws {
        let folder = try Folder()
        let store = try await folder.open()
        _ = try await store.commit(
            LedgerTransaction(entries: (0..<4).map { LedgerSample.draft(.decision, at: $0) }))
        try await store.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in
            try db.execute(sql: "DELETE FROM entries WHERE seq = ?", arguments: [sequence])
        }
        try database.close()
        await #expect(
            throws: LedgerError.corrupt(
                what: "ledger.sqlite, table entries, row \(sequence): it is missing")
        ) { try await LedgerReader.open(folder.state).check() }
    }

    @Test(
        "an index that hides a row is found, though every row fits its hash",
        arguments: [
            "operations_open", "operations_of_lane", "intents_open", "intents_of_operation",
        ])
    func hiddenRow(_ index: String) async throws {
        let folder = try Folder()
        let store = try await folder.open()
        _ = try await store.commit(
            LedgerTransaction(
                writes: [
                    .operation(LedgerSample.operation(1, lane: LedgerSample.lane(1))),
                    .intent(LedgerSample.intent(store.claim, operation: 1, step: 1)),
                ]))
        try await store.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        let page = try await database.write { db in
            try Int.fetchOne(
                db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [index])
        }
        try await database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try database.close()
        // The low byte of the number of cells, in the header of a page: one entry becomes none.
        let file = try FileHandle(forUpdating: URL(filePath: folder.state.ledger))
        try file.seek(toOffset: UInt64((try #require(page) - 1) * 4_096 + 4))
        try file.write(contentsOf: [0])
        try file.close()
        await #expect(throws: LedgerError.self) {
            try await LedgerReader.open(folder.state).check()
        }
    }
}
