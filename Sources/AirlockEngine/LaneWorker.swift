import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout
import Logging

/// What one lane is to be worked on for.
enum Assignment: Sendable {
    /// A new operation; it takes the place of the one that is open, if any.
    case open(OperationRecord.Work, commit: CommitID?, author: String?, superseding: Int?)
    /// The operation of that number goes on.
    case resume(Int)
    /// The operation of that number may not go on; harm that it does is taken back.
    case watch(Int)
}

/// How a visit to a lane ended.
enum VisitEnd: Sendable {
    case ended(OperationRecord.Outcome, isRepair: Bool)
    /// Nothing to do before this much time has passed.
    case waiting(Duration)
    /// The provider refused or did not answer; the lane rests.
    case failed(String)
    /// Something else decides now: a freeze, or the process is stopping.
    case yielded
}

/// Carries out one operation in one lane, one action at a time, each behind a durable intent.
struct LaneWorker: Sendable {
    /// The most actions of one visit; a rollout needs four or five.
    private static let actionsPerVisit = 64

    let lane: LaneID
    let tier: Tier
    let fleet: FleetName
    /// The claim under which orders are given.
    let claim: Claim
    let books: Books
    let provider: any Provider
    /// Nil where nobody measures.
    let signals: (any SignalSource)?
    /// Nil where nothing asks idle slots.
    let prober: (any Prober)?
    /// Nil where nothing may be pushed.
    let reverts: RevertOffers?
    /// The state of the rollout that git asks for.
    let wish: RolloutWish
    /// How git wants the lane to be watched after a change; nil for not at all.
    let watchWish: WatchPlan?
    /// The lanes that move together, this one among them, those ahead first; empty for none.
    let group: [LaneID]
    let clock: any AirlockClock
    let logger: Logger
    let isStopping: @Sendable () -> Bool

    /// Works until the operation ends or has to wait.
    ///
    /// - Parameter known: What was just seen in the lane; nil to look first.
    /// - Throws: ``EngineHalt`` when the ledger fails or another writer has the engine.
    func visit(
        _ assignment: Assignment, observed known: LaneObservation?
    ) async throws(EngineHalt) -> VisitEnd {
        var pending = LedgerTransaction()
        guard var operation = await operation(for: assignment, pending: &pending) else {
            return .yielded
        }
        var isWatching = false
        if case .watch = assignment { isWatching = true }
        let end = try await work(
            on: &operation, isWatching: isWatching, observed: known, pending: &pending)
        if !pending.isEmpty {
            try await books.commit(pending)
            await books.remember(operation)
        }
        return end
    }

    /// Advances an operation until it ends or has to wait.
    ///
    /// - Parameter pending: What happened and is not durable yet. It goes with the next intent or the
    ///   end: nothing is sent before that is on disk, and what a kill loses is found by looking.
    private func work(
        on operation: inout OperationRecord, isWatching: Bool, observed known: LaneObservation?,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) -> VisitEnd {
        var observed: LaneObservation
        if let known {
            observed = known
        } else {
            do { observed = try await look() } catch { return .failed(error.phrase) }
        }
        for _ in 0..<Self.actionsPerVisit {
            if isStopping() { return .yielded }
            if await isFleetStopped() { return .yielded }
            var preview: PreviewAnswer?
            if await !isStopped(operation, isWatching: isWatching), !isWatching {
                do { preview = try await ask(for: operation, in: &observed) } catch {
                    return .failed(error.phrase)
                }
            }
            let isStopped = await isStopped(operation, isWatching: isWatching)
            if isStopped, !Rollout.isWatched(operation) { return .yielded }
            let now = clock.now()
            let answer = await Rollout.answer(for: operation, from: signals, now: now)
            if case .down(let reason) = answer {
                logger.warning(
                    "no signals", metadata: metadata(operation, ["reason": "\(reason)"]))
            }
            let course = await course(of: operation, isWatching: isWatching)
            let step = Rollout.advance(
                operation, in: observed, answer: answer, preview: preview, course: course,
                traits: signals?.traits ?? SignalTraits(), now: now)
            if isStopped || isWatching, case .forward = step.state.direction {
                try await remember(evidence: step.state, of: &operation, pending: &pending)
                return isWatching ? .waiting(.seconds(1)) : .yielded
            }
            try await keep(step.state, in: &operation, pending: &pending)
            switch step.next {
            case .wait(_, let lookAgain): return .waiting(lookAgain)
            case .end(let outcome):
                try await end(operation, outcome, pending: &pending)
                return .ended(outcome, isRepair: operation.change == nil)
            case .act(.route) where await hasToWait(operation): return .waiting(.seconds(1))
            case .act(let action):
                let failure = try await perform(action, for: &operation, pending: &pending)
                if let failure {
                    return .failed(failure)
                }
            }
            do { observed = try await look() } catch { return .failed(error.phrase) }
        }
        return .waiting(.seconds(1))
    }

