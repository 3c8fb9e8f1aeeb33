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
/// quarantine keeps the release from coming back. What is to be offered stands with the quarantine in the
/// journal, so git may be away for days, and the process may end.
actor RevertOffers {
    /// Longest wall time of one push.
    private static let limit = Duration.seconds(60)
    /// Time between two tries.
    private static let pause = Duration.seconds(30)
    /// Operations of a lane, the newest first, among which the one that went back is looked for.
    private static let mostOperations = 1_000

    private let branches: RevertBranches
    private let source: any CommitSource
    private let books: Books
    private let keeper: SourceKeeper
    private let clock: any AirlockClock
    private let logger: Logger
    private let wakes: AsyncStream<Void>
    private nonisolated let line: AsyncStream<Void>.Continuation
    private let turns = Turns()
    private var isResting = false
    /// Why the revert of an operation could not be offered when that was told last.
    private var told: [Int: String] = [:]

    init(
        _ branches: RevertBranches, parts: EngineParts, books: Books, keeper: SourceKeeper
    ) {
        self.branches = branches
        self.keeper = keeper
        source = parts.source
        self.books = books
        clock = parts.clock
        logger = parts.logger
        (wakes, line) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has it look at what is due.
    nonisolated func wake() { line.yield() }

    /// Offers what is due until cancelled, first what an earlier process left.
    func run() async {
        wake()
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                guard await !offerDue(), !isResting else { continue }
                isResting = true
                group.addTask { await self.rest() }
            }
        }
    }

    private func rest() async {
        do { try await clock.sleep(for: Self.pause) } catch { return }
        isResting = false
        wake()
    }

    /// Tries once to offer each revert that is due.
    ///
    /// - Returns: Whether nothing is due any more.
    @discardableResult
    func offerDue() async -> Bool {
        await turns.enter()
        defer { turns.leave() }
        var isAllDone = true
        for quarantine in await books.dueReverts() {
            guard !Task.isCancelled else { return false }
            do throws(EngineHalt) {
                if try await !isDone(quarantine) { isAllDone = false }
            } catch {
                // The loops come to the same, and end the process.
                return true
            }
        }
        return isAllDone
    }

    /// Whether nothing is left to be tried; then that is durable.
    private func isDone(_ quarantine: Quarantine) async throws(EngineHalt) -> Bool {
        let (lane, number) = (quarantine.lane, quarantine.operation)
        // What would be reverted may be mended, removed or rewritten by now.
        switch await keeper.standing() {
        case .unasked: return false
        case .unknown(let reason): return tell(reason, of: quarantine)
        case .known: break
        }
        var offer: Offer?
        do {
            offer = try await push(quarantine)
        } catch let failure as Reversal.Failure {
            if case .source(let error) = failure { return tell(error.phrase, of: quarantine) }
            // A rewritten head may be taken back, and what it is about with it.
            if await keeper.isBehind(lane.environment) {
                return tell(failure.phrase, of: quarantine)
            }
            logger.warning(
                "no revert", metadata: ["lane": "\(lane)", "reason": "\(failure.phrase)"])
        } catch let error as SourceError {
            guard case .rejected = error else { return tell(error.phrase, of: quarantine) }
            logger.error(
                "the revert is not offered, the remote does not take it",
                metadata: ["lane": "\(lane)", "reason": "\(error.phrase)"])
        } catch {
            return tell("\(error)", of: quarantine)
        }
        told[number] = nil
        var done = LedgerTransaction(
            writes: [.revert(lane, quarantine.slot, operation: number, due: nil)])
        if let offer {
            logger.notice(
                "the revert is offered",
                metadata: [
                    "lane": "\(lane)", "branch": "\(offer.branch)", "commit": "\(offer.commit)",
                ])
            done.entries.append(
                AuditText.offered(
                    offer.operation, on: offer.branch, as: offer.commit, at: clock.now().wall))
        }
        try await books.commit(done)
        return true
    }

    /// Logs why it is not offered yet, once for each reason.
    ///
    /// - Returns: False, for what is to be tried again.
    private func tell(_ given: String, of quarantine: Quarantine) -> Bool {
        let reason = Task.isCancelled ? "the process ends" : given
        if told.updateValue(reason, forKey: quarantine.operation) != reason {
            logger.warning(
                "the revert is not offered yet and is tried again, by the next process too",
                metadata: ["lane": "\(quarantine.lane)", "reason": "\(reason)"])
        }
        return false
    }

    /// A revert that stands on a branch of the remote.
    private struct Offer {
        let operation: OperationRecord
        let branch: BranchName
        let commit: CommitID
    }

    /// Pushes the branch, under another name where somebody has taken its own.
    ///
    /// - Returns: Nil where nothing is known that could be put back.
    private func push(_ quarantine: Quarantine) async throws -> Offer? {
        let lane = quarantine.lane
        let operations = try await books.ledger.operations(of: lane, limit: Self.mostOperations)
        guard let operation = operations.first(where: { $0.number == quarantine.operation }),
            let change = operation.change, let base = change.base,
            case .slot(let bad, _, _) = change.target, let head = await books.state.head
        else {
            logger.warning(
                "no revert, the ledger does not keep what was rolled back any more",
                metadata: ["lane": "\(lane)", "operation": "\(quarantine.operation)"])
            return nil
        }
        var reversal = try await Reversal(
            of: lane, to: base.slot, version: base.version, replacing: bad, at: head.commit.id,
            from: source)
        var settled: [LaneID: Settled] = [:]
        for other in quarantine.revertDue ?? [] {
            settled[other] = await books.record(of: other).settled
        }
        try await reversal.join(settled, since: operation.commit, from: source)
        // Of the time of the rollback: a second try on the same head makes the same commit, and finds it there.
        let draft = reversal.draft(
            lane, version: base.version, because: quarantine.reason, by: branches.author,
            at: quarantine.since)
        var refusal = SourceError.rejected("no branch can have that name")
        for branch in reversal.branches(of: lane, after: operation.number) {
            do throws(SourceError) {
                let commit = try await branches.writer.push(draft, as: branch, limit: Self.limit)
                return Offer(operation: operation, branch: branch, commit: commit)
            } catch {
                guard case .rejected = error else { throw error }
                refusal = error
            }
            if let commit = try await found(reversal, on: branch) {
                return Offer(operation: operation, branch: branch, commit: commit)
            }
        }
        throw refusal
    }

    /// The commit of a branch that puts the same back: a push that was given up may have arrived, before the head moved.
    private func found(
        _ reversal: Reversal, on branch: BranchName
    ) async throws(SourceError) -> CommitID? {
        do throws(SourceError) {
            let merge = try await source.proposal(branch: branch, limit: Self.limit)
            guard merge.staleBecause == nil, try await reversal.isMade(by: merge, in: source)
            else { return nil }
            return merge.head
        } catch {
            if case .branchMissing = error { return nil }
            throw error
        }
    }
}

extension Books {
    /// The quarantines whose revert is still to be offered, by lane.
    func dueReverts() -> [Quarantine] {
        state.quarantines.sorted { $0.key < $1.key }.flatMap(\.value).filter {
            $0.revertDue != nil
        }
    }
}
