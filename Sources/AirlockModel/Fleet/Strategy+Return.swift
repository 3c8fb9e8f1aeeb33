import AirlockAnalysis

extension Strategy {
    /// The way back to what a lane ran before: capacity, health, traffic, as ever, and nothing that takes time to
    /// find out what was found out then. What serves meanwhile is what somebody wants to get away from.
    ///
    /// - Parameter inGroup: Whether others move with it, so that it has to have the same steps as they.
    package func returning(inGroup: Bool) -> Strategy {
        switch self {
        case .allAtOnce: return self
        case .canary(let plan):
            var back = plan
            if !inGroup { back.steps = [1000] }
            back.rules = back.steps.map { _ in CanaryPlan.StepRule(hold: .zero, isJudged: false) }
            (back.hold, back.limits) = (.zero, [])
            (back.onUndecided, back.maxExposed) = (nil, nil)
            return .canary(back)
        case .blueGreen(let plan):
            return .blueGreen(BlueGreenPlan(keep: .zero, deadline: plan.deadline))
        }
    }
}

extension Change {
    /// What is said of a change that goes back to what the lane ran before.
    package static let returnPhrase =
        "it ran here before: no step waits, and nothing is judged again"
}
