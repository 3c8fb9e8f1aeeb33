import AirlockModel
import AirlockTestSupport
import Testing

@Suite("the journal's state follows its writes")
struct LedgerStateTests {
    private let lane = Build.lane("production/checkout")
    private let slot = Build.slot("checkout")
    private let moment = Moment(
        wall: Timestamp(milliseconds: 1), monotonicMilliseconds: 2, boot: BootID("b"))

    private func operation(_ number: Int, outcome: OperationRecord.Outcome? = nil)
        -> OperationRecord
    {
        OperationRecord(
            number: number, lane: lane, work: .change(Sample.change(to: slot)), commit: nil,
            author: nil, opened: Timestamp(milliseconds: 0), outcome: outcome)
    }

    private func quarantine(_ slot: SlotSpec, reason: String = "slow") -> Quarantine {
        Quarantine(
            lane: lane, slot: slot.id, artifact: slot.artifact, reason: reason, operation: 1,
            since: Timestamp(milliseconds: 0))
    }

    @Test("to bring what ran before is to go back, and what was left for it is new again")
    func returns() {
        let slots = (0...9).map { Build.slot("checkout\($0)") }
        var record = LaneRecord(lane: lane)
        func settle(_ place: Int) {
            if let old = record.settled?.slot { record.replace(old.id, by: slots[place].id) }
            record.settled = Settled(
                slot: slots[place], version: nil, replicas: Build.replicas(1), change: nil,
                operation: nil,
                commit: nil, at: Timestamp(milliseconds: 0))
        }
        func returns() -> [Int] { slots.indices.filter { record.isReturn(to: slots[$0].id) } }
        for place in 0...9 { settle(place) }
        #expect(returns() == [1, 2, 3, 4, 5, 6, 7, 8], "eight are kept")
        settle(7)
        #expect(returns() == [1, 2, 3, 4, 5, 6])
        settle(9)
        #expect(returns() == [1, 2, 3, 4, 5, 6, 7], "what it was left for is older again")
        settle(1)
        #expect(returns().isEmpty, "also at the end of what is kept")
        settle(8)
        settle(1)
        settle(3)
        #expect(returns() == [1], "8 was left for 1, and another one between changes nothing")
    }

    @Test("an operation is open until it has an outcome, and its number is never given again")
    func operations() {
        var state = LedgerState()
        state.apply(.operation(operation(4)))
        state.apply(.lane(LaneRecord(lane: lane, operation: 4)))
        #expect(state.operation(of: lane)?.number == 4)
        #expect(state.nextOperation == 5)
        state.apply(.operation(operation(4, outcome: .settled)))
        #expect(state.operations.isEmpty)
        #expect(state.operation(of: lane) == nil)
        #expect(state.nextOperation == 5)
        state.apply(.operation(operation(2)))
        #expect(state.nextOperation == 5)
    }

    @Test("an intent is open until it is settled")
    func intents() throws {
        let ledger = try #require(LedgerID("0123456789abcdef0123456789abcdef"))
        let action = Action.stop(slot.id)
        let key = ActionKey(ledger: ledger, operation: 1, step: 0, action: action)
        let order = ActionOrder(
            key: key, claim: Claim(ledger: ledger, epoch: Epoch(1)), fleet: Build.fleetName(),
            lane: lane, change: nil, operation: 1, action: action)
        var state = LedgerState()
        state.apply(.intent(IntentRecord(order: order, step: 0, opened: moment.wall)))
        #expect(state.intents.keys.sorted() == [key])
        state.apply(.settle(key, .seenUndone))
        #expect(state.intents.isEmpty)
    }

    @Test("a quarantine is kept once for each slot and ends with its release")
    func quarantines() {
        var state = LedgerState()
        let other = Build.slot("checkout", 2)
        state.apply(.quarantine(quarantine(slot)))
        state.apply(.quarantine(quarantine(other)))
        state.apply(.quarantine(quarantine(slot, reason: "slower")))
        #expect(state.quarantines[lane]?.map(\.reason) == ["slow", "slower"])
        state.apply(.revert(lane, other.id, operation: 1, due: []))
        #expect(state.quarantines[lane]?.map(\.revertDue) == [[], nil], "in its place")
        state.apply(.revert(lane, other.id, operation: 2, due: nil))
        #expect(state.quarantines[lane]?.first?.revertDue == [], "that is another rollback")
        state.apply(.revert(lane, other.id, operation: 1, due: nil))
        #expect(state.quarantines[lane]?.first?.revertDue == nil)
        state.apply(.release(lane, slot.id))
        #expect(state.quarantines[lane]?.map(\.slot) == [other.id])
        state.apply(.release(lane, other.id))
        #expect(state.quarantines.isEmpty)
        state.apply(.release(lane, other.id))
        state.apply(.revert(lane, other.id, operation: 1, due: []))
        #expect(state == LedgerState())
    }

    @Test("a freeze is replaced by a later one of the same place and ends with its thaw")
    func freezes() {
        var state = LedgerState()
        let scope = Freeze.Scope.lane(lane)
        for reason in ["audit", "holidays"] {
            state.apply(
                .freeze(
                    Freeze(
                        scope: scope, reason: reason, actor: .airlock, from: moment.wall,
                        until: nil)))
        }
        #expect(state.freezes.values.map(\.reason) == ["holidays"])
        state.apply(.thaw(.environment(lane.environment)))
        #expect(state.freezes.count == 1)
        state.apply(.thaw(scope))
        #expect(state.freezes.isEmpty)
    }

    @Test("root, head, claims, lanes and clock hold the last that was written")
    func lastWins() {
        var state = LedgerState()
        let record = CommitRecord(
            id: Build.commit(1), parents: [], authorName: "Ann", authorEmail: "ann@example.org",
            committerEmail: "ann@example.org", committed: moment.wall, subject: "x")
        let head = HeadRecord(
            commit: record, accepted: moment.wall, limits: Limits(), limitsInForce: Limits())
        let settled = LaneRecord(lane: lane, settled: Sample.settled(slot))
        let writes: [JournalWrite] = [
            .trustRoot(Build.commit(1)), .head(head),
            .claimed(ClaimRecord(environment: lane.environment, epoch: Epoch(3))),
            .clock(moment), .lane(LaneRecord(lane: lane)), .lane(settled),
        ]
        for write in writes { state.apply(write) }
        let expected = LedgerState(
            trustRoot: Build.commit(1), head: head, lanes: [lane: settled],
            claims: [
                lane.environment: ClaimRecord(environment: lane.environment, epoch: Epoch(3))
            ], clock: moment)
        #expect(state == expected)
    }
}
