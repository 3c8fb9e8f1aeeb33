/// How far Airlock heals what runs in an environment; an environment without one is not healed.
package struct HealingPolicy: Hashable, Sendable {
    /// What all healing of one lane may do in a window.
    package var budget: Budget
    /// The most instances of a slot that are ejected at a time; one is allowed where the others suffice.
    package var ejectedShare: Share
    /// For this long after a change a fault is taken for the change's, and not for an instance's.
    package var afterChange: Duration
    /// Use of the CPU limit above which an instance is added, and below which one is taken away.
    package var scaleAbove: Share
    package var scaleBelow: Share
    /// Rules that only say what they would do.
    package var dryRun: Set<HealingRule>

    package init(
        budget: Budget = Budget(count: 3, window: .seconds(600)),
        ejectedShare: Share = Share(basisPoints: 1_000), afterChange: Duration = .seconds(600),
        scaleAbove: Share = Share(basisPoints: 7_500),
        scaleBelow: Share = Share(basisPoints: 3_000), dryRun: Set<HealingRule> = []
    ) {
        self.budget = budget
        self.ejectedShare = ejectedShare
        self.afterChange = afterChange
        self.scaleAbove = scaleAbove
        self.scaleBelow = scaleBelow
        self.dryRun = dryRun
    }

    /// So many actions in any window of that length.
    package struct Budget: Hashable, Sendable {
        /// The most actions that a budget can allow.
        package static let maximum = 50
        package let count: Int
        package let window: Duration

        package init(count: Int, window: Duration) {
            self.count = count
            self.window = window
        }

        /// As it stands in git: `3 per 600s`.
        package var phrase: String { "\(count) per \(window.milliseconds / 1000)s" }
    }

    /// The form that enters the policy digest.
    var canonical: JSONValue {
        .fields([
            "budget": .array([.integer(budget.count), .integer(budget.window.milliseconds)]),
            "ejectedShare": .integer(ejectedShare.basisPoints),
            "afterChange": .integer(afterChange.milliseconds),
            "scale": .array([
                .integer(scaleBelow.basisPoints), .integer(scaleAbove.basisPoints),
            ]),
            "dryRun": .array(dryRun.map(\.rawValue).sorted().map(JSONValue.string)),
        ])
    }
}

/// What healing can do; each rule can be told to say only what it would do.
package enum HealingRule: String, Hashable, Sendable, Codable, CaseIterable {
    /// A failed instance is started again in its place.
    case restart
    /// An instance that restarting or ejecting did not mend is replaced by another one.
    case replace
    /// A degraded instance gets no traffic for a while, then it is readmitted.
    case eject
    /// The number of instances follows the load inside its bounds.
    case scale
}
