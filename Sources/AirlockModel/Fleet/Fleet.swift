/// Everything the repository says at one commit.
package struct Fleet: Hashable, Sendable {
    package var name: FleetName
    /// Environments in the order of promotion.
    package var order: [EnvironmentName]
    package var limits: Limits
    package var environments: [EnvironmentName: Environment]
    package var lanes: LaneTable<DesiredLane>
    /// What could not be read; its lanes are left as they are.
    package var parked: Parked
    /// The number of entries below `services/`; zero means that the folder is lost.
    package var serviceFileCount: Int

    package init(
        name: FleetName, order: [EnvironmentName], limits: Limits = Limits(),
        environments: [EnvironmentName: Environment] = [:], lanes: LaneTable<DesiredLane> = [:],
        parked: Parked = Parked(), serviceFileCount: Int = 0
    ) {
        self.name = name
        self.order = order
        self.limits = limits
        self.environments = environments
        self.lanes = lanes
        self.parked = parked
        self.serviceFileCount = serviceFileCount
    }
}

/// The files that could not be read, by what they would have said.
package struct Parked: Hashable, Sendable {
    /// `environments/NAME.yaml`: every lane of the environment is left as it is.
    package var environments: [EnvironmentName: [Diagnostic]] = [:]
    /// `services/NAME/service.yaml`: every lane of the service.
    package var units: [UnitID: [Diagnostic]] = [:]
    /// `services/NAME/ENVIRONMENT.yaml`, also of an environment that is not there: one lane.
    package var lanes: [LaneID: [Diagnostic]] = [:]
    /// Lanes without a file, of a service that has one for an environment which is not there: it may be
    /// theirs under a wrong name, so what they run is not removed. Most of them run nothing at all.
    package var missing: [LaneID: [Diagnostic]] = [:]

    package init() {}

    /// Why `lane` cannot be planned from this commit; empty when it can.
    package func diagnostics(of lane: LaneID) -> [Diagnostic] {
        var found = environments[lane.environment] ?? []
        found += units[lane.unit] ?? []
        found += lanes[lane] ?? []
        found += missing[lane] ?? []
        return found
    }

    /// Every diagnostic, sorted by place; those of missing lanes are also those of the file's own lane.
    package var all: [Diagnostic] {
        let found = [Array(environments.values), Array(units.values), Array(lanes.values)]
        return found.joined().joined().sorted()
    }
}

/// What kind of place an environment is, from the most to the least open.
package enum Tier: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case development
    case testing
    case staging
    case production

    /// `development` is the least.
    package static func < (left: Tier, right: Tier) -> Bool { left.rank < right.rank }

    /// Whether a rewritten history waits for a person before it is followed.
    package var keepsHistory: Bool { self >= .staging }

    private var rank: Int {
        switch self {
        case .development: 0
        case .testing: 1
        case .staging: 2
        case .production: 3
        }
    }
}

/// A place to run things.
package struct Environment: Hashable, Sendable {
    package let name: EnvironmentName
    package var tier: Tier
    package var provider: ProviderChoice
    /// How far what runs there is healed; nil for not at all.
    package var healing: HealingPolicy?
    /// What measures what runs there; nil for what the provider itself can tell.
    package var signals: MetricsServer?

    package init(
        name: EnvironmentName, tier: Tier, provider: ProviderChoice = .simulated,
        healing: HealingPolicy? = nil, signals: MetricsServer? = nil
    ) {
        self.signals = signals
        self.name = name
        self.tier = tier
        self.provider = provider
        self.healing = healing
    }
}

/// Which provider serves an environment.
package enum ProviderChoice: String, Hashable, Sendable, Codable {
    case simulated
}

/// How much of an environment may move at once; the limits in force are those of the commit before.
package struct Limits: Hashable, Sendable, Codable {
    /// Lanes that one plan may remove.
    package var removals: Bound
    /// Lanes in change at the same time; first deployments are not counted.
    package var changing: Bound

    package init(
        removals: Bound = Bound(count: 3, share: Share(basisPoints: 1_000)),
        changing: Bound = Bound(count: 20, share: Share(basisPoints: 2_500))
    ) {
        self.removals = removals
        self.changing = changing
    }

    /// A count and a share; the smaller holds, but at least 1.
    package struct Bound: Hashable, Sendable, Codable {
        package var count: Int?
        package var share: Share?

        package init(count: Int? = nil, share: Share? = nil) {
            self.count = count
            self.share = share
        }

        /// How many of `total` lanes are allowed.
        package func allowed(of total: Int) -> Int {
            max(1, min(count ?? .max, share?.of(total) ?? .max))
        }
    }
}

extension Environment {
    /// The digest of the decoded policy of this environment and of the fleet's order and limits.
    package func policy(order: [EnvironmentName], limits: Limits) -> PolicyDigest {
        func canonical(_ bound: Limits.Bound) -> JSONValue {
            .fields([
                "count": bound.count.map(JSONValue.integer),
                "share": bound.share.map { .integer($0.basisPoints) },
            ])
        }
        return PolicyDigest(
            digest: Digest(
                of: .fields([
                    "v": .integer(1),
                    "tier": .string(tier.rawValue),
                    "order": .array(order.map(JSONValue.text)),
                    "removals": canonical(limits.removals),
                    "changing": canonical(limits.changing),
                    "healing": healing?.canonical,
                ])))
    }
}

extension Fleet {
    /// Whether an environment stays on this fleet while `newest`, which does not descend from it, waits for a person.
    ///
    /// A rewritten head cannot move an environment out of its tier to escape the wait.
    package func keepsHistory(of name: EnvironmentName, rewrittenTo newest: Fleet) -> Bool {
        let tiers = [newest, self].compactMap { $0.environments[name]?.tier }
        return tiers.isEmpty || tiers.contains(where: \.keepsHistory)
    }
}
