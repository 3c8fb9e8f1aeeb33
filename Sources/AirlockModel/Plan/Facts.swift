/// What the planner knows besides git and the provider.
package struct Facts: Hashable, Sendable {
    package var ledger: LedgerState
    /// Versions of the secrets that the secret source knows, by environment.
    package var secrets: [EnvironmentName: [SecretName: String]]
    package var capabilities: [EnvironmentName: Set<Capability>]
    /// The commit that the fleet was read from, which causes what no file of it does; nil for a merge that
    /// nobody has made.
    package var commit: CommitID?
    /// The limits of the commit before this one; nil for the fleet's own.
    package var limitsInForce: Limits?
    /// This ledger's claim; nil in a plan that is only shown.
    package var claim: Claim?
    /// What lanes served lately, of those that were asked about.
    package var traffic: [LaneID: MeasuredTraffic]
    /// Why the clock cannot be trusted; nil when it can.
    package var clockFault: String?

    package init(
        ledger: LedgerState = LedgerState(),
        secrets: [EnvironmentName: [SecretName: String]] = [:],
        capabilities: [EnvironmentName: Set<Capability>] = [:], commit: CommitID? = nil,
        limitsInForce: Limits? = nil, claim: Claim? = nil,
        traffic: [LaneID: MeasuredTraffic] = [:], clockFault: String? = nil
    ) {
        self.ledger = ledger
        self.secrets = secrets
        self.capabilities = capabilities
        self.commit = commit
        self.limitsInForce = limitsInForce
        self.claim = claim
        self.traffic = traffic
        self.clockFault = clockFault
    }
}

/// What is known of one environment's provider at the time of planning.
package enum ObservedEnvironment: Hashable, Sendable {
    case known(Observation)
    /// Never taken for "nothing is there".
    case unknown(String)
}
