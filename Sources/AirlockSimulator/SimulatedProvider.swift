package import AirlockModel
package import AirlockPorts

/// The built-in provider: runs nothing, and behaves like something that does.
package struct SimulatedProvider: Provider, SignalSource, SecretSource, BehaviourSink {
    /// Where the world of a state directory lies.
    private static let file = "simulator/world.jsonl"

    let store: WorldStore
    private let lacking: Set<Capability>
    private let able: Set<Capability>

    /// The world of a state directory; its file is made with the first order.
    package init(directory: String, now: @escaping @Sendable () -> Timestamp) {
        store = WorldStore(
            path: "\(directory)/\(Self.file)", seed: .random(in: 1 ... .max), bugs: .init(),
            now: now)
        lacking = []
        able = Set(Capability.allCases)
    }

    /// A world in memory, for tests.
    ///
    /// - Parameter dropsFence: A planted bug: orders of writers of the past are carried out.
    /// - Parameter ignoresIdempotency: The world does not know keys, and says so.
    /// - Parameter lacking: What it says it cannot do.
    /// - Parameter executor: What it runs on; nil for a thread of its own.
    package init(
        seed: UInt64, dropsFence: Bool = false, ignoresIdempotency: Bool = false,
        lacking: Set<Capability> = [], on executor: (any SerialExecutor)? = nil,
        now: @escaping @Sendable () -> Timestamp
    ) {
        var bugs = World.PlantedBugs()
        bugs.dropsFence = dropsFence
        bugs.ignoresIdempotency = ignoresIdempotency
        store = WorldStore(path: nil, seed: seed, bugs: bugs, executor: executor, now: now)
        let lacking = ignoresIdempotency ? lacking.union([.idempotency]) : lacking
        self.lacking = lacking
        able = Set(Capability.allCases).subtracting(lacking)
    }

    package func capabilities(of environment: EnvironmentName) -> Set<Capability> { able }

    package func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        try await store.observe(environment, of: fleet, lanes: lanes, since: revision)
    }

    package func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        try await store.claim(environment, of: fleet, for: claim, takeOver: takeOver)
    }

    package func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        if lacking.contains(order.action.capability) {
            throw .unsupported(order.action.capability)
        }
        let answer = try await store.deliver(order)
        if answer.isLost { throw .noAnswer("the answer was lost") }
        switch answer.effect {
        case .applied, .noEffect: return Receipt()
        case .repeated: return Receipt(repeated: true)
        case .refused(let reason): throw .refused(reason)
        case .fenced(let claim): throw .fenced(by: claim)
        case .foreign(let claim): throw .foreignClaim(claim)
        case .half: throw .noAnswer("half of it was carried out")
        case .pending: throw .noAnswer("it is late")
        case .lost: throw .noAnswer("the order was lost")
        }
    }

    package func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool { try await store.isPresent(in: environment) }

    package var traits: SignalTraits { SignalTraits(isKeyed: true) }

    package func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        try await store.counters(of: lane, slot: slot, from: from, to: to)
    }

    package func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [InstanceCounters]? {
        try await store.instances(of: lane, slot: slot, from: from, to: to)
    }

    package func versions(
        of names: Set<SecretName>, in environment: EnvironmentName
    ) async throws(ProviderError) -> [SecretName: String] {
        try await store.versions(of: names)
    }

    package func adopt(_ spec: SimulationSpec) async throws(ProviderError) {
        try await store.append { world, _ in world.spec == spec ? [] : [.behaviours(spec)] }
    }

    // MARK: What only a simulated world can be asked

    /// Claims as ``claim(_:of:for:takeOver:)`` does, and counts the ``deliveries()`` from before it.
    package func claimCounting(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> (claim: Claim, deliveries: Int) {
        try await store.claimCounting(environment, of: fleet, for: claim, takeOver: takeOver)
    }

    /// Every order that reached the world and what it came to, in order.
    package func deliveries() async throws(ProviderError) -> [Delivery] {
        try await store.deliveries()
    }

    /// Makes something go wrong.
    ///
    /// - Throws: ``ProviderError/refused(_:)`` for a fault that no world can have.
    package func inject(_ fault: SimulatedFault) async throws(ProviderError) {
        try await store.inject(fault)
    }

    /// Lets world time pass, by at most ten years at a time; it never goes back.
    package func advance(by duration: Duration) async throws(ProviderError) {
        try await store.advance(by: duration)
    }

    /// Flushes to disk since the start.
    package func flushes() async -> Int { await store.flushes }
}
