import AirlockModel

/// Refuses a change that the environment's provider cannot carry out.
enum CapabilityGate {
    static func verdict(on change: Change, capabilities: Set<Capability>) -> GateVerdict {
        let missing = needed(for: change).subtracting(capabilities).sorted()
        guard !missing.isEmpty else {
            return GateVerdict(
                gate: .capability, answer: .pass, reason: "the provider can do all of it")
        }
        let names = missing.map(\.rawValue).joined(separator: ", ")
        return GateVerdict(
            gate: .capability, answer: .refuse,
            reason: "the provider of \(change.lane.environment) cannot \(names)",
            move: .commit(
                "choose another provider in environments/\(change.lane.environment).yaml"))
    }

    private static func needed(for change: Change) -> Set<Capability> {
        switch change.kind {
        case .create: [.start, .route]
        case .replace: [.start, .route, .stop]
        case .scale: [.scale]
        case .remove: [.route, .stop]
        }
    }
}
