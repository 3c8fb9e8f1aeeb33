import AirlockModel

/// Holds a change whose rollout git or a person wants to stay as it is, or not to begin.
enum RolloutGate {
    static func verdict(_ situation: Situation) -> GateVerdict {
        let lane = situation.lane
        let edit = NextMove.commit(
            "set rollout: proceed in services/\(lane.unit.name)/\(lane.environment).yaml")
        switch situation.desired?.release.rollout {
        case .abort:
            return GateVerdict(
                gate: .rollout, answer: .refuse, reason: "git asks for rollout: abort", move: edit)
        case .hold:
            return GateVerdict(
                gate: .rollout, answer: .wait, reason: "git asks for rollout: hold", move: edit)
        case .proceed, .upTo, nil: break
        }
        guard let held = situation.steering?.held,
            situation.operation?.change?.id == situation.change?.id
        else { return GateVerdict(gate: .rollout, answer: .pass, reason: "nobody holds it") }
        return GateVerdict(
            gate: .rollout, answer: .wait, reason: "held by \(held.phrase)",
            move: .run("airlock rollout resume \(lane)"))
    }
}
