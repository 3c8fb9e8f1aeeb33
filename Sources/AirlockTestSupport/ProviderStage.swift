import AirlockModel
import AirlockPorts
import Testing

/// A provider and one writer that gives it orders.
struct ProviderStage {
    let subject: ProviderContract.Subject
    let claim: Claim

    /// A claim of the ledger and the writer of these numbers.
    static func claim(ledger: Int, epoch: Int, writer: Int? = nil) -> Claim {
        func digits(_ number: Int) -> String { String(repeating: String(number), count: 32) }
        guard let id = LedgerID(digits(ledger)) else {
            preconditionFailure("not a ledger id: \(ledger)")
        }
        return Claim(
            ledger: id, epoch: Epoch(epoch), writer: writer.flatMap { WriterID(digits($0)) })
    }

    /// The same provider under another writer.
    func under(_ claim: Claim) -> ProviderStage { ProviderStage(subject: subject, claim: claim) }

    /// Takes the environment for this stage's writer.
    func take(over: Bool = false) async throws(ProviderError) -> Claim {
        try await subject.provider.claim(
            ProviderContract.environment, of: Build.fleetName(), for: claim, takeOver: over)
    }

    /// Gives an order; the same operation, step and action make the same key.
    @discardableResult
    func order(
        _ action: Action, operation: Int, in lane: LaneID = ProviderContract.lane,
        of fleet: FleetName = Build.fleetName(), change: ChangeID? = nil
    ) async throws(ProviderError) -> Receipt {
        let key = ActionKey(ledger: claim.ledger, operation: operation, step: 0, action: action)
        return try await subject.provider.perform(
            ActionOrder(
                key: key, claim: claim, fleet: fleet, lane: lane, change: change,
                operation: operation, action: action))
    }

    /// Everything that is there.
    func look(
        at lanes: Set<LaneID>? = nil, of fleet: FleetName = Build.fleetName()
    ) async throws -> Observation {
        let answer = try await subject.provider.observe(
            ProviderContract.environment, of: fleet, lanes: lanes, since: nil)
        switch answer {
        case .observed(let observation): return observation
        case .unchanged: throw ProviderError.refused("unchanged since no revision")
        }
    }

    /// What is there in the contract's lane.
    func lane() async throws -> LaneObservation {
        let observation = try await look()
        return observation.lanes[ProviderContract.lane]
            ?? LaneObservation(lane: ProviderContract.lane)
    }

    /// Whether the provider says that nothing changed since `observation`.
    func isUnchanged(since observation: Observation) async throws -> Bool {
        let answer = try await subject.provider.observe(
            observation.environment, of: Build.fleetName(), lanes: nil,
            since: observation.revision)
        switch answer {
        case .observed: return false
        case .unchanged: return true
        }
    }

    /// Lets everything that was started become healthy.
    func settle() async throws { try await subject.pass(subject.startup) }

    /// Expects that `action` is refused and that nothing is other than before.
    func expectRefusal(
        of action: Action, operation: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await lane()
        await #expect(throws: ProviderError.self, sourceLocation: sourceLocation) {
            try await order(action, operation: operation)
        }
        let after = try await lane()
        #expect(after == before, sourceLocation: sourceLocation)
    }
}
