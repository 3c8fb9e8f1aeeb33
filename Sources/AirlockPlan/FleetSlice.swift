package import AirlockModel

/// What one commit says of one environment: all that planning it needs from git.
package struct FleetSlice: Hashable, Sendable {
    package let name: EnvironmentName
    /// Nil when the commit does not describe the environment, or not readably.
    package let environment: Environment?
    package let lanes: LaneTable<DesiredLane>
    package let parked: Parked
    package let limits: Limits
    package let policy: PolicyDigest?
    /// Whether `services/` holds nothing at all or describes no lane of any environment, which is
    /// taken for an outage.
    package let isServicesFolderLost: Bool
    /// Whose test results bind the lanes of this environment.
    package let testing: TestingTier

    package init(
        name: EnvironmentName, environment: Environment?, lanes: LaneTable<DesiredLane>,
        parked: Parked = Parked(), limits: Limits = Limits(), policy: PolicyDigest?,
        isServicesFolderLost: Bool = false, testing: TestingTier
    ) {
        self.testing = testing
        self.name = name
        self.environment = environment
        self.lanes = lanes
        self.parked = parked
        self.limits = limits
        self.policy = policy
        self.isServicesFolderLost = isServicesFolderLost
    }

    /// What the commit says of a lane; nil where it says nothing, or not readably.
    package func readable(_ lane: LaneID) -> DesiredLane? {
        parked.diagnostics(of: lane).isEmpty ? lanes[lane] : nil
    }

    /// Whether nobody can read what git asks of a lane: its files are parked, or nothing describes its
    /// environment. One that is left out of files that can be read is asked for nothing, which is read.
    package func isUnread(_ lane: LaneID) -> Bool {
        environment == nil || !parked.diagnostics(of: lane).isEmpty
    }
}

extension Fleet {
    /// The fleet by environment; `also` names environments that only the ledger knows.
    package func slices(
        also known: Set<EnvironmentName> = []
    ) -> [EnvironmentName: FleetSlice] {
        let names = Set(environments.keys).union(parked.environments.keys).union(known)
        var slices: [EnvironmentName: FleetSlice] = [:]
        for name in names {
            let environment = environments[name]
            slices[name] = FleetSlice(
                name: name, environment: environment, lanes: lanes.part(of: name), parked: parked,
                limits: limits, policy: environment?.policy(order: order, limits: limits),
                isServicesFolderLost: serviceFileCount == 0 || lanes.isEmpty,
                testing: TestingTier(before: name, in: self))
        }
        return slices
    }
}
