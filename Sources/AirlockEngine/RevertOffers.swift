package import AirlockModel
package import AirlockPorts
import Logging

/// Where the reverts of releases that were rolled back are offered.
package struct RevertBranches: Sendable {
    let writer: any BranchWriter
    let author: GitIdentity

    package init(writer: any BranchWriter, author: GitIdentity) {
        self.writer = writer
        self.author = author
    }
}

/// Writes the decision to roll a release back to git, as a branch that a person merges.
///
/// It comes after the act: what serves users does not wait for git. Until the branch is merged the
/// quarantine keeps the release from coming back. What a kill loses is offered again by
/// `airlock rollback`.
actor RevertOffers {
    /// One release that was rolled back.
    private struct Offer {
        let operation: OperationRecord
        let reason: String
        /// The lanes that went back with it.
        let group: [LaneID]
        var attempts = 0
    }

    /// Longest wall time of one push.
    private static let limit = Duration.seconds(60)
    /// Time between two tries.
    private static let pause = Duration.seconds(30)
    private static let maximumAttempts = 20

    private let branches: RevertBranches
    private let source: any CommitSource
    private let books: Books
    private let clock: any AirlockClock
    private let logger: Logger
    private let offers: AsyncStream<Offer>
    private nonisolated let line: AsyncStream<Offer>.Continuation

    init(_ branches: RevertBranches, parts: EngineParts, books: Books) {
        self.branches = branches
        source = parts.source
        self.books = books
        clock = parts.clock
        logger = parts.logger
        (offers, line) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_000))
    }

    /// Lines up the revert of an operation that was rolled back.
    ///
    /// - Parameter group: The lanes that went back with it, and are put back in the same commit.
    nonisolated func offer(
        _ operation: OperationRecord, because reason: String, with group: [LaneID]
    ) {
        line.yield(Offer(operation: operation, reason: reason, group: group))
    }

    /// Makes offers until cancelled.
    func run() async {
        for await next in offers {
            var offer = next
            guard await !isMade(offer) else { continue }
            offer.attempts += 1
            guard offer.attempts < Self.maximumAttempts else {
                logger.error(
                    "the revert is not offered", metadata: ["lane": "\(offer.operation.lane)"])
                continue
            }
            // Behind the others: what keeps this one back may not keep them.
            line.yield(offer)
            do { try await clock.sleep(for: Self.pause) } catch { return }
        }
    }

    /// Whether nothing is left to be tried.
    private func isMade(_ offer: Offer) async -> Bool {
        let lane = offer.operation.lane
        guard let change = offer.operation.change, let base = change.base,
            case .slot(let bad, _, _) = change.target, let head = await books.state.head,
            let branch = Reversal.branch(of: lane, after: offer.operation.number)
        else { return true }
        do {
            var reversal = try await Reversal(
                of: lane, to: base.slot, version: base.version, replacing: bad, at: head.commit.id,
                from: source)
            var settled: [LaneID: Settled] = [:]
            for other in offer.group { settled[other] = await books.record(of: other).settled }
            try await reversal.join(settled, since: offer.operation.commit, from: source)
            let commit = try await branches.writer.push(
                reversal.draft(
                    lane, version: base.version, because: offer.reason, by: branches.author,
                    at: clock.now().wall), as: branch, limit: Self.limit)
            logger.notice(
                "the revert is offered",
                metadata: ["lane": "\(lane)", "branch": "\(branch)", "commit": "\(commit)"])
            try await books.commit(
                LedgerTransaction(
                    entries: [
                        AuditText.offered(
                            offer.operation, on: branch, as: commit, at: clock.now().wall)
                    ]))
            return true
        } catch let failure as Reversal.Failure {
            logger.warning(
                "no revert", metadata: ["lane": "\(lane)", "reason": "\(failure.phrase)"])
            if case .source = failure { return false }
            return true
        } catch let error as SourceError {
            logger.warning(
                "the revert is not pushed yet",
                metadata: ["lane": "\(lane)", "reason": "\(error.phrase)"])
            if case .rejected = error { return true }
            return false
        } catch {
            return true
        }
    }
}
