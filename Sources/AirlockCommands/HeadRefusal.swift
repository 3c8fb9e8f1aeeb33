import AirlockModel

/// Why the reconciler would not follow a head, so that nobody takes its plan for what happens.
struct HeadRefusal {
    /// Why the whole plan cannot be approved; one phrase with whose move is next.
    let phrase: String
    /// What is said of one lane.
    let reason: String
    let move: NextMove
    /// Whether development and testing follow it all the same.
    let isForLateTiersAlone: Bool

    /// A head that is not of this fleet's line at all.
    init(_ why: String) {
        phrase = "the reconciler refuses this head: \(why)"
        reason = phrase
        move = .commit("push a head that the reconciler can follow")
        isForLateTiersAlone = false
    }

    /// A head that does not descend from the trust root.
    init(of head: CommitID, notFrom root: CommitID) {
        let command = "airlock reconcile --accept-rewrite \(head)"
        reason =
            "the reconciler refuses this head: it does not descend from the trust root \(root.short)"
        phrase = "\(reason); where that is meant, `\(command)` makes it the new one"
        move = .run(command)
        isForLateTiersAlone = false
    }

    /// A head that does not descend from the commit on which staging and production stay.
    init(rewriting kept: CommitID, head: CommitID) {
        let command = "airlock reconcile --accept-rewrite \(head)"
        reason = "history was rewritten: staging and production stay on \(kept.short)"
        phrase = "\(reason) until `\(command)`"
        move = .run(command)
        isForLateTiersAlone = true
    }

    /// Whether `environment` stays as it is.
    private func binds(_ environment: Environment?) -> Bool {
        !isForLateTiersAlone || environment?.tier.keepsHistory != false
    }

    /// Whether something that a plan shows would not be done.
    func bars(_ plan: Plan, in environments: [EnvironmentName: Environment]) -> Bool {
        guard isForLateTiersAlone else { return true }
        return plan.lanes.contains { lane in
            guard binds(environments[lane.lane.environment]) else { return false }
            if case .hold(.notFollowed) = lane.disposition { return true }
            return lane.change != nil
        }
    }

    /// Whether a change begins now, or by itself when what it waits for is over.
    private static func wouldBegin(_ disposition: Disposition) -> Bool {
        switch disposition {
        case .change(_, nil): true
        case .hold(.gates(let verdicts)): !verdicts.contains { $0.answer == .refuse }
        // The end of what that head does not ask for any more; a drift is repaired all the same.
        case .repair(let repair, nil): repair.isRollback
        case .change, .repair, .heal, .verify, .back, .hold, .leave: false
        }
    }

    /// The plan with every change held that would not begin.
    func holding(
        _ plan: Plan, in environments: [EnvironmentName: Environment]
    ) -> Plan {
        var plan = plan
        plan.lanes = plan.lanes.map { lane in
            guard Self.wouldBegin(lane.disposition), binds(environments[lane.lane.environment])
            else { return lane }
            return LanePlan(
                lane: lane.lane, disposition: .hold(.notFollowed(reason, move: move)),
                change: lane.change, verdicts: lane.verdicts, drift: lane.drift,
                forecast: lane.forecast, waits: lane.waits)
        }
        return plan
    }
}
