import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

/// Of the processes that would write a ledger one may.
@Suite("one writer") struct FenceTests {
    private func entry(_ second: Int = 0) -> LedgerTransaction {
        LedgerTransaction(entries: [LedgerSample.draft(.decision, at: second)])
    }

    @Test("a second writer fails at once and is told who writes")
    func secondWriter() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        do {
            _ = try await folder.open()
            Issue.record("two writers")
        } catch LedgerError.locked(let holder) {
            #expect(holder.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
            #expect(holder.contains("since 2026-01-01T00:00:00.000Z"))
        }
        _ = try await store.commit(entry())
        try await store.close()
        try await folder.open().close()
    }

    @Test("a standby takes over when the lock is given back")
    func standby() async throws {
        let folder = try Folder()
        let clock = ManualClock()
        let first = try await folder.open()
        async let second = LedgerStore.openForWriting(folder.state, clock: clock, waitForLock: true)
        try await first.close()
        let ticking = Task {
            while !Task.isCancelled {
                clock.advance(by: .seconds(1))
                await Task.yield()
            }
        }
        let store = try await second
        ticking.cancel()
        #expect(store.claim.epoch.number == first.claim.epoch.number + 1)
        try await store.close()
    }

    @Test("a writer whose epoch was taken writes nothing more")
    func fencedByEpoch() async throws {
        let folder = try Folder()
        let old = try await folder.open()
        _ = try await old.commit(entry())
        try FileManager.default.removeItem(atPath: folder.state.lock)
        let new = try await folder.open()
        await #expect(throws: LedgerError.fenced) { try await old.commit(entry()) }
        await #expect(throws: LedgerError.fenced) { try await old.commit(entry()) }
        #expect(try await new.commit(entry()) == [1])
        try await new.close()
    }

    @Test("a writer whose lock file was lost writes nothing more")
    func fencedByLock() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        try FileManager.default.removeItem(atPath: folder.state.lock)
        await #expect(throws: LedgerError.fenced) { try await store.commit(entry()) }
        #expect(try await store.entries(AuditFilter()).isEmpty)
    }

    @Test("a writer whose write-ahead log was taken away writes nothing more")
    func logTaken() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        _ = try await store.commit(entry())
        try FileManager.default.removeItem(atPath: folder.state.ledger + "-wal")
        let error = await #expect(throws: LedgerError.self) { try await store.commit(entry()) }
        #expect("\(error, default: "none")".contains("was taken away"))
        await #expect(throws: LedgerError.self) { try await store.commit(entry()) }
    }

    @Test("a writer into whose journal an older one was copied writes nothing more")
    func journalCopiedOver() async throws {
        let folder = try Folder()
        let names = ["", "-wal", "-shm"].map { folder.state.ledger + $0 }
        let store = try await folder.open()
        _ = try await store.commit(entry())
        let kept = try names.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        _ = try await store.commit(entry(1))
        for (name, bytes) in zip(names, kept) {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: name))
            try file.write(contentsOf: bytes)
            try file.truncate(atOffset: UInt64(bytes.count))
            try file.close()
        }
        for _ in 0..<2 {
            let error = await #expect(throws: LedgerError.self) {
                try await store.commit(entry(2))
            }
            guard case .corrupt? = error else {
                Issue.record("it is another error")
                return
            }
        }
    }

    @Test("a writer whose journal was taken away, or changed for another one, writes nothing more")
    func journalTaken() async throws {
        for isReplaced in [false, true] {
            let folder = try Folder()
            let store = try await folder.open()
            _ = try await store.commit(entry())
            let aside = folder.state.ledger + ".aside"
            try FileManager.default.moveItem(atPath: folder.state.ledger, toPath: aside)
            if isReplaced {
                try FileManager.default.copyItem(atPath: aside, toPath: folder.state.ledger)
            }
            for _ in 0..<2 {
                let error = await #expect(throws: LedgerError.self) {
                    try await store.commit(entry())
                }
                #expect("\(error, default: "none")".contains("was taken away"))
            }
        }
    }
}