    /// What is in the lane now.
    func look() async throws(ProviderError) -> LaneObservation {
        let answer = try await provider.observe(
            lane.environment, of: fleet, lanes: [lane], since: nil)
        switch answer {
        case .observed(let observation):
            return observation.lanes[lane] ?? LaneObservation(lane: lane)
        case .unchanged: throw .refused("it answered unchanged to a question without a revision")
        }
    }

    /// A freeze stops what goes forward and repairs, a person's hold this one; going back goes on.
    private func isStopped(
        _ operation: OperationRecord, isWatching: Bool = false
    ) async -> Bool {
        if await isFleetStopped() { return true }
        if case .back = operation.rollout.direction { return false }
        let steering = await books.steering(of: operation.number)
        let isAborted = steering?.aborted != nil || (!isWatching && wish == .abort)
        if operation.canGoBack, isAborted { return false }
        if steering?.held != nil { return true }
        return await books.freeze(of: lane, at: clock.now().wall) != nil
    }

    /// Whether others of its group go back before it.
    private func hasToWait(_ operation: OperationRecord) async -> Bool {
        guard !group.isEmpty, case .back = operation.rollout.direction else { return false }
        return await books.goesBackBefore(lane, of: group, at: clock.now().wall) != nil
    }

    /// Whether the whole fleet is stopped, what goes back included.
    private func isFleetStopped() async -> Bool {
        await books.stop?.isInForce(at: clock.now().wall) == true
    }

    /// What git and people ask of the operation now. The wish of a release is about the change that it
    /// asks for, and one that is only watched may be another.
    private func course(of operation: OperationRecord, isWatching: Bool) async -> Course {
        var course = Course(
            isWatching ? .proceed : wish, await books.steering(of: operation.number))
        if !group.isEmpty, let steps = operation.change?.strategy.steps {
            course.join(
                await books.progress(of: group), as: lane, steps: steps,
                at: operation.rollout.canary)
        }
        return course
    }

    // MARK: Opening and ending

    private func operation(
        for assignment: Assignment, pending: inout LedgerTransaction
    ) async -> OperationRecord? {
        switch assignment {
        case .resume(let number), .watch(let number): return await books.operation(number)
        case .open(let work, let commit, let author, let superseding):
            let now = clock.now()
            var operation = OperationRecord(
                number: await books.reserveOperation(), lane: lane, work: work, commit: commit,
                author: author, opened: now.wall)
            operation.history = await history(before: work, after: superseding, at: now.wall)
            var record = await books.record(of: lane)
            if operation.change?.endsWatch == true {
                (operation.watchBefore, record.watch) = (record.watch, nil)
            }
            record.operation = operation.number
            record.decision = AuditText.decision(of: work)
            // What moves no slot moves nothing past the change that waits.
            if operation.movesSlots { record.held = nil }
            if let heal = operation.heal {
                record.healing = record.healing ?? HealingRecord()
                record.healing?.spend(on: heal, at: now.wall)
            }
            if let superseding, var old = await books.operation(superseding) {
                pending.entries += AuditText.evidence(&old, at: now.wall)
                pending.writes.append(.operation(ended(old, .superseded)))
                if operation.change?.endsWatch == true {
                    operation.watchBefore = operation.watchBefore ?? old.watchBefore
                } else {
                    record.watch = record.watch ?? old.watchBefore
                }
            }
            if case .repair(let repair) = work, !repair.found.isEmpty {
                pending.entries.append(AuditText.drift(repair, in: operation, at: now.wall))
            }
            pending.writes += [.operation(operation), .lane(record)]
            pending.entries.append(AuditText.opened(operation, at: now.wall))
            logger.info("operation opened", metadata: metadata(operation))
            return operation
        }
    }

