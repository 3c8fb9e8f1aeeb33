import Glibc

/// Surprise over values that were never seen: beyond the range of the past, with a tolerance.
struct NoveltyView: Sendable {
    /// How far beyond the range still counts as inside, as a share of the range.
    private static let tolerance = 0.04
    /// Decades for the first step beyond it, and for each doubling of the range.
    private static let base = 2.7
    private static let perDoubling = 2.0

    private var low = Double.infinity
    private var high = -Double.infinity

    /// Judges a value, then learns it.
    /// - Parameter tiny: A positive length that is nothing for this signal.
    /// - Returns: Decades of surprise.
    mutating func next(_ value: Double, tiny: Double) -> Double {
        defer {
            low = min(low, value)
            high = max(high, value)
        }
        guard low <= high else { return 0 }
        let beyond = max(value - high, low - value) / max(high - low, tiny)
        return beyond > Self.tolerance ? Self.base + Self.perDoubling * log2(1 + beyond) : 0
    }
}
