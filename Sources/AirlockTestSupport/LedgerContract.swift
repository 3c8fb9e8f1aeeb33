internal import AirlockMemory
import AirlockModel
package import AirlockPorts
internal import Testing

/// What every ledger must do; run against each with `open` and `restart` of its own.
package struct LedgerContract: Sendable {
    /// Makes a new ledger with nothing in it.
    package let open: @Sendable () async throws -> any Ledger
    /// Ends a ledger as a kill does and opens what is left.
    package let restart: @Sendable (any Ledger) async throws -> any Ledger

    package init(
        open: @escaping @Sendable () async throws -> any Ledger,
        restart: @escaping @Sendable (any Ledger) async throws -> any Ledger
    ) {
        self.open = open
        self.restart = restart
    }

    /// Runs every part.
    package func runAll() async throws {
        try await stateIsTheFoldOfTheWrites()
        try await restartKeepsWhatWasAcknowledged()
        try await entriesAreNumberedInOrder()
        try await concurrentCommitsLoseNothing()
        try await intentsOpenOnce()
        try await intentsKnowTheirEntry()
        try await failedTransactionsLeaveNothing()
        try await restartFencesTheOldWriter()
        try await filtersSelect()
        try await historyIsNewestFirst()
        try await wordsEndWithTheirOperation()
        try await publishedNeedsAnEntry()
    }

    /// The state is what ``LedgerState/apply(_:)`` makes of the writes, at any moment.
    package func stateIsTheFoldOfTheWrites() async throws {
        let ledger = try await open()
        var random = SplitMix(seed: 7)
        var sample = LedgerSample(ledger: ledger.claim)
        var folded = LedgerState()
        for _ in 0..<60 {
            let transaction = sample.transaction(after: folded, &random)
            let numbers = try await ledger.commit(transaction)
            for write in transaction.writes(numberedFrom: numbers.first ?? 0) {
                folded.apply(write)
            }
            let state = try await ledger.state()
            #expect(state == folded)
        }
        let left = try await restart(ledger)
        let state = try await left.state()
        #expect(state == folded)
    }

    /// What a commit returned for is there after a restart.
    package func restartKeepsWhatWasAcknowledged() async throws {
        var ledger = try await open()
        for number in 0..<5 {
            let lane = LedgerSample.lane(number)
            _ = try await ledger.commit(
                LedgerTransaction(
                    writes: [.lane(LaneRecord(lane: lane, decision: .hold("d\(number)")))],
                    entries: [LedgerSample.draft(.decision, at: number, lane: lane)]))
            ledger = try await restart(ledger)
            let (state, entries) = (try await ledger.state(), try await ledger.entries(.init()))
            #expect(state.lanes[lane]?.holdReason == "d\(number)")
            #expect(entries.map(\.sequence) == Array(0...number))
        }
    }

    /// Entries get the numbers 0, 1, 2 … in the order of the commits.
    package func entriesAreNumberedInOrder() async throws {
        let ledger = try await open()
        let drafts = (0..<4).map { LedgerSample.draft(.decision, at: $0) }
        let first = try await ledger.commit(LedgerTransaction(entries: Array(drafts[0..<3])))
        let none = try await ledger.commit(LedgerTransaction())
        let last = try await ledger.commit(LedgerTransaction(entries: [drafts[3]]))
        #expect(first == [0, 1, 2] && none.isEmpty && last == [3])
        let entries = try await ledger.entries(AuditFilter())
        #expect(entries.map(\.draft) == drafts)
        #expect(entries.map(\.sequence) == [0, 1, 2, 3])
    }

    /// Commits from many tasks each get their own numbers and all become durable.
    package func concurrentCommitsLoseNothing() async throws {
        let ledger = try await open()
        let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
            for number in 0..<200 {
                let lane = LedgerSample.lane(number)
                let transaction = LedgerTransaction(
                    writes: [.lane(LaneRecord(lane: lane))],
                    entries: [
                        LedgerSample.draft(.intended, at: number, lane: lane),
                        LedgerSample.draft(.decision, at: number, lane: lane),
                    ])
                group.addTask { try await ledger.commit(transaction) }
            }
            var all: [Int] = []
            for try await numbers in group {
                #expect(numbers.count == 2 && numbers[1] == numbers[0] + 1)
                all += numbers
            }
            return all
        }
        #expect(numbers.sorted() == Array(0..<400))
        let left = try await restart(ledger)
        let lanes = try await left.state().lanes
        #expect(lanes.count == 200)
    }

    /// Another writer's epoch ends this one.
    package func restartFencesTheOldWriter() async throws {
        let old = try await open()
        let new = try await restart(old)
        #expect(new.claim.ledger == old.claim.ledger)
        #expect(new.claim.epoch.number == old.claim.epoch.number + 1)
        await #expect(throws: LedgerError.self) {
            try await old.commit(LedgerTransaction(entries: [LedgerSample.draft(.clock, at: 1)]))
        }
        let entries = try await new.entries(AuditFilter())
        #expect(entries.isEmpty)
    }

    /// Publishing concerns entries that exist.
    package func publishedNeedsAnEntry() async throws {
        let ledger = try await open()
        await #expect(throws: LedgerError.self) { try await ledger.published(0) }
        let numbers = try await ledger.commit(
            LedgerTransaction(entries: [LedgerSample.draft(.started, at: 0)]))
        try await ledger.published(try #require(numbers.last))
        await #expect(throws: LedgerError.self) { try await ledger.published(1) }
    }
}
