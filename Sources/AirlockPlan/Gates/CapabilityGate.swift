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
        let why =
            missing.contains(.address)
            ? ": it does not say where a slot without traffic can be reached, so the preview "
                + "checks of the release cannot run"
            : ""
        return GateVerdict(
            gate: .capability, answer: .refuse,
            reason: "the provider of \(change.lane.environment) cannot \(names)\(why)",
            move: .commit(
                "choose another provider in environments/\(change.lane.environment).yaml"))
    }

    private static func needed(for change: Change) -> Set<Capability> {
        switch change.kind {
        case .create: preview(of: change).union([.start, .route])
        case .replace: preview(of: change).union([.start, .route, .stop])
        case .scale:
            change.preview == nil ? [.scale] : preview(of: change).union([.scale, .route])
        case .remove: [.route, .stop]
        }
    }

    /// What its preview checks need.
    private static func preview(of change: Change) -> Set<Capability> {
        change.previewChecks.isEmpty ? [] : [.address]
    }
}
