import AirlockModel

/// The number of instances follows the load, one at a time and inside the bounds that git declares.
extension Deliberation {
    /// Looks of the last six at which the load is above its bound before an instance is added. One is
    /// taken away only when all of them are below.
    private static let looksAbove = 4
    /// Use of the limit that may be reached by taking an instance away, as part of the upper bound: the
    /// next look must not add it again.
    private static let slack = (of: 3, in: 4)
    /// An instance is taken away this long after the last step at the soonest.
    private static let restBeforeLess = Duration.seconds(300)

    mutating func scale() {
        let bounds = situation.settled.replicas
        guard bounds.minimum < bounds.maximum, let load = health.loads.last,
            health.loads.count == LaneHealth.looks
        else { return }
        let above = health.loads.count { $0 > policy.scaleAbove }
        if load > policy.scaleAbove, above >= Self.looksAbove { return grow(bounds, load) }
        if health.loads.allSatisfy({ $0 < policy.scaleBelow }) { shrink(bounds, load) }
    }

    private mutating func grow(_ bounds: Replicas, _ load: Share) {
        let evidence =
            "its CPU is used to \(load.text), above \(policy.scaleAbove.text), with "
            + "\(slot.replicas) instances"
        guard slot.replicas < bounds.maximum else {
            say(
                .page, "the load is above \(policy.scaleAbove.text) with all instances",
                evidence + ", the most that git allows", advice: "raise `replicas.max`")
            return
        }
        // A step takes as much of the window as it takes of the budget, so that the load alone does
        // not empty it.
        let rest = policy.budget.window / max(1, policy.budget.count)
        guard isRested(rest) else { return }
        propose(.scale, .scale(slot.id, replicas: slot.replicas + 1), nil, evidence)
    }

    private mutating func shrink(_ bounds: Replicas, _ load: Share) {
        let isWhole = slot.instances.allSatisfy {
            $0.isServing && health.sickness(of: $0.id) == nil
        }
        guard slot.replicas > max(1, bounds.minimum), isWhole,
            isRested(max(Self.restBeforeLess, policy.budget.window / max(1, policy.budget.count)))
        else { return }
        let coming = load.basisPoints * slot.replicas / (slot.replicas - 1)
        guard coming * Self.slack.in < policy.scaleAbove.basisPoints * Self.slack.of else { return }
        propose(
            .scale, .scale(slot.id, replicas: slot.replicas - 1), nil,
            "its CPU is used to \(load.text), below \(policy.scaleBelow.text), with "
                + "\(slot.replicas) instances")
    }

    private func isRested(_ rest: Duration) -> Bool {
        record.scaled.map { now - $0 >= rest } ?? true
    }
}
