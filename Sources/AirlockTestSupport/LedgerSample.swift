package import AirlockMemory
package import AirlockModel

/// Records and transactions for tests of ledgers.
package struct LedgerSample {
    private let ledger: Claim
    private var operations = 0

    package init(ledger: Claim) { self.ledger = ledger }

    /// One of many lanes of `staging`.
    package static func lane(_ number: Int) -> LaneID { Build.lane("staging/unit-\(number)") }

    /// An entry whose time is so many seconds after the start of 2026.
    package static func draft(
        _ kind: AuditKind, at seconds: Int, lane: LaneID? = nil
    ) -> AuditDraft {
        AuditDraft(
            kind: kind, time: Timestamp(milliseconds: 1_767_225_600_000 + seconds * 1000),
            lane: lane)
    }

    /// A repair with nothing to do.
    package static func operation(_ number: Int, lane: LaneID) -> OperationRecord {
        OperationRecord(
            number: number, lane: lane, work: .repair(Repair(lane: lane, to: nil, found: [])),
            commit: nil, author: nil, opened: Timestamp(milliseconds: number))
    }

    /// The intent to start a slot in lane 1.
    package static func intent(_ claim: Claim, operation: Int, step: Int) -> IntentRecord {
        let action = Action.start(Build.slot("checkout"), replicas: 2)
        let order = ActionOrder(
            key: ActionKey(ledger: claim.ledger, operation: operation, step: step, action: action),
            claim: claim, fleet: Build.fleetName(), lane: lane(1), change: nil,
            operation: operation, action: action)
        return IntentRecord(order: order, step: step, opened: Timestamp(milliseconds: step))
    }

    /// What a lane looks like that settled.
    package static func settled(_ number: Int) -> Settled {
        Settled(
            slot: Build.slot("unit-\(number)", config: ["LOG_LEVEL": "info"], calls: ["payments"]),
            version: "1.\(number).0", replicas: Build.replicas(2, 4), change: nil, operation: nil,
            commit: Build.commit(number), at: Timestamp(milliseconds: number))
    }

    /// Results of as many builds as there may be, and one more.
    package static func verified(_ number: Int, lane: LaneID) -> VerificationRecord {
        var record = VerificationRecord(lane: lane)
        for build in 0...VerificationRecord.maximumResults {
            record.note(
                VerificationResult(
                    build: Build.slot("unit", number + build).build,
                    job: VerifyJob(run: ["/app/selftest", "-v", "-v"]),
                    outcome: build.isMultiple(of: 2) ? .passed : .timedOut, operation: build + 1,
                    at: Timestamp(milliseconds: build)))
        }
        return record
    }

    /// A transaction of one to four writes of any kind that fits `state`.
    package mutating func transaction(
        after state: LedgerState, _ random: inout SplitMix
    ) -> LedgerTransaction {
        var transaction = LedgerTransaction()
        var keys = state.intents.keys.sorted()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let number = Int.random(in: 0..<5, using: &random)
            let write = write(number, &keys, &random)
            if case .intent = write {
                transaction.entries.append(Self.draft(.intended, at: number))
            }
            transaction.writes.append(write)
            transaction.entries.append(Self.draft(.decision, at: number, lane: Self.lane(number)))
        }
        return transaction
    }

    private mutating func write(
        _ number: Int, _ keys: inout [ActionKey], _ random: inout SplitMix
    ) -> JournalWrite {
        let lane = Self.lane(number)
        let quarantine = Quarantine(
            lane: lane, slot: Build.slot("unit", number).id, artifact: Build.artifact("unit"),
            reason: "crashed", operation: 1, since: Timestamp(milliseconds: number))
        let scope: Freeze.Scope =
            number.isMultiple(of: 2) ? .lane(lane) : .environment(lane.environment)
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return .trustRoot(Build.commit(number))
        case 1:
            let commit = CommitRecord(
                id: Build.commit(number), parents: [], authorName: "A",
                authorEmail: "a@shop.example", committerEmail: "c@shop.example",
                committed: Timestamp(milliseconds: 1), subject: "move checkout")
            return .head(
                HeadRecord(
                    commit: commit, accepted: commit.committed, limits: Limits(),
                    limitsInForce: Limits()))
        case 2:
            return .lane(
                LaneRecord(lane: lane, settled: Self.settled(number), decision: .hold("d")))
        case 3, 4:
            operations += 1
            let isOld = operations > 1 && number == 0
            var record = Self.operation(isOld ? operations - 1 : operations, lane: lane)
            if isOld || number == 1 { record.outcome = .settled }
            return .operation(record)
        case 5:
            operations += 1
            return .intent(Self.intent(ledger, operation: operations, step: number))
        case 6 where !keys.isEmpty: return .settle(keys.removeFirst(), .done(Receipt()))
        case 6, 7:
            return .freeze(
                Freeze(
                    scope: scope, reason: "r\(number)", actor: .airlock,
                    from: Timestamp(milliseconds: 1), until: nil))
        case 8: return .thaw(scope)
        case 9: return .quarantine(quarantine)
        case 10: return .release(lane, quarantine.slot)
        case 11:
            return .rollout(
                RolloutRecord(operation: operations, state: RolloutState(step: number)))
        case 12:
            let word = Steering.Word(
                actor: .airlock, reason: "r\(number)", at: Timestamp(milliseconds: number))
            return .steering(Steering(operation: operations, lane: lane, held: word))
        case 13: return .verified(Self.verified(number, lane: lane))
        case 14:
            let operation = Int.random(in: 1...2, using: &random)
            return .revert(
                lane, quarantine.slot, operation: operation,
                due: Bool.random(using: &random) ? [lane] : nil)
        default:
            guard number > 2 else {
                return .claimed(ClaimRecord(environment: lane.environment, epoch: Epoch(number)))
            }
            return .clock(
                Moment(
                    wall: Timestamp(milliseconds: number), monotonicMilliseconds: 1,
                    boot: BootID("b")))
        }
    }
}
