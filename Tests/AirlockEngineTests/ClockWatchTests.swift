import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("watching the clock")
struct ClockWatchTests {
    @Test("time that passes is no fault, a step beyond 30 s is one for ten minutes")
    func steps() {
        let clock = ManualClock()
        var watch = ClockWatch(mark: nil, now: clock.now())
        clock.advance(by: .seconds(86_400))
        clock.step(wall: .seconds(29))
        #expect(watch.fault(at: clock.now()) == nil)
        clock.step(wall: .seconds(60))
        #expect(watch.fault(at: clock.now()) != nil)
        clock.advance(by: .seconds(599))
        #expect(watch.fault(at: clock.now()) != nil)
        clock.advance(by: .seconds(1))
        #expect(watch.fault(at: clock.now()) == nil)
    }

    @Test("a clock behind the ledger is a fault with one constant reason until it has caught up")
    func behind() {
        let clock = ManualClock()
        let mark = Moment(
            wall: clock.now().wall + .seconds(100), monotonicMilliseconds: 0,
            boot: BootID("another boot"))
        var watch = ClockWatch(mark: mark, now: clock.now())
        let first = watch.fault(at: clock.now())
        clock.advance(by: .seconds(60))
        #expect(first != nil)
        #expect(watch.fault(at: clock.now()) == first)
        clock.advance(by: .seconds(40))
        #expect(watch.fault(at: clock.now()) == nil)
    }

    @Test("the ledger's mark does not move while the clock is in doubt")
    func mark() async throws {
        let clock = ManualClock()
        let ledger = MemoryLedger()
        let books = try await Books(ledger: ledger, at: ManualClock().now())
        #expect(await books.clockMark(at: clock.now()) == [.clock(clock.now())])
        clock.step(wall: .seconds(3600))
        #expect(await books.clockMark(at: clock.now()).isEmpty)
        #expect(try await books.clockFault(at: clock.now()) != nil)
        #expect(try await books.clockFault(at: clock.now()) != nil)
        let entries = try await ledger.entries(AuditFilter())
        #expect(entries.map(\.draft.kind) == [.clock])
    }
}

@Suite("the engine's copy of the journal")
struct BooksTests {
    @Test("it says what the ledger says, after every commit")
    func inStep() async throws {
        let ledger = MemoryLedger()
        let books = try await Books(ledger: ledger, at: ManualClock().now())
        let lane = Build.lane("production/api")
        let transaction = LedgerTransaction(
            writes: [.lane(LaneRecord(lane: lane, operation: 1, decision: .work("x")))])
        try await books.commit(transaction)
        #expect(await books.state == (try await ledger.state()))
        #expect(await books.record(of: lane).operation == 1)
        #expect(await books.revision(of: Build.environment("production")) == 1)
    }

    @Test("what the ledger did not take is not in it")
    func refusedCommit() async throws {
        let ledger = MemoryLedger()
        let books = try await Books(ledger: ledger, at: ManualClock().now())
        ledger.inject(MemoryLedger.Crash(commit: 1, point: .beforeFlush))
        let lane = Build.lane("production/api")
        await #expect(throws: EngineHalt.self) {
            try await books.commit(LedgerTransaction(writes: [.lane(LaneRecord(lane: lane))]))
        }
        #expect(await books.state.lanes.isEmpty)
    }

    @Test("operations get numbers of their own")
    func numbers() async throws {
        let books = try await Books(ledger: MemoryLedger(), at: ManualClock().now())
        let numbers = [await books.reserveOperation(), await books.reserveOperation()]
        #expect(numbers == [1, 2])
    }
}
