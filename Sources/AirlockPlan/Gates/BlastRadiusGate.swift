import AirlockModel

/// Bounds how many lanes of one environment are in change at the same time.
///
/// First deployments are not counted. Lanes under way keep their place; the rest of the places goes to
/// candidates in the order of their names.
struct BlastRadiusGate {
    /// Candidates for which no place is left.
    private let crowded: Set<LaneID>
    private let underWay: Int
    private let allowed: Int
    private let environment: EnvironmentName

    init(
        open: [Situation], settled: Int, candidates: [Situation], limits: Limits,
        environment: EnvironmentName
    ) {
        self.environment = environment
        allowed = limits.changing.allowed(of: settled)
        underWay = open.count(where: Self.hasPlace)
        var places = allowed - underWay
        var crowded: Set<LaneID> = []
        for situation in candidates.sorted(by: { $0.lane < $1.lane }) {
            guard let change = situation.change, Self.counts(change), !Self.hasPlace(situation)
            else { continue }
            if places > 0 {
                places -= 1
            } else {
                crowded.insert(situation.lane)
            }
        }
        self.crowded = crowded
    }

    func verdict(_ situation: Situation) -> GateVerdict? {
        guard let change = situation.change else { return nil }
        if !Self.counts(change) {
            return pass("a first deployment is not counted")
        }
        if Self.hasPlace(situation) { return pass("already under way") }
        if !crowded.contains(situation.lane), underWay < allowed {
            return pass("within limits.changing of \(allowed)")
        }
        return GateVerdict(
            gate: .blastRadius, answer: .wait,
            reason: "limits.changing allows \(allowed) of the lanes of \(environment) at a time",
            move: .wait)
    }

    private func pass(_ reason: String) -> GateVerdict {
        GateVerdict(gate: .blastRadius, answer: .pass, reason: reason)
    }

    /// Whether the lane has a change under way that counts; a repair or a first deployment does not.
    private static func hasPlace(_ situation: Situation) -> Bool {
        situation.operation?.change.map(counts) ?? false
    }

    private static func counts(_ change: Change) -> Bool { change.kind != .create }
}
