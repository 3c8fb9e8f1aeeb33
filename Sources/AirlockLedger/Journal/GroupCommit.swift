import AirlockModel
import AirlockPorts
import Synchronization

/// Gathers the transactions of many callers into few flushes and keeps the order of the calls.
///
/// There is no task of its own: the first caller flushes; while it does, others line up, and the
/// first of them flushes the next batch.
final class GroupCommit: Sendable {
    /// Most transactions in one flush.
    static let maximumBatch = 4_096

    private enum Turn: Sendable {
        case lead
        case ended(Result<[Int], LedgerError>)
    }

    private struct Waiting {
        let transaction: SpelledTransaction
        /// Nil for the caller that leads.
        var continuation: CheckedContinuation<Turn, Never>?
    }

    private struct Line {
        var waiting: [Waiting] = []
        var isFlushing = false
        var ended: LedgerError?
        var counters = LedgerCounters()
    }

    private let journal: Journal
    private let line = Mutex(Line())

    init(journal: Journal) { self.journal = journal }

    /// How much was written so far.
    var counters: LedgerCounters { line.withLock(\.counters) }

    /// Returns when the transaction is on disk; cancelling the caller changes nothing.
    func commit(_ transaction: LedgerTransaction) async throws(LedgerError) -> [Int] {
        let transaction = try Self.spelled(transaction)
        let turn: Turn = await withCheckedContinuation { continuation in
            let turn = line.withLock { line -> Turn? in
                if let fault = line.ended { return .ended(.failure(fault)) }
                let leads = !line.isFlushing
                line.isFlushing = true
                line.waiting.append(
                    Waiting(
                        transaction: transaction, continuation: leads ? nil : continuation))
                return leads ? .lead : nil
            }
            if let turn { continuation.resume(returning: turn) }
        }
        switch turn {
        case .lead: return try await lead().get()
        case .ended(let result): return try result.get()
        }
    }

    private static func spelled(
        _ transaction: LedgerTransaction
    ) throws(LedgerError) -> SpelledTransaction {
        do { return try SpelledTransaction(transaction) } catch {
            throw .contradiction("a record cannot be spelled: \(error)")
        }
    }

    /// Refuses every later commit; those that are lined up are still carried out.
    func end() { line.withLock { $0.ended = $0.ended ?? .fenced } }

    /// Flushes one batch, whose first transaction is the caller's own, and hands the lead on.
    private func lead() async -> Result<[Int], LedgerError> {
        let batch = line.withLock { Array($0.waiting.prefix(Self.maximumBatch)) }
        let outcome = await journal.flush(batch.map(\.transaction))
        let turns: [(CheckedContinuation<Turn, Never>, Turn)]
        let own: Result<[Int], LedgerError>
        switch outcome {
        case .success(let answers):
            own = answers[0]
            turns = zip(batch, answers).compactMap { waiting, answer in
                waiting.continuation.map { ($0, .ended(answer)) }
            }
        case .failure(let fault):
            own = .failure(fault.error)
            turns = batch.compactMap { waiting in
                waiting.continuation.map { ($0, .ended(.failure(fault.error))) }
            }
        }
        // The next leader first: the disk would wait while hundreds of others get their turn.
        let next = line.withLock { line in Self.advance(&line, past: batch.count, after: outcome) }
        for (continuation, turn) in next + turns { continuation.resume(returning: turn) }
        return own
    }

    /// Takes the flushed batch off the line and names the next leader, or sends all away for good.
    private static func advance(
        _ line: inout Line, past count: Int, after outcome: Journal.Answers
    ) -> [(CheckedContinuation<Turn, Never>, Turn)] {
        line.waiting.removeFirst(count)
        switch outcome {
        case .success(let answers):
            line.counters.flushes += 1
            line.counters.largestFlush = max(line.counters.largestFlush, count)
            for case .success(let numbers) in answers {
                line.counters.transactions += 1
                line.counters.entries += numbers.count
            }
        case .failure(let fault) where fault.endsWriter:
            line.ended = fault.error
            let waiting = line.waiting
            line.waiting = []
            line.isFlushing = false
            return waiting.compactMap { waiting in
                waiting.continuation.map { ($0, .ended(.failure(fault.error))) }
            }
        case .failure: break
        }
        guard let next = line.waiting.first?.continuation else {
            line.isFlushing = false
            return []
        }
        line.waiting[0].continuation = nil
        return [(next, .lead)]
    }
}

/// What a writer has done since it was opened.
package struct LedgerCounters: Hashable, Sendable {
    /// Transactions that became durable.
    package internal(set) var transactions = 0
    /// Audit entries that became durable.
    package internal(set) var entries = 0
    /// Syncs of the journal: transactions ÷ flushes is how many shared one.
    package internal(set) var flushes = 0
    /// The most transactions that shared one sync.
    package internal(set) var largestFlush = 0
    /// Checkpoints that were signed.
    package internal(set) var checkpoints = 0
}
