package import AirlockModel

/// Lets the changes of services that move together begin and go on together.
struct GroupGate {
    /// Lanes with a change, by their group.
    private var members: [UnitName: [Situation]] = [:]
    private let own: [LaneID: [GateVerdict]]
    private let allowed: Int

    /// - Parameter own: What the gates that look at one lane alone say of each change.
    /// - Parameter allowed: How many lanes may change at a time.
    init(changing: [Situation], own: [LaneID: [GateVerdict]], allowed: Int) {
        self.own = own
        self.allowed = allowed
        for situation in changing {
            guard let group = situation.group else { continue }
            members[group, default: []].append(situation)
        }
    }

    /// The lanes that change together with one, without it.
    func others(of situation: Situation) -> [Situation] {
        guard situation.change != nil, let group = situation.group else { return [] }
        return (members[group] ?? []).filter { $0.lane != situation.lane }
    }

    /// Whether its lanes only begin together, so that a group may go in parts.
    private func strategyHasNoSteps(_ situation: Situation) -> Bool {
        situation.strategy?.steps == nil
    }

    func verdict(_ situation: Situation) -> GateVerdict {
        let others = others(of: situation)
        guard let group = situation.group, !others.isEmpty else {
            return GateVerdict(gate: .group, answer: .pass, reason: "it moves alone")
        }
        let counted = (others + [situation]).count { $0.change?.kind != .create }
        guard counted <= allowed || strategyHasNoSteps(situation) else {
            return GateVerdict(
                gate: .group, answer: .refuse,
                reason: "group \(group) moves together and has \(counted) lanes in change, and "
                    + "limits.changing allows \(allowed)",
                move: .commit("raise limits.changing in fleet.yaml, or make the group smaller"))
        }
        let strategy = situation.strategy
        for other in others {
            let theirs = other.strategy
            guard theirs?.word == strategy?.word, theirs?.steps == strategy?.steps else {
                return GateVerdict(
                    gate: .group, answer: .refuse,
                    reason: "group \(group) moves together, and \(other.lane) has another strategy "
                        + "or other steps",
                    move: .commit("give the services of group \(group) the same strategy"))
            }
            let failed = (own[other.lane] ?? []).filter { $0.answer != .pass }
            guard let first = failed.first else { continue }
            return GateVerdict(
                gate: .group, answer: .wait,
                reason: "group \(group) moves together, and \(other.lane) is held: \(first.reason)",
                move: first.move, until: first.until)
        }
        return GateVerdict(
            gate: .group, answer: .pass, reason: "it moves with \(others.count) of its group")
    }
}

extension StandingPlan {
    /// The lanes of `group` whose changes are under way or wait.
    package func changing(in group: UnitName) -> [LaneID] {
        situations.values.filter { $0.group == group && $0.change != nil }
            .map(\.lane).sorted()
    }

    /// The lanes whose changes go together with that of `lane`, it among them, callees before their
    /// callers; empty for one that moves alone.
    package func group(of lane: LaneID) -> [LaneID] {
        guard let situation = situations[lane], situation.change != nil,
            let group = situation.group
        else { return [] }
        let rest = situations.values.filter { $0.group == group && $0.change != nil }
        guard rest.count > 1 else { return [] }
        return rest.map(\.lane).calleesFirst { situations[$0]?.comingCalls ?? [] }
    }
}
