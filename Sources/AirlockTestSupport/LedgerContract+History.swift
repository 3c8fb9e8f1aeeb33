import AirlockModel
import AirlockPorts
internal import Testing

extension LedgerContract {
    /// An intent that is open or was done is not opened again; one without an effect may be.
    package func intentsOpenOnce() async throws {
        let ledger = try await open()
        let intent = LedgerSample.intent(ledger.claim, operation: 1, step: 0)
        let key = intent.order.key
        func begin() async throws {
            _ = try await ledger.commit(LedgerTransaction(writes: [.intent(intent)]))
        }
        func settle(_ outcome: IntentOutcome) async throws {
            _ = try await ledger.commit(LedgerTransaction(writes: [.settle(key, outcome)]))
        }
        await #expect(throws: LedgerError.self) { try await settle(.seenDone) }
        for outcome in [IntentOutcome.seenUndone, .refused("full"), .done(Receipt())] {
            try await begin()
            await #expect(throws: LedgerError.self) { try await begin() }
            let begun = try await ledger.intents(of: 1)
            #expect(begun.map(\.intent) == [intent] && begun.map(\.outcome) == [nil])
            try await settle(outcome)
            await #expect(throws: LedgerError.self) { try await settle(outcome) }
            let ended = try await ledger.intents(of: 1)
            #expect(ended.map(\.outcome) == [outcome])
        }
        await #expect(throws: LedgerError.self) { try await begin() }
        let state = try await ledger.state()
        #expect(state.intents.isEmpty)
    }

    /// The ledger writes the number of its `intended` entry into an intent.
    package func intentsKnowTheirEntry() async throws {
        let ledger = try await open()
        let intents = (0..<2).map {
            LedgerSample.intent(ledger.claim, operation: 1, step: 1 - $0)
        }
        _ = try await ledger.commit(
            LedgerTransaction(
                writes: intents.map(JournalWrite.intent),
                entries: [
                    LedgerSample.draft(.decision, at: 0), LedgerSample.draft(.intended, at: 1),
                    LedgerSample.draft(.intended, at: 2),
                ]))
        let found = try await ledger.intents(of: 1).map(\.intent)
        #expect(found.map(\.step) == [0, 1])
        #expect(found.map(\.entry) == [2, 1])
    }

    /// A transaction that cannot be carried out leaves neither a write nor an entry.
    package func failedTransactionsLeaveNothing() async throws {
        let ledger = try await open()
        let lane = LedgerSample.lane(1)
        let wide = (0..<2000).map { ("key-\($0)-of-many", "x") }
        var huge = LedgerSample.draft(.drift, at: 0)
        huge.detail = Dictionary(uniqueKeysWithValues: wide)
        let key = LedgerSample.intent(ledger.claim, operation: 9, step: 9).order.key
        let bad = [
            LedgerTransaction(writes: [.lane(LaneRecord(lane: lane))], entries: [huge]),
            LedgerTransaction(
                writes: [.lane(LaneRecord(lane: lane)), .settle(key, .seenDone)],
                entries: [LedgerSample.draft(.settled, at: 0)]),
        ]
        for transaction in bad {
            await #expect(throws: LedgerError.self) { try await ledger.commit(transaction) }
        }
        let numbers = try await ledger.commit(
            LedgerTransaction(entries: [LedgerSample.draft(.started, at: 1)]))
        #expect(numbers == [0])
        let state = try await ledger.state()
        #expect(state.lanes.isEmpty)
    }

    /// What is said about an operation goes when that ends, and what comes too late is not kept.
    package func wordsEndWithTheirOperation() async throws {
        let ledger = try await open()
        let lane = LedgerSample.lane(1)
        let record = LedgerSample.operation(1, lane: lane)
        var ended = record
        ended.outcome = .settled
        ended.ended = LedgerSample.draft(.settled, at: 1).time
        let word = JournalWrite.steering(Steering(operation: 1, lane: lane, wish: .hold))
        _ = try await ledger.commit(LedgerTransaction(writes: [.operation(record), word]))
        let said = try await ledger.state().steerings
        #expect(said[1]?.wish == .hold)
        _ = try await ledger.commit(LedgerTransaction(writes: [word, .operation(ended), word]))
        _ = try await ledger.commit(LedgerTransaction(writes: [word]))
        // A row that was kept would be read as said about whatever has its number.
        _ = try await ledger.commit(LedgerTransaction(writes: [.operation(record)]))
        let left = try await restart(ledger).state()
        #expect(left.operations[1] != nil && left.steerings.isEmpty)
    }

    /// Every field of a filter narrows; `last` keeps the newest in order.
    package func filtersSelect() async throws {
        let ledger = try await open()
        var drafts = (0..<6).map {
            LedgerSample.draft(.decision, at: $0, lane: LedgerSample.lane($0 % 2))
        }
        drafts[4].commit = Build.commit(4)
        drafts[5].actor = Actor(id: "uid:7", kind: .local)
        drafts[5].detail = [
            "note": "quoted \" and \u{1} and é", "long": String(repeating: "z", count: 3000),
        ]
        _ = try await ledger.commit(LedgerTransaction(entries: drafts))
        func found(_ filter: AuditFilter) async throws -> [Int] {
            try await ledger.entries(filter).map(\.sequence)
        }
        #expect(try await found(AuditFilter()) == [0, 1, 2, 3, 4, 5])
        #expect(try await found(AuditFilter(lane: LedgerSample.lane(1))) == [1, 3, 5])
        #expect(try await found(AuditFilter(lane: LedgerSample.lane(1), last: 2)) == [3, 5])
        #expect(try await found(AuditFilter(commit: Build.commit(4))) == [4])
        #expect(try await found(AuditFilter(actor: "uid:7")) == [5])
        #expect(try await found(AuditFilter(last: 2)) == [4, 5])
        #expect(try await found(AuditFilter(last: 0)).isEmpty)
        #expect(
            try await found(AuditFilter(since: drafts[2].time, until: drafts[3].time)) == [2, 3])
        #expect(try await found(AuditFilter(environment: Build.environment("nowhere"))).isEmpty)
        let long = try await ledger.entries(AuditFilter(last: 1)).first?.draft.detail
        #expect(long?["note"] == drafts[5].detail["note"])
        #expect(long?["long"]?.utf8.count ?? 0 < 3000)
    }

    /// Operations come newest first and are replaced as they go on.
    package func historyIsNewestFirst() async throws {
        let ledger = try await open()
        for number in 1...6 {
            var record = LedgerSample.operation(number, lane: LedgerSample.lane(number % 2))
            _ = try await ledger.commit(LedgerTransaction(writes: [.operation(record)]))
            record.outcome = .rolledBack(reason: "late")
            record.ended = LedgerSample.draft(.settled, at: number).time
            if number < 5 {
                _ = try await ledger.commit(LedgerTransaction(writes: [.operation(record)]))
            }
        }
        let left = try await restart(ledger)
        let (all, odd) = (
            try await left.operations(of: nil, limit: 4),
            try await left.operations(of: LedgerSample.lane(1), limit: 10)
        )
        #expect(all.map(\.number) == [6, 5, 4, 3])
        #expect(all.map { $0.outcome == nil } == [true, true, false, false])
        #expect(odd.map(\.number) == [5, 3, 1])
        let state = try await left.state()
        #expect(state.operations.keys.sorted() == [5, 6] && state.nextOperation == 7)
    }
}
