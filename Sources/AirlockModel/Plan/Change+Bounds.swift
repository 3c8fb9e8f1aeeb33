package import AirlockAnalysis

extension Change {
    /// What its new slot may not do while the old one is beside it; empty where nothing is bounded.
    package var bounds: [HardLimit] {
        guard kind == .replace else { return [] }
        return switch strategy {
        case .allAtOnce: []
        case .canary(let plan): plan.limits
        case .blueGreen(let plan): plan.limits
        }
    }
}
