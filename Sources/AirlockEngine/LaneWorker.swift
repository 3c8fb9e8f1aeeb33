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
    /// The operation of that number goes on, with the number of instances of that change.
    case resize(Int, Change, author: String?)
    /// The operation of that number may not go on; harm that it does is taken back.
    case watch(Int)
}

/// How a visit to a lane ended.
enum VisitEnd: Sendable {
    case ended(OperationRecord.Outcome, of: EndedWork)
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
    /// What git asks of the lane; nil where it asks for nothing, and where its files cannot be read.
    let desired: DesiredLane?
    /// The state of the rollout that git asks for; nil where the lane's files cannot be read.
    let wish: RolloutWish?
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
        switch assignment {
        case .watch: isWatching = true
        case .resume, .resize: try await noteGoingOn(operation)
        case .open: break
        }
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
            do { observed = try await look() } catch { return await unseen(error, &operation) }
        }
        for _ in 0..<Self.actionsPerVisit {
            if isStopping() { return .yielded }
            if await isFleetStopped(operation) {
                await park(&operation)
                return .yielded
            }
            var preview: PreviewAnswer?
            if await mayAsk(for: operation, isWatching: isWatching) {
                do { preview = try await ask(for: operation, in: &observed) } catch {
                    return .failed(error.phrase)
                }
            }
            let now = clock.now()
            let answer = await Rollout.answer(for: operation, from: signals, now: now)
            // Asking takes a while. What is said by now decides; what is said later is looked for again
            // when the order for it is written down.
            let said = await books.steering(of: operation.number)
            let isStopped = await isStopped(operation, by: said, isWatching: isWatching)
            let isHeld = isStopped || isWatching
            if isHeld, case .forward = operation.rollout.direction, operation.rollout.seen != nil {
                await park(&operation)
            }
            if isStopped, !Rollout.isWatched(operation, in: observed) { return .yielded }
            var course = await course(of: operation, by: said, isWatching: isWatching)
            course.isHeld = isHeld
            let step = Rollout.advance(
                operation, in: observed, answer: answer, preview: preview, course: course,
                traits: signals?.traits ?? SignalTraits(), now: now)
            log(answer, to: operation, as: step.state)
            var state = step.state
            // Of an operation that is only watched nobody asks what git allows it.
            if isWatching {
                let known = operation.rollout
                (state.ceiling, state.isBound) = (known.ceiling, known.isBound)
            }
            if isHeld, case .forward = state.direction { state.seen = nil }
            let isRescue = Rollout.isRescue(step.next, of: operation, in: observed)
            if isHeld, case .forward = state.direction, !isRescue {
                try await remember(
                    held: state, of: &operation, knowing: said, pending: &pending)
                return isWatching ? .waiting(.seconds(1)) : .yielded
            }
            try await keep(state, in: &operation, knowing: said, pending: &pending)
            switch step.next {
            case .wait(_, let lookAgain): return .waiting(lookAgain)
            case .end(let outcome):
                try await end(operation, outcome, pending: &pending)
                return .ended(outcome, of: EndedWork(operation.work))
            case .act(.route) where await hasToWait(operation): return .waiting(.seconds(1))
            case .act(let action):
                let failure = try await perform(
                    action, for: &operation, isRescue: isRescue, pending: &pending)
                if let failure {
                    return .failed(failure)
                }
            }
            do { observed = try await look() } catch { return await unseen(error, &operation) }
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
        _ operation: OperationRecord, by said: Steering?, isWatching: Bool = false
    ) async -> Bool {
        if await isFleetStopped(operation) { return true }
        if case .back = operation.rollout.direction { return false }
        if operation.goesBack { return false }
        let isAskedBack = !isWatching && asked(of: operation, said) == .abort
        let isAborted = said?.aborted != nil || isAskedBack
        if operation.canGoBack, isAborted { return false }
        if said?.held != nil { return true }
        return await books.freeze(of: lane, at: clock.now().wall) != nil
    }

    /// Whether an idle slot may be asked its checks: what is held is not, and what is said while it is asked
    /// is looked for after it.
    private func mayAsk(for operation: OperationRecord, isWatching: Bool) async -> Bool {
        guard !isWatching else { return false }
        return await !isStopped(operation, by: books.steering(of: operation.number))
    }

    /// Whether an order that was written down is not to be sent any more, because of what was said while it
    /// was written.
    func isOvertaken(_ operation: OperationRecord, isRescue: Bool) async -> Bool {
        if isRescue { return await isFleetStopped(operation) }
        let said = await books.steering(of: operation.number)
        if operation.canGoBack, said?.aborted != nil { return true }
        return await isStopped(operation, by: said)
    }

    /// What git asks of the rollout now, or did when it was about this change last: what it says of the next
    /// one, that it leaves the lane out, or what cannot be read changes nothing for the one under way.
    private func asked(of operation: OperationRecord, _ said: Steering?) -> RolloutWish {
        let isOther = operation.change.map { desired?.asks(for: $0) != true } ?? false
        return (isOther ? nil : wish) ?? said?.wish ?? .proceed
    }

    /// Whether others of its group go back before it.
    private func hasToWait(_ operation: OperationRecord) async -> Bool {
        guard !group.isEmpty, case .back = operation.rollout.direction else { return false }
        return await books.goesBackBefore(lane, of: group, at: clock.now().wall) != nil
    }

    /// Whether a stop of the whole fleet holds the operation: all but what a person ordered back.
    private func isFleetStopped(_ operation: OperationRecord) async -> Bool {
        guard await books.stop?.isInForce(at: clock.now().wall) == true else { return false }
        return await books.steering(of: operation.number)?.isOrderedBack != true
    }

    /// What git and people ask of the operation now. The wish of a release is about the change that it
    /// asks for, and one that is only watched may be another.
    private func course(
        of operation: OperationRecord, by said: Steering?, isWatching: Bool
    ) async -> Course {
        let asked: RolloutWish = isWatching ? .proceed : asked(of: operation, said)
        var course = Course(asked, said, isRead: wish != nil)
        if !group.isEmpty, let steps = operation.change?.strategy.steps {
            course.join(
                await books.progress(of: group), as: lane, steps: steps,
                at: operation.rollout.canary)
        }
        return course
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
