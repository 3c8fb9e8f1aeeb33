import AirlockModel

/// Holds production while the clock cannot be trusted.
enum ClockGate {
    static func verdict(tier: Tier?, fault: String?) -> GateVerdict {
        guard let fault else {
            return GateVerdict(gate: .clock, answer: .pass, reason: "the clock runs true")
        }
        guard tier == .production else {
            return GateVerdict(
                gate: .clock, answer: .pass, reason: "a clock in doubt holds production alone")
        }
        return GateVerdict(
            gate: .clock, answer: .wait, reason: fault, move: .run("airlock doctor"))
    }
}
