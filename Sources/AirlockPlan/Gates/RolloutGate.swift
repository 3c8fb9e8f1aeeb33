import AirlockModel

/// Holds a change whose rollout git or a person wants to stay as it is, or not to begin.
enum RolloutGate {
    static func verdict(_ situation: Situation) -> GateVerdict {
        let lane = situation.lane
        var edit = NextMove.commit(
            "set rollout: proceed in services/\(lane.unit.name)/\(lane.environment).yaml")
        var (asks, unread) = ("git asks for", "")
        if let fault = situation.parked.first {
            edit = .commit("mend \(fault.path)")
            (asks, unread) = ("git asked for", ", and its files cannot be read any more: \(fault)")
        }
        switch situation.askedRollout {
        case .abort:
            return GateVerdict(
                gate: .rollout, answer: .refuse, reason: "\(asks) rollout: abort\(unread)",
                move: edit)
        case .hold:
            return GateVerdict(
                gate: .rollout, answer: .wait, reason: "\(asks) rollout: hold\(unread)", move: edit)
        case .proceed, .upTo, nil: break
        }
        guard let held = situation.steering?.held, situation.isUnderWay else {
            return GateVerdict(gate: .rollout, answer: .pass, reason: "nobody holds it")
        }
        return GateVerdict(
            gate: .rollout, answer: .wait, reason: "held by \(held.phrase)",
            move: .run("airlock rollout resume \(lane)"))
    }
}
