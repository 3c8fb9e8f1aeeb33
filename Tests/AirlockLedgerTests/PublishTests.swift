import AirlockLedger
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

@Suite("checkpoints behind the commits")
struct PublishTests {
    private func entry(_ second: Int) -> LedgerTransaction {
        LedgerTransaction(entries: [LedgerSample.draft(.decision, at: second)])
    }

    @Test("in a burst entries share checkpoints, and each that is waited for gets one")
    func burst() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        try await store.name(origin: Build.fleetName())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2_000 {
                let transaction = entry(number)
                group.addTask {
                    let numbers = try await store.commit(transaction)
                    if let last = numbers.last { try await store.published(last) }
                }
            }
            try await group.waitForAll()
        }
        let counters = store.counters
        #expect(counters.checkpoints < 100, "\(counters)")
        // What comes alone after it is covered too.
        let numbers = try await store.commit(entry(1))
        try await store.published(try #require(numbers.last))
        try await store.close()
    }

    @Test("whoever waits for a checkpoint while the ledger is closed gets an answer")
    func closed() async throws {
        for _ in 0..<20 {
            let folder = try Folder()
            let store = try await folder.open()
            try await store.name(origin: Build.fleetName())
            let answers = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    let transaction = entry(number)
                    group.addTask {
                        do {
                            let numbers = try await store.commit(transaction)
                            if let last = numbers.last { try await store.published(last) }
                            return true
                        } catch { return false }
                    }
                }
                group.addTask {
                    do { try await store.close() } catch { return false }
                    return true
                }
                return await group.reduce(into: 0) { count, _ in count += 1 }
            }
            #expect(answers == 301)
        }
    }

    @Test("what could not be signed by the end is told, and the next start signs it")
    func unsigned() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 10)
        let (tiles, away) = (folder.state.audit + "/tile", folder.path + "/tile")
        let store = try await folder.open()
        try await store.name(origin: Build.fleetName())
        try FileManager.default.moveItem(atPath: tiles, toPath: away)
        try Data().write(to: URL(fileURLWithPath: tiles))
        _ = try await store.commit(entry(11))
        await #expect(throws: LedgerError.self) { try await store.close() }
        try FileManager.default.removeItem(atPath: tiles)
        try FileManager.default.moveItem(atPath: away, toPath: tiles)
        let next = try await folder.open()
        try await next.name(origin: Build.fleetName())
        try await next.close()
        #expect(try AuditLog(folder.state).verify(progress: { _, _ in }).checkpoint.size == 11)
    }
}
