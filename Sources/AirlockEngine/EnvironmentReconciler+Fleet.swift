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

    /// Whether the commit in force may move lanes of this environment's tier.
    var isAccepted: Bool {
        guard let accepted, let tier else { return false }
        return accepted.commit.tiers.contains(tier)
    }
}
