package import AirlockModel

/// The part of a plan that concerns one environment.
package struct EnvironmentPlan: Hashable, Sendable {
    package let environment: EnvironmentName
    /// Sorted by lane.
    package let lanes: [LanePlan]
    package let notices: [String]
    /// When the answer may turn without any input changing.
    package let until: Timestamp?

    package init(
        environment: EnvironmentName, lanes: [LanePlan], notices: [String] = [],
        until: Timestamp? = nil
    ) {
        self.environment = environment
        self.lanes = lanes
        self.notices = notices
        self.until = until
    }
}
