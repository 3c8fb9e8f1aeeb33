package import AirlockModel

/// The environments before one in the order of promotion whose test results bind it.
package struct TestingTier: Hashable, Sendable {
    /// Those of the tier `testing`, in the order of promotion; last those about which the order is wrong.
    package let environments: [EnvironmentName]
    /// Those whose file cannot be read, so that nobody knows their tier.
    package let unreadable: [EnvironmentName]
    /// Those before it that are of another tier. One that was of the tier `testing` keeps what it found.
    package let others: [EnvironmentName]
    /// Whether it tests itself what comes to it.
    let isTesting: Bool
    /// Those that cannot be read either and are said to come later: they bind what they tested before.
    private let doubtful: [EnvironmentName]
    /// What the same commit says of every lane.
    private let lanes: LaneTable<DesiredLane>

    /// What comes before `environment`; nothing for one that the order does not name.
    package init(before environment: EnvironmentName, in fleet: Fleet) {
        let before = fleet.order.prefix { $0 != environment }
        let isNamed = before.count < fleet.order.count
        var tested: [EnvironmentName] = []
        var unread: [EnvironmentName] = []
        var doubted: [EnvironmentName] = []
        var others: [EnvironmentName] = []
        let isPastTesting = fleet.environments[environment].map { $0.tier > .testing } ?? false
        for name in before where isNamed {
            if let tier = fleet.environments[name]?.tier {
                if tier == .testing { tested.append(name) } else { others.append(name) }
            } else {
                unread.append(name)
            }
        }
        // Where the order misplaces or forgets an environment, it does not say that it comes later.
        if isNamed, isPastTesting {
            for name in fleet.parked.environments.keys.sorted()
            where name != environment && !before.contains(name) {
                if let tier = fleet.environments[name]?.tier {
                    if tier == .testing { tested.append(name) }
                } else if fleet.order.contains(name) {
                    doubted.append(name)
                } else {
                    unread.append(name)
                }
            }
        }
        (environments, unreadable, doubtful) = (tested, unread, doubted)
        self.others = others
        isTesting = fleet.environments[environment]?.tier == .testing
        lanes = fleet.lanes
    }

    /// Every environment whose journal says whether a build passed.
    package var sources: [EnvironmentName] { environments + unreadable + doubtful }

    /// What the commit asks for in `lane`.
    func desired(_ lane: LaneID) -> DesiredLane? { lanes[lane] }

    /// Whether nobody can say what `environment` is.
    func isUnreadable(_ environment: EnvironmentName) -> Bool {
        unreadable.contains(environment) || doubtful.contains(environment)
    }

    /// Where `unit` could have been tested before the environment got another tier.
    func retired(_ unit: UnitID, in ledger: LedgerState) -> [LaneID] {
        guard !ledger.verifications.isEmpty else { return [] }
        return others.map { LaneID(environment: $0, unit: unit) }
            .filter { ledger.verifications[$0] != nil }
    }

    /// Where `unit` is tested, in the order of promotion.
    ///
    /// A file that cannot be read takes no place away: it may be that of an environment which tests. Nor
    /// does one with a wrong name, where the lane was tested or runs something.
    func places(of unit: UnitID, parked: Parked, ledger: LedgerState) -> [LaneID] {
        func everywhere(_ names: [EnvironmentName]) -> [LaneID] {
            names.map { LaneID(environment: $0, unit: unit) }
        }
        func isKnown(_ lane: LaneID) -> Bool {
            ledger.verifications[lane] != nil || ledger.lanes[lane]?.isInUse == true
        }
        let certain = everywhere(environments).filter {
            lanes[$0] != nil || parked.lanes[$0] != nil
                || (parked.missing[$0] != nil && isKnown($0))
        }
        let remembered = everywhere(doubtful).filter { ledger.verifications[$0] != nil }
        return certain + everywhere(unreadable) + remembered
    }
}
