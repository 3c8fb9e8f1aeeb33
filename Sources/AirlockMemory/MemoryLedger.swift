package import AirlockModel
package import AirlockPorts
internal import Synchronization

/// A ledger in memory that loses at a restart everything that was not flushed.
///
/// It keeps the rules of the port; ``LedgerContract`` holds it and the one on disk to the same.
package final class MemoryLedger: Ledger {
    /// What every call throws after an injected crash: the process is gone.
    package static let crash = LedgerError.storage("a crash that the test injected")

    package let claim: Claim
    private let disk: MemoryDisk
    private let memory: Mutex<Memory>

    private struct Memory {
        var journal: MemoryJournal
        /// What is in `journal` and not on the disk.
        var unflushed: [MemoryJournal.Step] = []
        var commits = 0
        var crash: Crash?
        var hasCrashed = false
        var skipsFlush = false
    }

    /// Where a process is killed.
    package struct Crash: Hashable, Sendable {
        /// The commit of this process at which it happens, from 1.
        package let commit: Int
        package let point: Point

        package init(commit: Int, point: Point) {
            self.commit = commit
            self.point = point
        }

        /// The moment within a commit.
        package enum Point: Hashable, Sendable, CaseIterable {
            /// Nothing was written.
            case beforeWrite
            /// Written, and lost because it was not flushed.
            case beforeFlush
            /// Durable, but the caller never learns it.
            case beforeAnswer
        }
    }

    /// A new ledger with nothing in it.
    package convenience init() {
        self.init(disk: MemoryDisk())
    }

    private init(disk: MemoryDisk) {
        self.disk = disk
        let (epoch, journal) = disk.begin()
        let count = String(epoch.number, radix: 16)
        let writer = WriterID(String(repeating: "0", count: 32 - count.count) + count)
        claim = Claim(ledger: disk.id, epoch: epoch, writer: writer)
        memory = Mutex(Memory(journal: journal))
    }

    /// What the next process finds: the next epoch and only what was flushed. This one is fenced.
    package func restart() -> MemoryLedger { MemoryLedger(disk: disk) }

    /// Kills the process at that point; nil takes it back.
    package func inject(_ crash: Crash?) { memory.withLock { $0.crash = crash } }

    /// Whether an injected crash happened.
    package var hasCrashed: Bool { memory.withLock(\.hasCrashed) }

    /// The commits of this process.
    package var commits: Int { memory.withLock(\.commits) }

    /// Plants a bug: a commit answers before its flush, which the next commit makes good.
    package func plantSkippedFlush() { memory.withLock { $0.skipsFlush = true } }

    /// What of the durable state and entries someone asks for, without a copy of the rest.
    package func durable<Value>(_ body: (LedgerState, [AuditEntry]) -> Value) -> Value {
        disk.read { body($0.state, $0.entries) }
    }

    /// The entries that a process would find if this one were killed now.
    package var durableEntries: [AuditEntry] { disk.journal.entries }

    /// The state that a process would find if this one were killed now.
    package var durableState: LedgerState { disk.journal.state }

    package func name(origin: FleetName) async throws(LedgerError) {
        let known = disk.name(origin)
        guard known == origin else { throw .otherFleet(known: known) }
    }

    package func state() async throws(LedgerError) -> LedgerState { try read(\.state) }

    package func commit(
        _ transaction: LedgerTransaction
    ) async throws(LedgerError) -> [Int] {
        let result = memory.withLock { commit(transaction, in: &$0) }
        return try result.get()
    }

    package func published(_ sequence: Int) async throws(LedgerError) {
        guard try read({ $0.entries.indices.contains(sequence) }) else {
            throw .contradiction("there is no entry \(sequence)")
        }
    }

    package func operations(
        of lane: LaneID?, limit: Int
    ) async throws(LedgerError) -> [OperationRecord] {
        let all = try read { $0.operations.values.filter { lane == nil || $0.lane == lane } }
        return Array(all.sorted { $0.number > $1.number }.prefix(limit))
    }

    package func intents(
        of operation: Int
    ) async throws(LedgerError) -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        try read { $0.intents.values.filter { $0.intent.order.operation == operation } }
            .sorted {
                ($0.intent.step, $0.intent.order.key) < ($1.intent.step, $1.intent.order.key)
            }
    }

    package func entries(_ filter: AuditFilter) async throws(LedgerError) -> [AuditEntry] {
        let found = try read { $0.entries.filter { filter.matches($0.draft) } }
        return filter.last.map { Array(found.suffix($0)) } ?? found
    }

    private func read<Value>(_ body: (MemoryJournal) -> Value) throws(LedgerError) -> Value {
        let value = memory.withLock { $0.hasCrashed ? nil : body($0.journal) }
        guard let value else { throw Self.crash }
        return value
    }

    private func commit(
        _ transaction: LedgerTransaction, in memory: inout Memory
    ) -> Result<[Int], LedgerError> {
        guard !memory.hasCrashed else { return .failure(Self.crash) }
        memory.commits += 1
        let point = memory.crash.flatMap { $0.commit == memory.commits ? $0.point : nil }
        if point == .beforeWrite { return die(&memory) }
        guard disk.isCurrent(claim.epoch) else { return .failure(.fenced) }
        if memory.skipsFlush { flush(&memory) }
        let step: MemoryJournal.Step
        do throws(LedgerError) {
            step = try memory.journal.step(transaction)
        } catch {
            return .failure(error)
        }
        let first = memory.journal.entries.count
        memory.journal.apply(step)
        memory.unflushed.append(step)
        if point == .beforeFlush { return die(&memory) }
        if !memory.skipsFlush { flush(&memory) }
        if point == .beforeAnswer { return die(&memory) }
        return .success(Array(first..<memory.journal.entries.count))
    }

    private func die(_ memory: inout Memory) -> Result<[Int], LedgerError> {
        memory.hasCrashed = true
        return .failure(Self.crash)
    }

    private func flush(_ memory: inout Memory) {
        disk.append(memory.unflushed)
        memory.unflushed = []
    }
}

/// What outlives a restart of a ``MemoryLedger``.
private final class MemoryDisk: Sendable {
    private struct Platter {
        var epoch = 0
        var journal = MemoryJournal()
        var origin: FleetName?
    }

    let id: LedgerID
    private let platter = Mutex(Platter())

    init() {
        guard let id = LedgerID(String(repeating: "0a", count: 16)) else {
            preconditionFailure("32 digits are a ledger id")
        }
        self.id = id
    }

    func begin() -> (Epoch, MemoryJournal) {
        platter.withLock { platter in
            platter.epoch += 1
            return (Epoch(platter.epoch), platter.journal)
        }
    }

    /// Keeps the first name, and tells which it is.
    func name(_ origin: FleetName) -> FleetName {
        platter.withLock { platter in
            let known = platter.origin ?? origin
            platter.origin = known
            return known
        }
    }

    var journal: MemoryJournal { platter.withLock { $0.journal } }

    func isCurrent(_ epoch: Epoch) -> Bool { platter.withLock { $0.epoch == epoch.number } }

    func append(_ steps: [MemoryJournal.Step]) {
        platter.withLock { platter in
            for step in steps { platter.journal.apply(step) }
        }
    }

    /// Looks without taking a copy, which the next write would have to make room beside.
    func read<Value>(_ body: (MemoryJournal) -> Value) -> Value {
        platter.withLock { body($0.journal) }
    }
}
