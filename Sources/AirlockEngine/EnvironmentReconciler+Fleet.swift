import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockTrust

/// What the fleet in force says of the environment.
extension EnvironmentReconciler {
    /// The environment's provider; nil when the fleet does not describe it.
    var provider: (any Provider)? {
        accepted?.provider(of: name, among: parts.providers)
    }

    /// What asks its idle slots; nil when nothing does.
    var prober: (any Prober)? {
        accepted?.fleet.environments[name].flatMap { parts.probers[$0.provider] }
    }

    var tier: Tier? { accepted?.fleet.environments[name]?.tier }

    /// Whether the commit in force may move lanes of this environment's tier.
    var isAccepted: Bool {
        guard let accepted, let tier else { return false }
        return accepted.commit.tiers.contains(tier)
    }
}
