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
    func binds(_ name: EnvironmentName, _ newest: Fleet?, _ kept: Fleet?) -> Bool {
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

    /// What is done while this head waits: where it binds, the plan of what was in force before it, with what the
    /// head asks for beside that as held.
    ///
    /// - Parameters:
    ///   - plan: What the head asks for, as if it was followed.
    ///   - kept: What was in force before, and its plan; nil where nothing was, or nobody can read it.
    func outcome(of plan: Plan, for newest: Fleet?, under kept: Kept?) -> Outcome {
        var outcome = Outcome(plan: plan)
        let inForce = Dictionary(
            (kept?.plan.lanes ?? []).map { ($0.lane, $0) }, uniquingKeysWith: { first, _ in first })
        outcome.plan.lanes = plan.lanes.map { lane in
            guard binds(lane.lane.environment, newest, kept?.fleet) else { return lane }
            let shown = shown(lane, under: inForce[lane.lane], isKnown: kept != nil)
            if shown.disposition != lane.disposition || lane.change != nil {
                outcome.barred.insert(lane.lane)
            }
            return shown
        }
        let known = Set(plan.lanes.map(\.lane))
        let more = (kept?.plan.lanes ?? []).filter {
            !known.contains($0.lane) && binds($0.lane.environment, newest, kept?.fleet)
        }
        guard !more.isEmpty else { return outcome }
        outcome.barred.formUnion(more.map(\.lane))
        let order = (newest?.order ?? []) + (kept?.fleet.order ?? [])
        func place(_ lane: LanePlan) -> Int {
            order.firstIndex(of: lane.lane.environment) ?? order.count
        }
        outcome.plan.lanes = (outcome.plan.lanes + more).sorted {
            (place($0), $0.lane) < (place($1), $1.lane)
        }
        return outcome
    }

    /// What becomes of a lane that stays on what was in force.
    ///
    /// - Parameters:
    ///   - kept: What that says of the lane; nil where it says nothing of it.
    ///   - isKnown: Whether what was in force can be read; else nothing at all is done.
    private func shown(_ lane: LanePlan, under kept: LanePlan?, isKnown: Bool) -> LanePlan {
        if let kept, Self.moves(kept.disposition) { return kept }
        if Self.wouldBegin(lane.disposition) || (!isKnown && Self.moves(lane.disposition)) {
            return LanePlan(
                lane: lane.lane, disposition: .hold(.notFollowed(reason, move: move)),
                change: lane.change, verdicts: lane.verdicts, drift: lane.drift,
                forecast: lane.forecast, waits: lane.waits)
        }
        // What holds the head's change anyway is told, unless what was in force is held, too.
        guard let kept else { return lane }
        if case .leave = kept.disposition, case .hold = lane.disposition { return lane }
        return kept
    }

    private static func moves(_ disposition: Disposition) -> Bool {
        switch disposition {
        case .change, .repair, .heal, .verify, .back: true
        case .hold, .leave: false
        }
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
