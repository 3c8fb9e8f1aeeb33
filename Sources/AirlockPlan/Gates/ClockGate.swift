import AirlockModel

/// Holds production while the clock cannot be trusted.
enum ClockGate {
    static func verdict(tier: Tier?, fault: String?) -> GateVerdict {
        guard let fault, tier == .production else {
            return GateVerdict(gate: .clock, answer: .pass, reason: "the clock runs true")
        }
        return GateVerdict(
            gate: .clock, answer: .wait, reason: fault, move: .run("airlock doctor"))
    }
}
