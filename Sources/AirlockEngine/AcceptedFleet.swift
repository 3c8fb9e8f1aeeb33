package import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockTrust

/// The fleet in force: decoded from a commit that was verified.
package struct AcceptedFleet: Sendable {
    let commit: VerifiedCommit
    let fleet: Fleet
    let slices: [EnvironmentName: FleetSlice]
    /// Every environment as the commit describes it, or as the last one did that described it readably: what is
    /// under way in it is judged and taken back whatever becomes of its file.
    let described: [EnvironmentName: Environment]
    let limitsInForce: Limits
    /// What is wrong with files of the commit.
    let diagnostics: [String]
    /// Lanes that differ from the fleet with the number `follows`.
    let touched: TouchedLanes
    let follows: Int
    /// Counts the acceptances of this process, so that a newer one is told from an older.
    let revision: Int

    /// The commit whose fleet it is.
    package var id: CommitID { commit.record.id }

    /// Lanes of one environment that differ from the fleet with the number `follows`.
    func touched(in environment: EnvironmentName) -> TouchedLanes {
        guard case .some(let lanes) = touched else { return .all }
        return .some(lanes.filter { $0.environment == environment })
    }

    /// The provider that the environment chooses, or chose last; nil when it was never described.
    func provider(
        of name: EnvironmentName, among providers: [ProviderChoice: any Provider]
    ) -> (any Provider)? {
        described[name].flatMap { providers[$0.provider] }
    }
}
