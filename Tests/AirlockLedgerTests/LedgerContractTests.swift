import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

/// The in-memory ledger and the one on disk do the same.
@Suite struct LedgerContractTests {
    @Test("the in-memory ledger keeps the contract")
    func memory() async throws {
        try await LedgerContract(
            open: { MemoryLedger() },
            restart: { try #require($0 as? MemoryLedger).restart() }
        ).runAll()
    }

    @Test("the ledger on disk keeps the contract")
    func disk() async throws {
        let folder = try Folder()
        let folders = Folders(root: folder.path)
        try await LedgerContract(
            open: {
                let store = try await folders.next()
                try await store.name(origin: Build.fleetName())
                return store
            },
            restart: { ledger in
                let store = try #require(ledger as? LedgerStore)
                try await store.close()
                return try await LedgerStore.openForWriting(
                    store.reader.directory, clock: ManualClock())
            }
        ).runAll()
    }

    @Test(
        "a crash loses what was not flushed and nothing else",
        arguments: MemoryLedger.Crash.Point.allCases)
    func crashes(_ point: MemoryLedger.Crash.Point) async throws {
        let ledger = MemoryLedger()
        let transaction = LedgerTransaction(entries: [LedgerSample.draft(.decision, at: 0)])
        ledger.inject(MemoryLedger.Crash(commit: 2, point: point))
        _ = try await ledger.commit(transaction)
        await #expect(throws: MemoryLedger.crash) { try await ledger.commit(transaction) }
        #expect(ledger.hasCrashed)
        await #expect(throws: MemoryLedger.crash) { try await ledger.state() }
        let kept = try await ledger.restart().entries(AuditFilter()).count
        #expect(kept == (point == .beforeAnswer ? 2 : 1))
    }

    @Test("a ledger that skips the flush loses what it acknowledged last")
    func skippedFlush() async throws {
        let ledger = MemoryLedger()
        ledger.plantSkippedFlush()
        for second in 0..<3 {
            _ = try await ledger.commit(
                LedgerTransaction(entries: [LedgerSample.draft(.decision, at: second)]))
        }
        let (before, after) = (
            try await ledger.entries(AuditFilter()).count,
            try await ledger.restart().entries(AuditFilter()).count
        )
        #expect(before == 3 && after == 2)
    }
}

/// Gives each ledger of a contract a folder of its own.
private actor Folders {
    private let root: String
    private var count = 0

    init(root: String) { self.root = root }

    func next() async throws -> LedgerStore {
        count += 1
        return try await LedgerStore.openForWriting(
            StateDirectory(path: "\(root)/state\(count)"), clock: ManualClock())
    }
}
