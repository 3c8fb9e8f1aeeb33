import AirlockModel
import AirlockPorts
import AirlockSimulator

/// A provider that stands before the simulated world; it hands on what it does not answer itself.
protocol ForwardingProvider: Provider {
    var world: SimulatedProvider { get }
}

extension ForwardingProvider {
    func capabilities(of environment: EnvironmentName) -> Set<Capability> {
        world.capabilities(of: environment)
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        try await world.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        try await world.claim(environment, of: fleet, for: claim, takeOver: takeOver)
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        try await world.perform(order)
    }

    /// Artifacts are there, whatever the world's faults: nothing here is about them.
    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool { true }
}