    private func end(
        _ operation: OperationRecord, _ outcome: OperationRecord.Outcome,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) {
        let now = clock.now()
        var operation = operation
        pending.entries += AuditText.evidence(&operation, at: now.wall)
        var record = await books.record(of: lane)
        record.operation = nil
        if case .settled = outcome, let change = operation.change {
            settle(change, by: operation, in: &record, at: now.wall)
        }
        if case .rolledBack = outcome { record.watch = record.watch ?? operation.watchBefore }
        record.decision = nil
        pending.writes += [.operation(ended(operation, outcome)), .lane(record)]
        pending.writes += await marks(of: operation, outcome, at: now)
        pending.entries.append(AuditText.ended(operation, outcome, at: now.wall))
        // What goes back for another of its group is not at fault, and waits for what mends that one.
        let isForGroup = await books.steering(of: operation.number)?.aborted?.group != nil
        try await books.commit(pending)
        pending = LedgerTransaction()
        logger.notice("operation \(outcome.word)", metadata: metadata(operation))
        if case .rolledBack(let reason) = outcome, operation.change?.kind == .replace, !isForGroup {
            reverts?.offer(operation, because: reason)
        }
    }

    private func ended(
        _ operation: OperationRecord, _ outcome: OperationRecord.Outcome
    ) -> OperationRecord {
        var operation = operation
        operation.outcome = outcome
        operation.ended = clock.now().wall
        return operation
    }

    // MARK: Acting

    /// Records the intent, tells the provider, records what came of it.
    ///
    /// - Returns: Nil when the action is done; else why the lane rests.
    private func perform(
        _ action: Action, for operation: inout OperationRecord,
        pending: inout LedgerTransaction
    ) async throws(EngineHalt) -> String? {
        let step = operation.rollout.step
        let order = ActionOrder(
            key: ActionKey(
                ledger: claim.ledger, operation: operation.number, step: step,
                action: action),
            claim: claim, fleet: fleet, lane: lane, change: operation.change?.id,
            operation: operation.number, action: action)
        let now = clock.now().wall
        let intent = IntentRecord(order: order, step: step, opened: now)
        pending.writes.append(.intent(intent))
        pending.entries.append(AuditText.intended(order, operation, at: now))
        let entry = try await books.commit(pending).last
        pending = LedgerTransaction()
        if tier == .production, let entry { try await books.published(entry) }
        // What was said while the intent was written is obeyed; what comes later meets an order that is
        // on its way.
        guard await !isStopped(operation) else {
            return close(
                intent, entry: entry, .refused("stopped before it was sent"), for: &operation,
                pending: &pending)
        }
        let result = try await send(order, for: operation)
        switch result {
        case .success(let outcome):
            return close(intent, entry: entry, outcome, for: &operation, pending: &pending)
        case .failure(let error): return error.phrase
        }
    }

    /// Sends an order; a lost answer is settled by looking.
    ///
    /// - Returns: The error when not even looking was answered: the intent stays open.
    /// - Throws: ``EngineHalt/fenced(_:by:)``.
    private func send(
        _ order: ActionOrder, for operation: OperationRecord
    ) async throws(EngineHalt) -> Result<IntentOutcome, ProviderError> {
        do {
            return .success(.done(try await provider.perform(order)))
        } catch {
            switch error {
            case .fenced(let claim): throw .fenced(lane.environment, by: claim)
            case .noAnswer(let why):
                logger.warning("no answer", metadata: metadata(operation, ["reason": "\(why)"]))
                return await seen(order.action).map(Result.success) ?? .failure(error)
            case .refused, .foreignClaim, .unsupported: return .success(.refused(error.phrase))
            }
        }
    }

    /// Settles a lost answer by looking; nil when not even that is answered.
    private func seen(_ action: Action) async -> IntentOutcome? {
        do {
            return action.isDone(in: try await look()) ? .seenDone : .seenUndone
        } catch {
            logger.warning(
                "cannot look", metadata: ["lane": "\(lane)", "reason": "\(error.phrase)"])
            return nil
        }
    }

    private func close(
        _ intent: IntentRecord, entry: Int?, _ outcome: IntentOutcome,
        for operation: inout OperationRecord, pending: inout LedgerTransaction
    ) -> String? {
        let failure: String? =
            switch outcome {
            case .done, .seenDone: nil
            case .seenUndone: "the provider did not answer and did not act"
            case .refused(let reason): reason
            }
        let now = clock.now().wall
        if failure == nil { operation.rollout = Rollout.afterAction(operation.rollout) }
        pending.entries += AuditText.evidence(&operation, at: now)
        pending.writes += [.settle(intent.order.key, outcome), rollout(of: operation)]
        pending.entries.append(
            AuditText.settled(intent.order, outcome, about: entry, operation, at: now))
        return failure
    }

    func metadata(
        _ operation: OperationRecord, _ more: Logger.Metadata = [:]
    ) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["lane": "\(lane)", "operation": "\(operation.number)"]
        if let commit = operation.commit { metadata["commit"] = "\(commit)" }
        if let change = operation.change { metadata["change"] = "\(change.id)" }
        return metadata.merging(more) { $1 }
    }
}
