import AirlockModel

/// Bounds how many lanes of one environment are in change at the same time.
///
/// First deployments are not counted. Lanes under way keep their place; the rest of the places goes to
/// candidates in the order of their names. Those that call each other in a circle get their places
/// together; only a circle that is larger than the limit itself goes in parts.
struct BlastRadiusGate {
    /// Candidates for which no place is left.
    private let crowded: Set<LaneID>
    private let underWay: Int
    private let allowed: Int
    private let environment: EnvironmentName

    init(
        open: [Situation], settled: Int, candidates: [Situation],
        circle: (Situation) -> Int?, limits: Limits, environment: EnvironmentName
    ) {
        self.environment = environment
        allowed = limits.changing.allowed(of: settled)
        underWay = open.count(where: Self.hasPlace)
        var places = allowed - underWay
        var crowded: Set<LaneID> = []
        for together in Self.groups(candidates, circle) {
            let granted = together.count <= places || together.count > allowed ? places : 0
            crowded.formUnion(together.dropFirst(max(0, granted)))
            // What waits for places that come free is not overtaken by those after it.
            places = together.count <= places ? places - together.count : 0
        }
        self.crowded = crowded
    }

    /// Candidates that need a place, those of a circle together, in the order of their first names.
    private static func groups(
        _ candidates: [Situation], _ circle: (Situation) -> Int?
    ) -> [[LaneID]] {
        var groups: [[LaneID]] = []
        var places: [Int: Int] = [:]
        for situation in candidates.sorted(by: { $0.lane < $1.lane }) {
            guard let change = situation.change, counts(change), !hasPlace(situation) else {
                continue
            }
            if let number = circle(situation), let place = places[number] {
                groups[place].append(situation.lane)
            } else {
                if let number = circle(situation) { places[number] = groups.count }
                groups.append([situation.lane])
            }
        }
        return groups
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
