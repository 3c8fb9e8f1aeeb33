import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import GRDB
import Testing

/// The state directory, its lock and its journal.
@Suite struct LedgerStoreTests {
    private func entry(_ second: Int = 0) -> LedgerTransaction {
        LedgerTransaction(entries: [LedgerSample.draft(.decision, at: second)])
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func chmod(_ path: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("a ledger is made for its owner alone")
    func permissions() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        try await store.name(origin: Build.fleetName())
        let numbers = try await store.commit(entry())
        try await store.published(numbers[0])
        let state = folder.state
        for path in [state.path, state.audit, state.keys, "\(state.audit)/tile"] {
            #expect(try mode(path) == 0o700, "\(path)")
        }
        let files = [
            state.lock, state.ledger, state.auditKey, state.checkpoint, "\(state.ledger)-wal",
        ]
        for path in files {
            #expect(try mode(path) == 0o600, "\(path)")
        }
        try await store.close()
    }

    @Test("what others can read is refused by name, for writing and for reading")
    func refusedPermissions() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 1)
        let state = folder.state
        for (path, good) in [(state.path, 0o700), (state.ledger, 0o600), (state.auditKey, 0o600)] {
            try chmod(path, good | 0o040)
            let mode = "0\(String(good | 0o040, radix: 8))"
            let expected = LedgerError.permissions(path: path, mode: mode)
            await #expect(throws: expected) { try await folder.open() }
            #expect(throws: expected) { try LedgerReader.open(state) }
            try chmod(path, good)
        }
        try await folder.open().close()
    }

    @Test("a reader reads beside a writer and without one, and nothing where there is none")
    func readers() async throws {
        let folder = try Folder()
        #expect(throws: LedgerError.missing(path: folder.state.path)) {
            try LedgerReader.open(folder.state)
        }
        let store = try await folder.open()
        let lane = LaneRecord(lane: LedgerSample.lane(1))
        _ = try await store.commit(LedgerTransaction(writes: [.lane(lane)]))
        let beside = try LedgerReader.open(folder.state)
        #expect(try await beside.state() == store.state())
        #expect(try await beside.claim() == store.claim)
        let before = try await beside.state()
        _ = try await store.commit(LedgerTransaction(writes: [.trustRoot(Build.commit(1))]))
        #expect(try await beside.state() != before)
        let last = try await store.state()
        try await store.close()
        #expect(try await LedgerReader.open(folder.state).state() == last)
        #expect(try await LedgerReader.open(folder.state).origin() == nil)
    }

    @Test("commits of many callers share few syncs and keep their order")
    func groupCommit() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                let transaction = entry(number)
                group.addTask { _ = try await store.commit(transaction) }
            }
        }
        let counters = store.counters
        #expect(counters.transactions == 500 && counters.entries == 500)
        #expect(counters.flushes < 250, "\(counters)")
        #expect(counters.largestFlush <= 4_096)
        try await store.close()
    }

    @Test("a contradiction fails alone in its flush")
    func contradictionAlone() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        let key = LedgerSample.intent(store.claim, operation: 1, step: 1).order.key
        let results = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                var transaction = entry(number)
                transaction.writes = [.lane(LaneRecord(lane: LedgerSample.lane(number)))]
                // What it wrote before is undone with it.
                if number.isMultiple(of: 10) { transaction.writes.append(.settle(key, .seenDone)) }
                group.addTask { [transaction] in
                    do {
                        _ = try await store.commit(transaction)
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        let entries = try await store.entries(AuditFilter())
        #expect(results == 90 && entries.map(\.sequence) == Array(0..<90))
        let written = Set(try await store.state().lanes.keys)
        let good = (0..<100).filter { !$0.isMultiple(of: 10) }
        #expect(written == Set(good.map(LedgerSample.lane)))
        #expect(store.counters.flushes < 90, "\(store.counters)")
        try await store.close()
    }

    @Test("a cancelled caller's transaction is still written")
    func cancelled() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        let transaction = entry()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.commit(transaction)
        }
        #expect(try await task.value == [0])
        try await store.close()
    }

    @Test(
        "a changed row is a halt that names table and key",
        arguments: [
            (
                "UPDATE lanes SET payload = CAST(replace(payload, 'unit-1', 'unit-2') AS BLOB)",
                "lanes"
            ),
            ("UPDATE lanes SET key = 'staging/other'", "lanes"),
            ("UPDATE operations SET lane = 'staging/other'", "operations"),
            ("UPDATE intents SET step = 9", "intents"),
            ("UPDATE intents SET hash = x'00'", "intents"),
            ("UPDATE meta SET payload = x'2231' WHERE key = 'trustRoot'", "meta"),
        ])
    func corruptRows(_ sql: String, _ table: String) async throws {
        let folder = try Folder()
        let store = try await folder.open()
        _ = try await store.commit(
            LedgerTransaction(writes: [
                .lane(LaneRecord(lane: LedgerSample.lane(1))), .trustRoot(Build.commit(1)),
                .operation(LedgerSample.operation(1, lane: LedgerSample.lane(1))),
                .intent(LedgerSample.intent(store.claim, operation: 1, step: 1)),
            ]))
        try await store.close()
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in try db.execute(sql: sql) }
        try database.close()
        do {
            let opened = try await folder.open()
            _ = try await opened.state()
            Issue.record("the change went unseen")
        } catch LedgerError.corrupt(let what) {
            #expect(what.contains("table \(table), row "), "\(what)")
        }
    }

    @Test("a journal of a newer version is refused, for writing and for reading")
    func newer() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 1)
        let database = try DatabaseQueue(path: folder.state.ledger)
        try await database.write { db in try db.execute(sql: "PRAGMA user_version = 9") }
        try database.close()
        let known = Schema.current.steps.count
        await #expect(throws: LedgerError.newer(found: 9, known: known)) { try await folder.open() }
        #expect(throws: LedgerError.newer(found: 9, known: known)) {
            try LedgerReader.open(folder.state)
        }
    }

    @Test("a file that is no journal is a halt")
    func garbage() async throws {
        let folder = try Folder()
        try await folder.open().close()
        try folder.write(Array(repeating: 0x55, count: 8192), to: "state/ledger.sqlite")
        do {
            _ = try await folder.open()
            Issue.record("opened")
        } catch LedgerError.corrupt {}
    }

    @Test("the key belongs to the ledger: a lost or foreign one is a halt")
    func keys() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 3)
        let other = try Folder()
        try await other.writeLog(of: 3)
        let own = try folder.read("state/keys/audit")
        try folder.write(try other.read("state/keys/audit"), to: "state/keys/audit")
        try chmod(folder.state.auditKey, 0o600)
        await #expect(throws: LedgerError.self) { try await folder.open() }
        try FileManager.default.removeItem(atPath: folder.state.auditKey)
        await #expect(throws: LedgerError.self) { try await folder.open() }
        try folder.write(own, to: "state/keys/audit")
        try chmod(folder.state.auditKey, 0o600)
        try await folder.open().close()
    }

    @Test("a log takes one name and keeps it over restarts")
    func naming() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        let numbers = try await store.commit(entry())
        await #expect(throws: LedgerError.self) { try await store.published(numbers[0]) }
        try await store.name(origin: Build.fleetName("shop"))
        try await store.published(numbers[0])
        try await store.name(origin: Build.fleetName("shop"))
        await #expect(throws: LedgerError.self) {
            try await store.name(origin: Build.fleetName("other"))
        }
        try await store.close()
        let again = try await folder.open()
        try await again.published(numbers[0])
        #expect(try await again.reader.origin() == Build.fleetName("shop"))
        try await again.close()
    }

    @Test("what a killed writer acknowledged is there at the next start")
    func killed() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        try await store.name(origin: Build.fleetName())
        for number in 0..<20 {
            _ = try await store.commit(
                LedgerTransaction(
                    writes: [.lane(LaneRecord(lane: LedgerSample.lane(number)))],
                    entries: [LedgerSample.draft(.decision, at: number)]))
        }
        try await store.published(19)
        // The files as a kill leaves them: the journal's writes are still in its write-ahead log.
        let left = StateDirectory(path: "\(folder.path)/left")
        try FileManager.default.copyItem(atPath: folder.state.path, toPath: left.path)
        let next = try await LedgerStore.openForWriting(left, clock: ManualClock())
        #expect(try await next.state() == store.state())
        try await next.published(19)
        #expect(try AuditLog(left).verify().checkpoint.size == 20)
        #expect(next.claim.epoch.number == store.claim.epoch.number + 1)
        try await next.close()
        try await store.close()
    }

    @Test("every row is read by a check, also those that decide nothing any more")
    func check() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        let intent = LedgerSample.intent(store.claim, operation: 1, step: 1)
        _ = try await store.commit(
            LedgerTransaction(
                writes: [.intent(intent), .settle(intent.order.key, .seenDone)],
                entries: [LedgerSample.draft(.intended, at: 1)]))
        try await store.reader.check()
        try await store.close()
        for sql in ["UPDATE intents SET outcome = x'7b7d'", "UPDATE entries SET bytes = x'7b7d'"] {
            let database = try DatabaseQueue(path: folder.state.ledger)
            try await database.write { db in try db.execute(sql: sql) }
            try database.close()
            await #expect(throws: LedgerError.self) {
                try await LedgerReader.open(folder.state).check()
            }
        }
    }

    @Test("operations that settled long ago leave the journal but for the newest of each lane")
    func retention() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        for number in 1...53 {
            // The first is the only one of its lane.
            let lane = LedgerSample.lane(number == 1 ? 2 : 1)
            var record = LedgerSample.operation(number, lane: lane)
            let intent = LedgerSample.intent(store.claim, operation: number, step: 0)
            record.outcome = .settled
            record.ended = Timestamp(milliseconds: number)
            _ = try await store.commit(
                LedgerTransaction(writes: [
                    .operation(record), .intent(intent), .settle(intent.order.key, .seenDone),
                ]))
        }
        try await store.close()
        let again = try await folder.open()
        let left = try await again.operations(of: nil, limit: 99).map(\.number)
        #expect(left.sorted() == [1] + (4...53), "\(left)")
        #expect(try await again.intents(of: 2).isEmpty)
        #expect(try await again.state().nextOperation == 54)
        try await again.close()
    }

    @Test("a journal of ten thousand lanes opens and reads in one go")
    func manyLanes() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        let writes = (0..<10_000).map { number in
            JournalWrite.lane(
                LaneRecord(lane: LedgerSample.lane(number), settled: LedgerSample.settled(number)))
        }
        _ = try await store.commit(LedgerTransaction(writes: writes))
        try await store.close()
        let again = try await folder.open()
        let clock = ContinuousClock()
        let start = clock.now
        let state = try await again.state()
        #expect(state.lanes.count == 10_000)
        print("10,000 lanes read in \(clock.now - start)")
        try await again.close()
    }
}
