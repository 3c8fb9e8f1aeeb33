package import AirlockAnalysis

/// How a change is carried out over time.
package enum Strategy: Hashable, Sendable, Codable {
    /// Start, wait for health, route, stop. After `deadline` without progress the new slot is stopped
    /// and the old one goes on serving.
    case allAtOnce(deadline: Duration = .seconds(600))
    /// The same in steps of the traffic, each judged beside the slot that serves the rest.
    case canary(CanaryPlan)

    /// The form that enters digests.
    package var canonical: JSONValue {
        switch self {
        case .allAtOnce(let deadline):
            .fields(["allAtOnce": .fields(["deadline": .integer(deadline.milliseconds)])])
        case .canary(let plan): .fields(["canary": plan.canonical])
        }
    }
}

/// The steps of a canary, and when one is passed, kept or given up.
package struct CanaryPlan: Hashable, Sendable, Codable {
    /// What is done at a step that stays undecided for the whole time that it has.
    package enum Undecided: String, Hashable, Sendable, Codable, CaseIterable {
        /// The step stays as it is.
        case hold
        case promote
        case revert
    }

    /// Shares of the traffic in per mille, growing; the last is 1000.
    package var steps: [Int]
    /// The least time at each step below the last.
    package var hold: Duration
    /// Longest time at a step until ``onUndecided`` says what is done.
    package var decideWithin: Duration
    package var onUndecided: Undecided
    /// After this much time without one more healthy instance the new slot is given up.
    package var deadline: Duration
    /// The chance with which a release that is as good as the old one is given up, over the whole
    /// rollout.
    package var falseAlarms: Chance
    /// What the new slot may never do; acts at once.
    package var limits: [HardLimit]

    package init(
        steps: [Int] = [10, 50, 250, 1000], hold: Duration = .seconds(600),
        decideWithin: Duration = .seconds(3600), onUndecided: Undecided = .hold,
        deadline: Duration = .seconds(600), falseAlarms: Chance = .onePercent,
        limits: [HardLimit] = []
    ) {
        self.steps = steps
        self.hold = hold
        self.decideWithin = decideWithin
        self.onUndecided = onUndecided
        self.deadline = deadline
        self.falseAlarms = falseAlarms
        self.limits = limits
    }

    fileprivate var canonical: JSONValue {
        .fields([
            "steps": .array(steps.map(JSONValue.integer)),
            "hold": .integer(hold.milliseconds),
            "decideWithin": .integer(decideWithin.milliseconds),
            "onUndecided": .string(onUndecided.rawValue),
            "deadline": .integer(deadline.milliseconds),
            "falseAlarms": .integer(Int(falseAlarms.billionths)),
            "limits": .array(
                limits.map { limit in
                    .fields([
                        "signal": .text(limit.signal), "side": .string(limit.side.rawValue),
                        "threshold": .integer(Int(limit.threshold.millionths)),
                        "for": .integer(limit.duration.milliseconds),
                    ])
                }),
        ])
    }
}

extension HardLimit {
    /// The signals that every source has. A share is a part of one, a latency is in seconds.
    package enum Known: String, CaseIterable, Sendable {
        case errorRate = "error-rate"
        case latencyP99 = "latency-p99"
        case cpu
        /// In bytes, of the largest instance.
        case memory

        /// The signal's name.
        package var name: SignalName {
            guard let name = SignalName(rawValue) else { preconditionFailure("it is a name") }
            return name
        }
    }
}
