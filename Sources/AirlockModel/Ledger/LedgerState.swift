/// Everything in the journal that decides what happens next.
package struct LedgerState: Hashable, Sendable {
    /// The commit before which history is not verified; nil in an empty ledger.
    package var trustRoot: CommitID?
    package var head: HeadRecord?
    /// The rewritten head that waits for a person; nil when history was not rewritten.
    package var rewrite: RewriteRecord?
    package var lanes: LaneTable<LaneRecord>
    /// Operations without an outcome, by number.
    package var operations: OperationTable
    /// Intents without an end, by key.
    package var intents: [ActionKey: IntentRecord]
    package var freezes: [Freeze.Scope: Freeze]
    /// What stops the whole fleet, automatic rollback included; nil when nothing does.
    package var stop: FleetStop?
    package var quarantines: [LaneID: [Quarantine]]
    /// What people said about open operations, by number.
    package var steerings: [Int: Steering]
    /// How the test jobs of lanes came out.
    package var verifications: [LaneID: VerificationRecord]
    /// The last claim on each environment's engine; the epoch of the next one must be higher.
    package var claims: [EnvironmentName: ClaimRecord]
    /// The latest moment at which something was written: the high-water mark of the clock.
    package var clock: Moment?
    package var nextOperation: Int

    package init(
        trustRoot: CommitID? = nil, head: HeadRecord? = nil, rewrite: RewriteRecord? = nil,
        lanes: LaneTable<LaneRecord> = [:],
        operations: OperationTable = [:], intents: [ActionKey: IntentRecord] = [:],
        freezes: [Freeze.Scope: Freeze] = [:], stop: FleetStop? = nil,
        quarantines: [LaneID: [Quarantine]] = [:],
        steerings: [Int: Steering] = [:], verifications: [LaneID: VerificationRecord] = [:],
        claims: [EnvironmentName: ClaimRecord] = [:],
        clock: Moment? = nil, nextOperation: Int = 1
    ) {
        self.trustRoot = trustRoot
        self.head = head
        self.rewrite = rewrite
        self.lanes = lanes
        self.operations = operations
        self.intents = intents
        self.freezes = freezes
        self.stop = stop
        self.quarantines = quarantines
        self.steerings = steerings
        self.verifications = verifications
        self.claims = claims
        self.clock = clock
        self.nextOperation = nextOperation
    }

    /// The operation under way in `lane`.
    package func operation(of lane: LaneID) -> OperationRecord? {
        lanes[lane]?.operation.flatMap { operations[$0] }
    }

    /// Carries out one write; the same function keeps the engine's copy, the in-memory ledger and the
    /// reading of a journal in step.
    package mutating func apply(_ write: JournalWrite) {
        switch write {
        case .trustRoot(let commit): trustRoot = commit
        case .head(let record): head = record
        case .rewrite(let record): rewrite = record
        case .lane(let record): lanes[record.lane] = record
        case .operation(let record): apply(record)
        case .rollout(let record): operations[record.operation]?.rollout = record.state
        case .intent(let record): intents[record.order.key] = record
        case .settle(let key, _): intents[key] = nil
        case .freeze(let freeze): freezes[freeze.scope] = freeze
        case .thaw(let scope): freezes[scope] = nil
        case .stop(let record): stop = record
        case .quarantine(let record):
            quarantines[record.lane, default: []].removeAll { $0.slot == record.slot }
            quarantines[record.lane, default: []].append(record)
        case .release(let lane, let slot):
            quarantines[lane]?.removeAll { $0.slot == slot }
            if quarantines[lane]?.isEmpty == true { quarantines[lane] = nil }
        case .revert(let lane, let slot, let operation, let due):
            let index = quarantines[lane]?.firstIndex {
                $0.slot == slot && $0.operation == operation
            }
            if let index { quarantines[lane]?[index].revertDue = due }
        case .steering(let steering):
            // What was said a moment too late is said about nothing.
            guard operations[steering.operation] != nil else { return }
            steerings[steering.operation] = steering
        case .verified(let record): verifications[record.lane] = record
        case .claimed(let record): claims[record.environment] = record
        case .clock(let moment): clock = moment
        }
    }

    private mutating func apply(_ record: OperationRecord) {
        operations[record.number] = record.outcome == nil ? record : nil
        if record.outcome != nil { steerings[record.number] = nil }
        nextOperation = max(nextOperation, record.number + 1)
    }
}

/// One write to the journal.
package enum JournalWrite: Hashable, Sendable {
    case trustRoot(CommitID)
    case head(HeadRecord)
    /// A rewritten head waits; nil when it waits no more.
    case rewrite(RewriteRecord?)
    /// Inserts or replaces.
    case lane(LaneRecord)
    /// Inserts or replaces.
    case operation(OperationRecord)
    /// Replaces how far an open operation has come: a small write for the many steps of an operation.
    case rollout(RolloutRecord)
    /// Inserts; replaces only an intent that ended as ``IntentOutcome/seenUndone`` or refused.
    case intent(IntentRecord)
    case settle(ActionKey, IntentOutcome)
    case freeze(Freeze)
    case thaw(Freeze.Scope)
    /// Everything is stopped; nil when it is not any more.
    case stop(FleetStop?)
    case quarantine(Quarantine)
    case release(LaneID, SlotID)
    /// Notes with the quarantine that an operation brought whether its revert is to be offered in git, and the lanes
    /// that are put back with it; nil where nothing is due. Where the quarantine is gone nothing is.
    case revert(LaneID, SlotID, operation: Int, due: [LaneID]?)
    /// Inserts or replaces; goes when its operation ends.
    case steering(Steering)
    /// Inserts or replaces what is known of the builds of a lane.
    case verified(VerificationRecord)
    case claimed(ClaimRecord)
    case clock(Moment)
}

/// Writes and audit entries that become durable together or not at all.
package struct LedgerTransaction: Hashable, Sendable {
    package var writes: [JournalWrite]
    package var entries: [AuditDraft]

    package init(writes: [JournalWrite] = [], entries: [AuditDraft] = []) {
        self.writes = writes
        self.entries = entries
    }

    /// Whether there is nothing to make durable.
    package var isEmpty: Bool { writes.isEmpty && entries.isEmpty }
}
