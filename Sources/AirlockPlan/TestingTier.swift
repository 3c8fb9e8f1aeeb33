package import AirlockModel

/// The environments before one in the order of promotion whose test results bind it.
package struct TestingTier: Hashable, Sendable {
    /// Those of the tier `testing`, in the order of promotion.
    package let environments: [EnvironmentName]
    /// Those whose file cannot be read, so that nobody knows their tier.
    package let unreadable: [EnvironmentName]
    /// What the same commit says of every lane.
    private let lanes: LaneTable<DesiredLane>

    /// What comes before `environment`; nothing for one that the order does not name.
    package init(before environment: EnvironmentName, in fleet: Fleet) {
        let before = fleet.order.prefix { $0 != environment }
        let isNamed = before.count < fleet.order.count
        environments = isNamed ? before.filter { fleet.environments[$0]?.tier == .testing } : []
        unreadable = isNamed ? before.filter { fleet.environments[$0] == nil } : []
        lanes = fleet.lanes
    }

    /// What the commit asks for in `lane`.
    func desired(_ lane: LaneID) -> DesiredLane? { lanes[lane] }

    /// Where `unit` is tested, in the order of promotion.
    ///
    /// A file that cannot be read takes no place away: what was known of it before still binds.
    func places(of unit: UnitID, parked: Parked, ledger: LedgerState) -> [LaneID] {
        let certain = environments.map { LaneID(environment: $0, unit: unit) }.filter {
            lanes[$0] != nil || parked.lanes[$0] != nil
        }
        let remembered = unreadable.map { LaneID(environment: $0, unit: unit) }.filter {
            ledger.verifications[$0] != nil
        }
        return certain + remembered
    }
}
