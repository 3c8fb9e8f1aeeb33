/// What a rollout stays where it is for, until somebody says or writes something.
package enum RolloutWait: Hashable, Sendable {
    case person(PersonWait)
    /// Git allows no more than this share of the traffic, in per mille, and the next one is larger.
    case bound(Int)

    /// One phrase, without a full stop.
    package var phrase: String {
        switch self {
        case .person(let wait): wait.phrase
        case .bound(let share): "git allows no more: rollout: \(RolloutWish.upTo(share).text)"
        }
    }

    /// Since when, where it was noted.
    package var since: Timestamp? {
        switch self {
        case .person(let wait): wait.since
        case .bound: nil
        }
    }

    /// What the judge says, with its numbers; nil where it is not asked.
    package var told: String? {
        switch self {
        case .person(let wait): wait.told
        case .bound: nil
        }
    }

    /// What whoever wants it to go on does.
    package func advice(for lane: LaneID) -> String {
        switch self {
        case .person(let wait): wait.advice(for: lane)
        case .bound:
            "raise or remove `upTo` in services/\(lane.unit.name)/\(lane.environment).yaml"
        }
    }
}

extension OperationRecord {
    /// What it stays where it is for; nil where it goes on by itself, or a hold stops it.
    ///
    /// - Parameters:
    ///   - steering: What was said about the operation already.
    ///   - wish: What git asks for now: another bound than that of the last look ends the wait.
    package func waits(_ steering: Steering?, under wish: RolloutWish?) -> RolloutWait? {
        // A lower bound takes traffic back first.
        if case .upTo(let share) = wish, let step = rollout.canary?.inForce,
            let steps = change?.strategy.steps, steps.indices.contains(step), share < steps[step]
        {
            return nil
        }
        if let wait = waitsForPerson(steering) { return .person(wait) }
        guard case .forward = rollout.direction, rollout.isBound == true,
            let ceiling = rollout.ceiling, wish == .upTo(ceiling), steering?.held == nil,
            steering?.aborted == nil
        else { return nil }
        return .bound(ceiling)
    }

    /// The same while git asks for what it asked for at the last look.
    package func waits(_ steering: Steering?) -> RolloutWait? {
        waits(steering, under: rollout.ceiling.map(RolloutWish.upTo))
    }
}
