import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockTrust

/// What the fleet in force says of the environment.
extension EnvironmentReconciler {
    /// The environment as it is described, or was last.
    var described: Environment? { accepted?.described[name] }

    /// The environment's provider; nil when it was never described.
    var provider: (any Provider)? {
        accepted?.provider(of: name, among: parts.providers)
    }

    /// What asks its idle slots; nil when nothing does.
    var prober: (any Prober)? {
        described.flatMap { parts.probers[$0.provider] }
    }

    var tier: Tier? { described?.tier }

    /// Whether its engine is asked. One that git gave up is looked at for what still has a way back there.
    func isLookedAt(_ fleet: AcceptedFleet) async -> Bool {
        if fleet.fleet.environments[name] != nil { return true }
        return await books.hasWayBack(in: name)
    }

    /// Whether git gave the environment up: its file is gone, and not only unreadable.
    var isGivenUp: Bool {
        guard let accepted, accepted.fleet.environments[name] == nil else { return false }
        return accepted.slices[name]?.parked.environments[name]?.isEmpty != false
    }

    /// Whether the commit in force may move lanes of this environment's tier.
    var isAccepted: Bool {
        guard let accepted, let tier else { return false }
        return accepted.commit.tiers.contains(tier)
    }
}
