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

    /// Whether an environment stays on what was in force before this head.
    private func binds(_ name: EnvironmentName, _ newest: Fleet?, _ kept: Fleet?) -> Bool {
        guard isForLateTiersAlone, let newest, let kept else { return true }
        return kept.keepsHistory(of: name, rewrittenTo: newest)
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

    /// What is done while this head waits: where it binds, the plan of what was in force before it.
    ///
    /// - Parameters:
    ///   - plan: What the head asks for, as if it was followed.
    ///   - kept: What was in force before, and its plan; nil where nothing was, or nobody can read it.
    func outcome(of plan: Plan, for newest: Fleet?, under kept: Kept?) -> Outcome {
        var outcome = Outcome(plan: plan)
        let others = Dictionary(
            (kept?.plan.lanes ?? []).map { ($0.lane, $0) }, uniquingKeysWith: { first, _ in first })
        outcome.plan.lanes = plan.lanes.map { lane in
            guard binds(lane.lane.environment, newest, kept?.fleet) else { return lane }
            let shown = shown(lane, under: kept == nil ? nil : others[lane.lane])
            if shown.disposition != lane.disposition || lane.change != nil {
                outcome.barred.insert(lane.lane)
            }
            return shown
        }
        let known = Set(plan.lanes.map(\.lane))
        let more = (kept?.plan.lanes ?? []).filter {
            !known.contains($0.lane) && binds($0.lane.environment, newest, kept?.fleet)
        }
        outcome.barred.formUnion(more.map(\.lane))
        outcome.plan.lanes += more
        return outcome
    }

    /// What becomes of a lane that stays on what was in force.
    ///
    /// - Parameter kept: What that says of the lane; nil where it says nothing of it.
    private func shown(_ lane: LanePlan, under kept: LanePlan?) -> LanePlan {
        if let kept, Self.wouldBegin(kept.disposition) { return kept }
        guard Self.wouldBegin(lane.disposition) else { return kept ?? lane }
        return LanePlan(
            lane: lane.lane, disposition: .hold(.notFollowed(reason, move: move)),
            change: lane.change, verdicts: lane.verdicts, drift: lane.drift,
            forecast: lane.forecast, waits: lane.waits)
    }
}

extension HeadRefusal {
    /// What was in force before a head that is refused.
    struct Kept {
        let fleet: Fleet
        let plan: Plan
    }

    /// A plan, and the lanes of which it says something else than the head that is refused.
    struct Outcome {
        var plan: Plan
        var barred: Set<LaneID> = []
    }
}
