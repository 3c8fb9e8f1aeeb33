package import AirlockModel
package import AirlockPorts
import AirlockRollout

/// The engine's copy of the journal, kept in step with the ledger: nothing is changed here that is not
/// durable there first.
package actor Books {
    nonisolated let ledger: any Ledger
    /// Held from reading what was said about an operation to writing it anew; what two say at the same time
    /// would else be one word.
    nonisolated let steeringTurn = Turns()
    /// What is durable, as the ledger would say it.
    package private(set) var state: LedgerState
    /// The lanes in ``state`` that are asked for by what is kept of them.
    private(set) var index: LaneIndex
    private var revisions: [EnvironmentName: Int] = [:]
    /// Counts what turns the plan of every environment.
    private var stops = 0
    /// Counts the results of test jobs, and those that were forgotten.
    private(set) var tests = 0
    /// Lanes written to since their environment was planned last.
    private var touched: [EnvironmentName: Set<LaneID>] = [:]
    private var nextOperation: Int
    /// Operations of which more is remembered than is durable.
    private var unwritten: Set<Int> = []
    /// What open operations have counted towards a deadline by what is durable.
    private var durableCounts: [Int: Duration] = [:]
    private var clockWatch: ClockWatch?
    private var recordedClockFault: String?
    /// Entries that go ahead of the next one: a process that finds nothing to do leaves no trace.
    private var announced: [AuditDraft] = []

    /// Reads the journal.
    ///
    /// - Parameter now: When the process begins.
    package init(ledger: any Ledger, at now: Moment) async throws(LedgerError) {
        self.ledger = ledger
        state = try await ledger.state()
        for operation in Array(state.operations.values) {
            durableCounts[operation.number] = operation.rollout.counted
            state.operations[operation.number]?.rollout = Rollout.resumed(
                operation, at: now)
        }
        index = LaneIndex(state.lanes)
        nextOperation = state.nextOperation
    }

    /// Makes a transaction durable, then takes it over.
    @discardableResult
    package func commit(_ transaction: LedgerTransaction) async throws(EngineHalt) -> [Int] {
        var transaction = transaction
        var ahead = 0
        if !transaction.entries.isEmpty, !announced.isEmpty {
            ahead = announced.count
            transaction.entries.insert(contentsOf: announced, at: 0)
            announced = []
        }
        do {
            let sequences = try await ledger.commit(transaction)
            transaction.number(from: sequences.first ?? 0)
            for write in transaction.writes {
                note(write)
                state.apply(write)
                written(write)
                if case .lane(let record) = write { index.note(record) }
            }
            return Array(sequences.dropFirst(ahead))
        } catch {
            throw .ledger(error)
        }
    }

    /// Puts an entry ahead of the next one that is written.
    func announce(_ entry: AuditDraft) { announced.append(entry) }

    /// Writes what was announced now.
    func tellAnnounced() async throws(EngineHalt) {
        guard !announced.isEmpty else { return }
        let entries = announced
        announced = []
        try await commit(LedgerTransaction(entries: entries))
    }

    /// Waits until a signed checkpoint on disk covers the entry.
    nonisolated func published(_ sequence: Int) async throws(EngineHalt) {
        do { try await ledger.published(sequence) } catch { throw .ledger(error) }
    }

    /// The number of an operation that is about to be opened.
    package func reserveOperation() -> Int {
        defer { nextOperation += 1 }
        return nextOperation
    }

    /// Keeps the state of a rollout that is not worth a flush, such as time that passed.
    func remember(_ operation: OperationRecord) {
        guard state.operations[operation.number] != nil else { return }
        state.operations[operation.number] = operation
        unwritten.insert(operation.number)
        note(operation.lane)
    }

    /// What an open operation has counted towards a deadline, as a process after a kill would know it.
    func durableCount(of operation: Int) -> Duration { durableCounts[operation] ?? .zero }

    private func written(_ write: JournalWrite) {
        switch write {
        case .operation(let record):
            unwritten.remove(record.number)
            durableCounts[record.number] = record.outcome == nil ? record.rollout.counted : nil
        case .rollout(let record):
            unwritten.remove(record.operation)
            durableCounts[record.operation] = record.state.counted
        case .trustRoot, .head, .rewrite, .lane, .intent, .settle, .freeze, .thaw, .stop,
            .quarantine, .release, .revert, .steering, .verified, .claimed, .clock:
            return
        }
    }

    /// Writes what was only remembered, when a process ends: how long a slot made no progress.
    func writeRemembered() async throws(EngineHalt) {
        let left = unwritten.sorted().compactMap { state.operations[$0] }
        guard !left.isEmpty else { return }
        let writes = left.map {
            JournalWrite.rollout(RolloutRecord(operation: $0.number, state: $0.rollout))
        }
        try await commit(LedgerTransaction(writes: writes))
    }

    /// The journal as a plan of `environment` sees it, and the lanes in which it differs from when this
    /// was asked last.
    func view(for environment: EnvironmentName) -> (state: LedgerState, touched: Set<LaneID>) {
        (state, touched.removeValue(forKey: environment) ?? [])
    }

    /// Counts what changed of an environment; equal counts mean that its plan sees the same journal.
    package func revision(of environment: EnvironmentName) -> Int {
        (revisions[environment] ?? 0) + stops
    }

    /// Notes whose plan a write may turn.
    private func note(_ write: JournalWrite) {
        switch write {
        case .trustRoot, .head, .rewrite, .claimed, .clock: return
        case .lane(let record): note(record.lane)
        case .operation(let record): note(record.lane)
        case .rollout(let record): note(state.operations[record.operation]?.lane)
        case .intent(let record): note(record.order.lane)
        case .settle(let key, _): note(state.intents[key]?.order.lane)
        case .quarantine(let record): note(record.lane)
        case .release(let lane, _): note(lane)
        // Nothing is planned by it.
        case .revert: return
        case .steering(let steering): note(steering.lane)
        case .verified(let record):
            tests += 1
            note(record.lane)
        // The planner itself notices that freezes and stops differ.
        case .stop: stops += 1
        case .freeze(let freeze): revisions[freeze.scope.environment, default: 0] += 1
        case .thaw(let scope): revisions[scope.environment, default: 0] += 1
        }
    }

    private func note(_ lane: LaneID?) {
        guard let lane else { return }
        revisions[lane.environment, default: 0] += 1
        touched[lane.environment, default: []].insert(lane)
    }

    // MARK: The clock

    /// Why the clock cannot be trusted; nil when it can. A turn of the answer is recorded.
    package func clockFault(at now: Moment) async throws(EngineHalt) -> String? {
        let fault = watchClock(at: now)
        guard fault != recordedClockFault else { return fault }
        recordedClockFault = fault
        let entry = AuditDraft(
            kind: .clock, time: now.wall, outcome: fault == nil ? "trusted" : "in doubt",
            detail: fault.map { ["reason": $0] } ?? [:])
        try await commit(LedgerTransaction(entries: [entry]))
        return fault
    }

    /// What moves the clock's high-water mark on; nothing while the clock is in doubt.
    package func clockMark(at now: Moment) -> [JournalWrite] {
        guard watchClock(at: now) == nil, state.clock.map({ now.wall >= $0.wall }) ?? true else {
            return []
        }
        return [.clock(now)]
    }

    private func watchClock(at now: Moment) -> String? {
        var watch = clockWatch ?? ClockWatch(mark: state.clock, now: now)
        let fault = watch.fault(at: now)
        clockWatch = watch
        return fault
    }

    // MARK: Narrow questions

    // Narrow questions are answered here, because whoever holds a copy of the whole state makes the
    // next commit copy its tables.

    /// What the journal holds of a lane, or an empty record.
    package func record(of lane: LaneID) -> LaneRecord {
        state.lanes[lane] ?? LaneRecord(lane: lane)
    }

    /// The operation of that number, while it is open.
    func operation(_ number: Int) -> OperationRecord? { state.operations[number] }

    /// The operation that is open in a lane.
    func operation(openIn lane: LaneID) -> OperationRecord? {
        state.lanes[lane]?.operation.flatMap { state.operations[$0] }
    }

    /// Whether it is not known how an action in the lane ended.
    func hasOpenIntent(in lane: LaneID) -> Bool {
        state.intents.values.contains { $0.order.lane == lane }
    }

    /// The freeze that binds forward moves and repairs of `lane`.
    func freeze(of lane: LaneID, at time: Timestamp) -> Freeze? {
        state.freezes.binding(lane, at: time).first
    }

    /// What stops the whole fleet, whether or not it has ended.
    var stop: FleetStop? { state.stop }

    /// The lanes of an environment that are watched because a change settled a short while ago.
    func watchedLanes(in environment: EnvironmentName) -> Set<LaneID> {
        index.watched(in: environment)
    }

    /// The freeze of just that environment or lane.
    func freeze(at scope: Freeze.Scope) -> Freeze? { state.freezes[scope] }

    /// What of a lane was rolled back and not released.
    func quarantines(of lane: LaneID) -> [Quarantine] { state.quarantines[lane] ?? [] }

    /// What people said about an open operation.
    func steering(of operation: Int) -> Steering? { state.steerings[operation] }

    /// What the open operations of an environment stay where they are for, by their changes.
    ///
    /// - Parameter fleet: The one in force there; nil for none.
    func waits(in environment: EnvironmentName, under fleet: Fleet?) -> [ChangeID: RolloutWait] {
        var waits: [ChangeID: RolloutWait] = [:]
        for operation in state.operations.values where operation.lane.environment == environment {
            guard let change = operation.change else { continue }
            let steering = state.steerings[operation.number]
            let wish = fleet?.lanes[operation.lane]?.release.rollout ?? steering?.wish
            waits[change.id] = operation.waits(steering, under: wish)
        }
        return waits
    }

    /// The epoch of the last claim on an environment's engine; zero for none.
    func lastEpoch(of environment: EnvironmentName) -> Int {
        state.claims[environment]?.epoch.number ?? 0
    }

    /// Whether a change, or what takes one back, is open in an environment.
    func hasWayBack(in environment: EnvironmentName) -> Bool {
        state.operations.values.contains {
            $0.lane.environment == environment && ($0.change != nil || $0.goesBack)
        }
    }

    /// Intents without an end in one environment, in the order in which they were opened.
    func openIntents(in environment: EnvironmentName) -> [IntentRecord] {
        state.intents.values.filter { $0.order.lane.environment == environment }
            .sorted { ($0.order.operation, $0.step) < ($1.order.operation, $1.step) }
    }
}
