import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout

/// What is to be done for the plan of a lane.
extension EnvironmentReconciler {
    /// What the accepted commit says of a lane; nil where its files cannot be read.
    func readable(_ lane: LaneID) -> DesiredLane? {
        accepted?.slices[name]?.readable(lane)
    }

    /// Writes down what git asks of the rollouts under way. It stays in force while the files that say it
    /// cannot be read, so it has to outlive the process.
    func rememberWishes() async throws(EngineHalt) {
        guard let slice = accepted?.slices[name] else { return }
        // A hold may have been in force for so short a time that no pass saw it.
        let slices = replaced + [slice]
        replaced = []
        guard await !books.newWishes(in: name, of: slices).isEmpty else { return }
        await books.steeringTurn.enter()
        defer { books.steeringTurn.leave() }
        let writes = await books.newWishes(in: name, of: slices).map { JournalWrite.steering($0) }
        if !writes.isEmpty { try await books.commit(LedgerTransaction(writes: writes)) }
    }

    /// Writes down how git describes the environment, for a start that finds its file unreadable or gone.
    func rememberDescription() async throws(EngineHalt) {
        guard claimed != nil, let environment = accepted?.fleet.environments[name] else { return }
        let described = ClaimRecord.Description(environment)
        guard let last = await books.state.claims[name], last.described != described else { return }
        let record = ClaimRecord(environment: name, epoch: last.epoch, described: described)
        try await books.commit(LedgerTransaction(writes: [.claimed(record)]))
    }

    /// Whether there is work in the lane that this process was not asked for.
    func isLeftOut(_ plan: LanePlan) -> Bool {
        guard let expected = parts.settings.expected else { return false }
        switch plan.disposition {
        case .change(let change, _): return !expected.contains(change.id)
        // It only ends what is under way, as going back does.
        case .repair(let repair, _) where repair.isRollback: return false
        // Neither has an id of its own; the change that waits for it does, and is expected with it.
        case .repair, .heal: return plan.change.map { !expected.contains($0.id) } ?? true
        // A test job moves nothing.
        case .back, .verify, .hold, .leave: return false
        }
    }

    func assignment(of plan: LanePlan, state: LedgerState) async -> Assignment? {
        guard !isLeftOut(plan) else { return nil }
        if state.stop?.isInForce(at: parts.clock.now().wall) == true {
            guard case .back(let number) = plan.disposition,
                state.steerings[number]?.isOrderedBack == true
            else { return nil }
            return .resume(number)
        }
        let open = state.lanes[plan.lane]?.operation
        switch plan.disposition {
        case .leave: return nil
        case .hold:
            guard let observation, isOurs(observation), let open,
                let operation = state.operations[open],
                Rollout.isWatched(
                    operation,
                    in: observation.lanes[plan.lane] ?? LaneObservation(lane: plan.lane))
            else { return nil }
            return .watch(open)
        case .back(let operation), .heal(_, let operation): return .resume(operation)
        case .change(let change, let operation):
            guard isAccepted else { return nil }
            if let operation, state.operations[operation]?.change?.id == change.id {
                return .resume(operation)
            }
            let author = await keeper.author(of: change.commit)
            if let operation { return .resize(operation, change, author: author) }
            return .open(
                .change(change), commit: change.commit, author: author, superseding: open)
        case .repair(let repair, let operation):
            if let operation { return .resume(operation) }
            guard repair.isRollback else {
                return .open(
                    .repair(repair), commit: repair.to?.commit, author: nil, superseding: open)
            }
            // Git takes a move back, so the commit that does is the one to tell, and not the one that the
            // lane settled on long ago.
            let commit = readable(plan.lane)?.cause ?? accepted?.id
            let author = await keeper.author(of: commit)
            return .open(
                .repair(repair), commit: commit, author: author, superseding: open)
        case .verify(let work, let operation):
            // What is run comes from git, as what is released does.
            guard isAccepted else { return nil }
            if let operation { return .resume(operation) }
            let commit = state.lanes[plan.lane]?.settled?.commit ?? accepted?.id
            return .open(.verify(work), commit: commit, author: nil, superseding: open)
        }
    }
}
