package import AirlockModel

/// What runs things: the simulator, Docker Swarm, later more.
///
/// A provider holds no policy. It carries out orders, says what is there and keeps a claim that fences
/// off writers of the past.
package protocol Provider: Sendable {
    /// What it can do in `environment`.
    func capabilities(of environment: EnvironmentName) -> Set<Capability>

    /// Says what is there.
    ///
    /// - Parameter lanes: Nil for all; else only these, which a provider may answer more cheaply.
    /// - Parameter revision: When nothing changed since, the answer is `unchanged`.
    /// - Throws: ``ProviderError``. Never answers "nothing is there" when it does not know.
    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer

    /// Stores the claim in the engine itself.
    ///
    /// The same ledger with a higher epoch takes it; a lower one, or the same of another writer, is refused as
    /// fenced (``Claim/isFenced(by:)``). Another ledger's claim is refused as foreign unless `takeOver`, which takes the stored epoch + 1.
    /// - Returns: The claim that is stored now.
    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim

    /// Carries out one order; an order whose claim the stored one fences off is refused.
    func perform(
        _ order: ActionOrder
    ) async throws(ProviderError) -> Receipt

    /// Whether the artifact can still be had.
    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool
}

/// Why a provider did not do or say what was asked.
package enum ProviderError: Error, Hashable, Sendable {
    /// It did nothing and says why; trying again may help.
    case refused(String)
    /// No answer; whether the order was carried out is unknown.
    case noAnswer(String)
    /// A writer with this claim came later; the asker must stop.
    case fenced(by: Claim)
    /// Another ledger has the environment.
    case foreignClaim(Claim)
    /// It can never do this.
    case unsupported(Capability)

    /// Whether the order may have been carried out, or may yet be.
    package var isOutcomeUnknown: Bool {
        switch self {
        case .noAnswer: true
        case .refused, .fenced, .foreignClaim, .unsupported: false
        }
    }
}

/// Where the numbers about a running slot come from.
package protocol SignalSource: Sendable {
    /// What it can tell beside numbers.
    var traits: SignalTraits { get }

    /// Counters of whole seconds in `from..<to`, oldest first; seconds without data are missing.
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters]

    /// The counters of both slots of a question over the same seconds; of one slot where it has only one.
    func counters(
        of lane: LaneID, for question: SignalQuestion
    ) async throws(ProviderError) -> (target: [SecondCounters], base: [SecondCounters])

    /// What each instance of a slot served in whole seconds of `from..<to`; nil where the source does
    /// not tell instances apart.
    func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [InstanceCounters]?
}

extension SignalSource {
    package func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [InstanceCounters]? { nil }

    /// Plain counters.
    package var traits: SignalTraits { SignalTraits() }

    /// Asks for one slot after the other.
    package func counters(
        of lane: LaneID, for question: SignalQuestion
    ) async throws(ProviderError) -> (target: [SecondCounters], base: [SecondCounters]) {
        let target = try await counters(
            of: lane, slot: question.target, from: question.from, to: question.to)
        guard let base = question.base else { return (target, []) }
        return (
            target,
            try await counters(of: lane, slot: base, from: question.from, to: question.to)
        )
    }
}

/// Reaches the servers that measure what environments run.
package protocol SignalServers: Sendable {
    /// What `server` can tell of a service.
    ///
    /// - Parameter queries: How it is asked; with nil the source never answers.
    func source(at server: MetricsServer, asking queries: SignalQueries?) -> any SignalSource
}

/// Where the versions of secrets come from; never their bytes.
package protocol SecretSource: Sendable {
    /// The current version of each of `names` that exists.
    func versions(
        of names: Set<SecretName>, in environment: EnvironmentName
    ) async throws(ProviderError) -> [SecretName: String]
}

/// What takes over how things behave in a simulated world when a commit is accepted.
package protocol BehaviourSink: Sendable {
    /// From now on new slots behave as `spec` says; a running slot keeps what it started with.
    func adopt(_ spec: SimulationSpec) async throws(ProviderError)
}
