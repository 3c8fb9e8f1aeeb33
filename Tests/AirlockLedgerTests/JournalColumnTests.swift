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
        for number in 1...2 {
            var record = LedgerSample.operation(number, lane: LedgerSample.lane(number))
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
}
