import AirlockModel

/// Stops forward changes and repairs while their environment or lane is frozen.
enum FreezeGate {
    /// The freezes that bind lanes of `environment` at `now`.
    static func inForce(
        _ freezes: [Freeze.Scope: Freeze], _ environment: EnvironmentName, now: Moment
    ) -> [Freeze] {
        freezes.values.filter { freeze in
            let place: EnvironmentName =
                switch freeze.scope {
                case .environment(let name): name
                case .lane(let lane): lane.environment
                }
            return place == environment && (freeze.until.map { $0 > now.wall } ?? true)
        }.sorted { $0.scope < $1.scope }
    }

    /// Waits for the freeze that lasts longest.
    static func verdict(on lane: LaneID, freezes: [Freeze]) -> GateVerdict {
        let binding = freezes.filter { $0.scope.covers(lane) }
        guard let first = binding.first else {
            return GateVerdict(gate: .freeze, answer: .pass, reason: "not frozen")
        }
        let ends = binding.map(\.until)
        let until = ends.contains(nil) ? nil : ends.compactMap(\.self).max()
        return GateVerdict(
            gate: .freeze, answer: .wait,
            reason: "\(first.scope) is frozen by \(first.actor.id): \(first.reason)",
            move: .run("airlock thaw \(first.scope)"), until: until)
    }
}
