import AirlockModel

/// Stops forward changes and repairs while their environment or lane is frozen.
enum FreezeGate {
    /// Waits for the freeze that lasts longest.
    static func verdict(
        on lane: LaneID, freezes: [Freeze.Scope: Freeze], now: Moment
    ) -> GateVerdict {
        let binding = freezes.binding(lane, at: now.wall)
        guard let longest = binding.max(by: endsEarlier) else {
            return GateVerdict(gate: .freeze, answer: .pass, reason: "not frozen")
        }
        let reasons = binding.map { "\($0.scope) is frozen by \($0.actor.id): \($0.reason)" }
        return GateVerdict(
            gate: .freeze, answer: .wait, reason: reasons.joined(separator: "; "),
            move: .run("airlock thaw \(longest.scope)"), until: longest.until)
    }

    /// The verdict of a stop of the whole fleet; nil when there is none.
    static func verdict(of stop: FleetStop?, now: Moment) -> GateVerdict? {
        guard let stop, stop.isInForce(at: now.wall) else { return nil }
        return GateVerdict(
            gate: .freeze, answer: .wait,
            reason: "everything is stopped by \(stop.actor.id): \(stop.reason)",
            move: .run("airlock thaw --all"), until: stop.until)
    }

    private static func endsEarlier(_ left: Freeze, _ right: Freeze) -> Bool {
        guard let leftEnd = left.until else { return false }
        return right.until.map { leftEnd < $0 } ?? true
    }
}
