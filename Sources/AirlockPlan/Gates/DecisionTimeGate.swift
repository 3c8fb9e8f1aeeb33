import AirlockModel

/// Refuses a canary that today's traffic would leave undecided without the release saying what then.
///
/// Traffic is not in git, so this cannot be found when the file is read. A rollout that is under way is
/// not stopped because the night is quiet.
enum DecisionTimeGate {
    static func verdict(on situation: Situation) -> GateVerdict {
        func pass(_ reason: String) -> GateVerdict {
            GateVerdict(gate: .decisionTime, answer: .pass, reason: reason)
        }
        guard let plan = situation.canary else { return pass("no step has to be decided") }
        if situation.change?.isReturn == true { return pass("what ran before is not judged again") }
        if let said = plan.onUndecided {
            return pass("what stays undecided is \(said.done)")
        }
        if situation.isUnderWay { return pass("it is under way") }
        guard let forecast = situation.forecast else {
            guard case .unknown(let why)? = situation.traffic?.result else {
                return pass("today's traffic was not measured")
            }
            return pass("today's traffic is not known: \(why)")
        }
        guard let stuck = forecast.stuck else { return pass(forecast.answer) }
        return GateVerdict(
            gate: .decisionTime, answer: .refuse,
            reason: "\(forecast.needed(by: stuck)), and the release does not say what then",
            move: .commit(
                "write onUndecided: hold, promote or revert into the canary of "
                    + "services/\(situation.lane.unit.name)/\(situation.lane.environment).yaml, "
                    + "or give it a longer decideWithin or a wider step"),
            until: situation.traffic.map { $0.at + LaneTraffic.validity })
    }
}

extension Situation {
    /// The plan of a canary that keeps both slots; nil for everything else.
    var canary: CanaryPlan? {
        guard let change, change.kind == .replace, case .canary(let plan) = change.strategy else {
            return nil
        }
        return plan
    }

    /// How long its steps need; nil where nothing is judged or the traffic is not known.
    var forecast: DecisionForecast? {
        guard let canary, let traffic = traffic?.traffic else { return nil }
        return DecisionForecast(of: canary, under: traffic)
    }
}
