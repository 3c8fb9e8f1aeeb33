import AirlockLedger
import AirlockManifest
import AirlockModel
import AirlockPorts

/// The lanes that git, a provider or the ledger knows: a name that none of them knows is a typing
/// error and not an empty answer.
struct KnownNames {
    private let lanes: Set<LaneID>
    private let environments: Set<EnvironmentName>

    init(lanes: some Sequence<LaneID>, environments: some Sequence<EnvironmentName> = []) {
        self.lanes = Set(lanes)
        self.environments = Set(environments).union(self.lanes.map(\.environment))
    }

    /// The names in a ledger.
    init(_ reader: LedgerReader) async throws {
        let state = try await reader.state()
        self.init(lanes: state.lanes.keys, environments: state.claims.keys)
    }

    /// What the ledger or the last fetch knows, so that a lane can be named before it first runs.
    ///
    /// - Parameter more: Lanes that somebody else knows.
    init(_ wiring: Wiring, and more: [LaneID] = []) async throws {
        let state = try await wiring.reader()?.state() ?? LedgerState()
        let fleet: Fleet?
        do { fleet = try await FleetReading(wiring).lastFetched()?.fleet } catch is SourceError {
            // Who freezes must not be stopped by a mirror that cannot be read: nothing is checked then.
            self.init(LedgerState(), fleet: nil)
            return
        }
        self.init(state, fleet: fleet, and: more)
    }

    /// The names in what the ledger remembers and in a fleet.
    init(_ state: LedgerState, fleet: Fleet?, and more: [LaneID] = []) {
        self.init(
            lanes: Array(state.lanes.keys) + (fleet.map { Array($0.lanes.keys) } ?? []) + more,
            environments: Array(state.claims.keys)
                + (fleet.map { Array($0.environments.keys) } ?? []))
    }

    /// Throws ``Failure`` for an environment or lane that neither the ledger nor the last fetch knows.
    ///
    /// Git is read only for what the ledger does not have: a person who stops something has no time for a fleet to
    /// be decoded, which takes as long as its files make it. Where nothing is known yet, every name passes.
    static func check(_ scope: Freeze.Scope, _ wiring: Wiring) async throws {
        if let reader = try wiring.reader(), try await KnownNames(reader).knows(scope) { return }
        let names = try await KnownNames(wiring)
        if !names.isEmpty { try names.check(scope) }
    }

    private func knows(_ scope: Freeze.Scope) -> Bool {
        switch scope {
        case .environment(let name): environments.contains(name)
        case .lane(let lane): lanes.contains(lane)
        }
    }

    /// Whether nothing is known yet, so that nothing can be told from a typing error.
    var isEmpty: Bool { environments.isEmpty }

    /// Throws ``Failure`` for an environment that nobody knows.
    func check(_ environment: EnvironmentName) throws {
        guard !environments.contains(environment) else { return }
        throw Self.unknown(
            "environment", environment.description, among: environments.map(\.description))
    }

    /// Throws ``Failure`` for a lane that nobody knows.
    func check(_ lane: LaneID) throws {
        guard !lanes.contains(lane) else { return }
        throw Self.unknown("lane", lane.description, among: lanes.map(\.description))
    }

    /// Throws ``Failure`` for a service that no environment has.
    func check(_ unit: UnitID) throws {
        let units = Set(lanes.map(\.unit))
        guard !units.contains(unit) else { return }
        throw Self.unknown("service", unit.description, among: units.map(\.description))
    }

    /// Throws ``Failure`` for an environment or lane that nobody knows.
    func check(_ scope: Freeze.Scope) throws {
        switch scope {
        case .environment(let name): try check(name)
        case .lane(let lane): try check(lane)
        }
    }

    private static func unknown(
        _ noun: String, _ name: String, among known: [String]
    ) -> Failure {
        let near = NearestName.of(name, among: known.sorted())
        let some = known.sorted().prefix(8).joined(separator: ", ")
        return Failure(
            "there is no \(noun) \(name)",
            advice: near.map { "did you mean \($0)?" }
                ?? "there is \(some.isEmpty ? "none yet" : some)")
    }
}
