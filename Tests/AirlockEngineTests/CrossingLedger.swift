import AirlockMemory
import AirlockModel
import AirlockPorts
import Synchronization

/// A ledger during one of whose writes a person says something.
final class CrossingLedger: Ledger {
    /// What is asked, and what the answer is.
    typealias Word = @Sendable () async -> ControlAnswer.Result

    private struct Crossing {
        var isIt: (@Sendable (JournalWrite) -> Bool)?
        var word: Word?
        var isWaitedFor = false
        var asked: Task<ControlAnswer.Result, Never>?
    }

    private let ledger: MemoryLedger
    private let crossing = Mutex(Crossing())

    init(_ ledger: MemoryLedger) { self.ledger = ledger }

    /// Says a word once, before the next write of a kind is on disk.
    ///
    /// - Parameter isWaitedFor: Whether the write waits for the answer; else the word has some time to
    ///   overtake it.
    func cross(
        _ isIt: @escaping @Sendable (JournalWrite) -> Bool, isWaitedFor: Bool,
        with word: @escaping Word
    ) {
        crossing.withLock { crossing in
            crossing.isIt = isIt
            crossing.word = word
            crossing.isWaitedFor = isWaitedFor
        }
    }

    /// What was answered; nil when the write never came.
    func answer() async -> ControlAnswer.Result? {
        let asked = crossing.withLock { $0.asked }
        return await asked?.value
    }

    var claim: Claim { ledger.claim }

    func name(origin: FleetName) async throws(LedgerError) {
        try await ledger.name(origin: origin)
    }

    func state() async throws(LedgerError) -> LedgerState { try await ledger.state() }

    func commit(_ transaction: LedgerTransaction) async throws(LedgerError) -> [Int] {
        if let asked = ask(about: transaction) {
            if crossing.withLock({ $0.isWaitedFor }) {
                _ = await asked.value
            } else {
                for _ in 0..<1_000 { await Task.yield() }
            }
        }
        return try await ledger.commit(transaction)
    }

    /// Begins to say the word when it is time.
    private func ask(
        about transaction: LedgerTransaction
    ) -> Task<ControlAnswer.Result, Never>? {
        crossing.withLock { crossing in
            guard let word = crossing.word, let isIt = crossing.isIt,
                transaction.writes.contains(where: isIt)
            else { return nil }
            crossing.word = nil
            let asked = Task { await word() }
            crossing.asked = asked
            return asked
        }
    }

    func published(_ sequence: Int) async throws(LedgerError) {
        try await ledger.published(sequence)
    }

    func operations(
        of lane: LaneID?, limit: Int
    ) async throws(LedgerError) -> [OperationRecord] {
        try await ledger.operations(of: lane, limit: limit)
    }

    func intents(
        of operation: Int
    ) async throws(LedgerError) -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        try await ledger.intents(of: operation)
    }

    func entries(_ filter: AuditFilter) async throws(LedgerError) -> [AuditEntry] {
        try await ledger.entries(filter)
    }
}
