import AirlockEngine
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPlan
import AirlockPorts

/// What is known of lanes, read without a lock: the journal and what runs.
struct LaneReading {
    /// One lane for `status` and `tree`.
    struct Lane {
        let record: LaneRecord
        let operation: OperationRecord?
        /// What runs; nil where that is unknown, or nothing runs that never settled.
        let observed: LaneObservation?
        let quarantines: [Quarantine]
        let freeze: Freeze?
        let verifications: VerificationRecord?
        /// What people said about its operation.
        let steering: Steering?
        /// What its rollout stays where it is for; nil where something else holds it, or nothing does.
        let waits: RolloutWait?

        /// One word for what the lane is doing.
        var condition: Condition {
            if let operation {
                if case .back = operation.rollout.direction { return .rollingBack }
                switch operation.work {
                case .change: return .changing
                case .repair(let repair): return repair.isRollback ? .rollingBack : .repairing
                case .heal: return .healing
                case .verify: return .verifying
                }
            }
            if record.holdReason != nil { return .held }
            guard let settled = record.settled else { return .absent }
            return isWhole(settled) ? .settled : .degraded
        }

        /// Whether what it settled on runs as it was left, with all its instances, and nothing beside it;
        /// unknown counts as whole here, because it is told apart.
        private func isWhole(_ settled: Settled) -> Bool {
            guard let observed else { return true }
            return DriftDetection.drift(of: observed, from: settled).isEmpty
                && observed.slots.allSatisfy { $0.healthyCount >= $0.replicas }
        }
    }

    /// What a lane is doing.
    enum Condition: String, Encodable {
        case settled
        /// It settled, and what runs is less than that.
        case degraded
        case changing
        case repairing
        case healing
        /// Its test job runs.
        case verifying
        case rollingBack
        case held
        case absent

        /// The word for people.
        var word: String { self == .rollingBack ? "rolling back" : rawValue }
    }

    /// The names that a person may use.
    var names: KnownNames {
        KnownNames(
            lanes: lanes.map(\.record.lane),
            environments: Array(state.claims.keys) + Array(unobserved.keys))
    }

    let state: LedgerState
    /// Environments whose provider did not answer, with the reason.
    let unobserved: [EnvironmentName: String]
    /// Sorted by lane.
    let lanes: [Lane]

    /// Reads the journal and asks the providers.
    ///
    /// - Throws: ``Failure`` where there is no ledger.
    init(_ wiring: Wiring) async throws {
        guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
        state = try await reader.state()
        var observed: [LaneID: LaneObservation] = [:]
        var known: Set<EnvironmentName> = []
        var unobserved: [EnvironmentName: String] = [:]
        let environments = Set(state.lanes.keys.map(\.environment)).union(state.claims.keys)
        if let fleet = try await reader.origin() {
            for name in environments.sorted() {
                do throws(ProviderError) {
                    guard let found = try await Self.observe(name, of: fleet, wiring) else {
                        continue
                    }
                    known.insert(name)
                    observed.merge(found) { $1 }
                } catch {
                    unobserved[name] = error.phrase
                }
            }
        }
        self.unobserved = unobserved
        let state = state
        let now = wiring.clock.now().wall
        let ids = Set(state.lanes.values.filter(\.isWorthShowing).map(\.lane))
            .union(observed.keys)
        lanes = ids.sorted().map { id in
            let record = state.lanes[id] ?? LaneRecord(lane: id)
            let operation = state.operation(of: id)
            let steering = operation.flatMap { state.steerings[$0.number] }
            // A provider names only lanes that run something: one that it leaves out is gone, not unknown.
            let isGone = record.settled != nil && known.contains(id.environment)
            return Lane(
                record: record, operation: operation,
                observed: observed[id] ?? (isGone ? LaneObservation(lane: id) : nil),
                quarantines: state.quarantines[id] ?? [],
                freeze: state.freezes.binding(id, at: now).first,
                verifications: state.verifications[id], steering: steering,
                waits: record.holdReason == nil ? operation?.waits(steering) : nil)
        }
    }

    /// The lanes that run something; nil where no provider says.
    private static func observe(
        _ name: EnvironmentName, of fleet: FleetName, _ wiring: Wiring
    ) async throws(ProviderError) -> [LaneID: LaneObservation]? {
        for provider in wiring.providers.values {
            let answer = try await provider.observe(name, of: fleet, lanes: nil, since: nil)
            if case .observed(let observation) = answer { return observation.lanes }
        }
        return nil
    }
}

extension Freeze {
    /// When it ends, for a person: ` until 2026-11-23 16:19:00 +01:00`.
    var end: String { until.map { " until \($0.local)" } ?? " until thawed" }
}

extension LaneRecord {
    /// Lanes that were removed and need nothing are history.
    fileprivate var isWorthShowing: Bool { isInUse || decision != nil }
}
