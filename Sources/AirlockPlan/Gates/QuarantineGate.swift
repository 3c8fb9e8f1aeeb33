package import AirlockModel

/// Refuses a slot that was rolled back in this lane.
enum QuarantineGate {
    static func verdict(on change: Change, quarantines: [Quarantine]) -> GateVerdict {
        guard let target = change.target.slot,
            let found = quarantines.first(where: { $0.slot == target })
        else { return GateVerdict(gate: .quarantine, answer: .pass, reason: "not quarantined") }
        return GateVerdict(
            gate: .quarantine, answer: .refuse,
            reason: "slot \(target.short) was rolled back by operation \(found.operation): "
                + found.reason,
            move: .commit(
                "release a fix, or put it back (`airlock rollback \(change.lane)` offers the commit); "
                    + "`airlock rollout retry \(change.lane)` tries it again"))
    }
}

extension HoldReason {
    /// Whether git asks for a slot that was rolled back and not released, whatever else holds the lane.
    package var isQuarantine: Bool {
        guard case .gates(let verdicts) = self else { return false }
        return verdicts.contains { $0.gate == .quarantine && $0.answer != .pass }
    }
}
