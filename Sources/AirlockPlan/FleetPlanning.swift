package import AirlockModel

/// The plan of a whole fleet, in parts that may be made at the same time: no environment's plan depends
/// on another's.
package struct FleetPlanning: Sendable {
    /// The environments that have a part, in the order of promotion.
    package let environments: [EnvironmentName]

    private let fleet: FleetName
    private let commit: CommitID?
    private let slices: [EnvironmentName: FleetSlice]
    private let observed: [EnvironmentName: ObservedEnvironment]
    private let facts: Facts
    private let now: Moment

    /// - Parameter observed: An environment that is missing here is unknown, never empty.
    package init(
        _ fleet: Fleet, commit: CommitID?, observed: [EnvironmentName: ObservedEnvironment],
        facts: Facts, now: Moment
    ) {
        let remembered = Set(facts.ledger.lanes.values.filter(\.isInUse).map(\.lane.environment))
        slices = fleet.slices(also: remembered)
        let rest = slices.keys.filter { !fleet.order.contains($0) }.sorted()
        environments = (fleet.order + rest).filter { [slices] in slices[$0] != nil }
        self.fleet = fleet.name
        self.commit = commit
        self.observed = observed
        self.facts = facts
        self.now = now
    }

    /// Plans one of ``environments``.
    package func part(_ name: EnvironmentName) -> EnvironmentPlan {
        guard let slice = slices[name] else { preconditionFailure("\(name) has no part") }
        return Planner.plan(slice, observed: state(of: name), facts: facts, now: now)
    }

    /// Puts the parts together.
    ///
    /// - Parameter parts: That of each of ``environments``, in their order.
    package func plan(of parts: [EnvironmentPlan]) -> Plan {
        var plan = Plan(fleet: fleet, commit: commit)
        for part in parts {
            plan.lanes += part.lanes
            plan.notices += part.notices
            plan.until = [plan.until, part.until].compactMap(\.self).min()
            guard slices[part.environment]?.environment != nil,
                case .unknown(let reason) = state(of: part.environment)
            else { continue }
            plan.incomplete =
                plan.incomplete ?? "\(part.environment) is not observed: \(reason)"
        }
        return plan
    }

    private func state(of name: EnvironmentName) -> ObservedEnvironment {
        observed[name] ?? .unknown("it was not observed")
    }
}
