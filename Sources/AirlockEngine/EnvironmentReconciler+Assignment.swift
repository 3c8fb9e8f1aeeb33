import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout

/// What is to be done for the plan of a lane.
extension EnvironmentReconciler {
    /// Whether there is work in the lane that this process was not asked for.
    func isLeftOut(_ plan: LanePlan) -> Bool {
        guard let expected = parts.settings.expected else { return false }
        switch plan.disposition {
        case .change(let change, _): return !expected.contains(change.id)
        case .repair, .heal: return true
        // A test job moves nothing.
        case .back, .verify, .hold, .leave: return false
        }
    }

    func assignment(of plan: LanePlan, state: LedgerState) async -> Assignment? {
        guard !isLeftOut(plan), state.stop?.isInForce(at: parts.clock.now().wall) != true
        else { return nil }
        let open = state.lanes[plan.lane]?.operation
        switch plan.disposition {
        case .leave: return nil
        case .hold:
            guard let open, let operation = state.operations[open], Rollout.isWatched(operation)
            else { return nil }
            return .watch(open)
        case .back(let operation), .heal(_, let operation): return .resume(operation)
        case .change(let change, let operation):
            guard isAccepted else { return nil }
            if let operation { return .resume(operation) }
            let author = await keeper.author(of: change.commit)
            return .open(
                .change(change), commit: change.commit, author: author, superseding: open)
        case .repair(let repair, let operation):
            if let operation { return .resume(operation) }
            return .open(
                .repair(repair), commit: repair.to?.commit, author: nil, superseding: open)
        case .verify(let work, let operation):
            // What is run comes from git, as what is released does.
            guard isAccepted else { return nil }
            if let operation { return .resume(operation) }
            let commit = state.lanes[plan.lane]?.settled?.commit ?? accepted?.id
            return .open(.verify(work), commit: commit, author: nil, superseding: open)
        }
    }
}
