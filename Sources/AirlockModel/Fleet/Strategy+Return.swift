extension Strategy {
    /// The way back to what a lane ran before: capacity, health, traffic, as ever, and nothing that takes time to
    /// find out what was found out then. What serves meanwhile is what somebody wants to get away from.
    ///
    /// - Parameter inGroup: Whether others move with it, so that it has to have the same steps as they.
    package func returning(inGroup: Bool) -> Strategy {
        switch self {
        case .allAtOnce: return self
        case .canary(let plan):
            var back = CanaryPlan(
                steps: inGroup ? plan.steps : [1000], hold: .zero, deadline: plan.deadline)
            back.rules = back.steps.map { _ in CanaryPlan.StepRule(isJudged: false) }
            return .canary(back)
        case .blueGreen(let plan):
            // What goes back with others can still be taken back with them.
            return .blueGreen(
                BlueGreenPlan(keep: inGroup ? plan.keep : .zero, deadline: plan.deadline))
        }
    }
}
