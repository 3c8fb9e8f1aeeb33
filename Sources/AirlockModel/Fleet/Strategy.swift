package import AirlockAnalysis

/// How a change is carried out over time.
package enum Strategy: Hashable, Sendable, Codable {
    /// Start, wait for health, route, stop. After `deadline` without progress the new slot is stopped
    /// and the old one goes on serving.
    case allAtOnce(deadline: Duration = .seconds(600))
    /// The same in steps of the traffic, each judged beside the slot that serves the rest.
    // Indirect: every lane has a strategy, and most have not this one.
    indirect case canary(CanaryPlan)
    /// The new slot comes up idle, all traffic is switched in one action, the old slot stays warm.
    indirect case blueGreen(BlueGreenPlan)

    /// The shares of the traffic that the new slot gets one after the other, in per mille; nil for a
    /// strategy that does not keep both slots.
    package var steps: [Int]? {
        switch self {
        case .allAtOnce: nil
        case .canary(let plan): plan.steps
        case .blueGreen: [0, 1000]
        }
    }

    /// After this much time without progress the new slot is given up.
    package var deadline: Duration {
        switch self {
        case .allAtOnce(let deadline): deadline
        case .canary(let plan): plan.deadline
        case .blueGreen(let plan): plan.deadline
        }
    }

    /// Its name in a release.
    package var word: String {
        switch self {
        case .allAtOnce: "allAtOnce"
        case .canary: "canary"
        case .blueGreen: "blueGreen"
        }
    }

    /// The form that enters digests.
    package var canonical: JSONValue {
        switch self {
        case .allAtOnce(let deadline):
            .fields(["allAtOnce": .fields(["deadline": .integer(deadline.milliseconds)])])
        case .canary(let plan): .fields(["canary": plan.canonical])
        case .blueGreen(let plan): .fields(["blueGreen": plan.canonical])
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

    /// What one step has of its own.
    package struct StepRule: Hashable, Sendable, Codable {
        /// The least time at the step; nil for that of the plan.
        package var hold: Duration?
        /// Whether the step is left only when the judge found the new slot acceptable. Harm is taken
        /// back either way.
        package var isJudged: Bool
        /// Whether a person lets it go on from here.
        package var needsApproval: Bool

        package init(hold: Duration? = nil, isJudged: Bool = true, needsApproval: Bool = false) {
            self.hold = hold
            self.isJudged = isJudged
            self.needsApproval = needsApproval
        }

        fileprivate var canonical: JSONValue {
            .fields([
                "hold": hold.map { .integer($0.milliseconds) },
                "isJudged": isJudged ? nil : .bool(false),
                "needsApproval": needsApproval ? .bool(true) : nil,
            ])
        }
    }

    /// Shares of the traffic in per mille, growing; the last is 1000.
    package var steps: [Int]
    /// What single steps have of their own, by their place; nil where none has.
    package var rules: [StepRule]?
    /// The least time at each step below the last.
    package var hold: Duration
    /// Longest time at a step until ``onUndecided`` says what is done.
    package var decideWithin: Duration
    /// Nil where the release does not say: then each step has to be decided in time.
    package var onUndecided: Undecided?
    /// The most users that may meet the new slot while undecided steps are widened, counted as requests,
    /// each of which is at most one user; nil to widen none.
    package var maxExposed: Int?
    /// After this much time without one more healthy instance the new slot is given up.
    package var deadline: Duration
    /// The chance with which a release that is as good as the old one is given up, over the whole
    /// rollout.
    package var falseAlarms: Chance
    /// What is compared; nil for errors alone.
    package var compare: [ComparedSignal]?
    /// What the new slot may never do; acts at once.
    package var limits: [HardLimit]

    package init(
        steps: [Int] = [10, 50, 250, 1000], hold: Duration = .seconds(600),
        decideWithin: Duration = .seconds(3600), onUndecided: Undecided? = nil,
        maxExposed: Int? = nil, deadline: Duration = .seconds(600),
        falseAlarms: Chance = .onePercent, compare: [ComparedSignal]? = nil,
        limits: [HardLimit] = []
    ) {
        self.compare = compare
        self.steps = steps
        self.hold = hold
        self.decideWithin = decideWithin
        self.onUndecided = onUndecided
        self.maxExposed = maxExposed
        self.deadline = deadline
        self.falseAlarms = falseAlarms
        self.limits = limits
    }

    /// Longest time at the step at that place.
    package func timeToDecide(at step: Int) -> Duration { max(hold(at: step), decideWithin) }

    /// What is said and what is left out have one form where they mean the same.
    fileprivate var canonical: JSONValue {
        .fields([
            "steps": .array(steps.map(JSONValue.integer)),
            "hold": .integer(hold.milliseconds),
            "decideWithin": .integer(decideWithin.milliseconds),
            "onUndecided": .string((onUndecided ?? .hold).rawValue),
            "maxExposed": maxExposed.map(JSONValue.integer),
            "deadline": .integer(deadline.milliseconds),
            "falseAlarms": .integer(Int(falseAlarms.billionths)),
            "compare": compare.map { .array($0.map(\.canonical)) },
            "limits": .array(limits.map(\.canonical)),
            "rules": rules.map { .array($0.map(\.canonical)) },
        ])
    }

    /// What the step at that place has of its own.
    package func rule(at step: Int) -> StepRule {
        guard let rules, rules.indices.contains(step) else { return StepRule() }
        return rules[step]
    }

    /// The least time at the step at that place.
    package func hold(at step: Int) -> Duration { rule(at: step).hold ?? hold }
}

/// A switch between two full copies.
package struct BlueGreenPlan: Hashable, Sendable, Codable {
    /// How long the old slot stays warm after the switch, and the new one is watched.
    package var keep: Duration
    /// After this much time without one more healthy instance the new slot is given up.
    package var deadline: Duration
    /// What the new slot may never do; acts at once.
    package var limits: [HardLimit]
    /// What the new slot has to show before the switch; nil for nothing.
    package var preview: PreviewPlan?

    package init(
        keep: Duration = .seconds(1800), deadline: Duration = .seconds(600),
        limits: [HardLimit] = [], preview: PreviewPlan? = nil
    ) {
        self.keep = keep
        self.deadline = deadline
        self.limits = limits
        self.preview = preview
    }

    fileprivate var canonical: JSONValue {
        .fields([
            "keep": .integer(keep.milliseconds), "deadline": .integer(deadline.milliseconds),
            "limits": .array(limits.map(\.canonical)), "preview": preview?.canonical,
        ])
    }
}

extension HardLimit {
    fileprivate var canonical: JSONValue {
        .fields([
            "signal": .text(signal), "side": .string(side.rawValue),
            "threshold": .integer(Int(threshold.millionths)),
            "for": .integer(duration.milliseconds),
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
