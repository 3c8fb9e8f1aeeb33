package import AirlockModel
import AirlockPlan
import AirlockTrust

/// The fleet in force: decoded from a commit that was verified.
package struct AcceptedFleet: Sendable {
    let commit: VerifiedCommit
    let fleet: Fleet
    let slices: [EnvironmentName: FleetSlice]
    let limitsInForce: Limits
    let fetched: Timestamp
    /// Counts the acceptances of this process, so that a newer one is told from an older.
    let revision: Int

    /// The commit whose fleet it is.
    package var id: CommitID { commit.record.id }
}
