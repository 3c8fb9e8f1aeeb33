import Glibc

/// How readily a detector speaks, from 0 (only the plainest) to 1.
package struct Sensitivity: Hashable, Sendable {
    /// From 0 to 1.
    package let value: Double

    /// One half: the sensitivity that the constants were chosen at.
    package static let standard = Sensitivity(known: 0.5)

    /// Half way to the least.
    package static let lower = Sensitivity(known: 0.25)
    /// Half way to the greatest.
    package static let higher = Sensitivity(known: 0.75)

    private init(known value: Double) { self.value = value }

    /// Returns nil unless `value` is a number from 0 to 1.
    package init?(_ value: Double) {
        guard value >= 0, value <= 1 else { return nil }
        self.value = value
    }

    /// How much further than at the standard a signal has to go: 2 at the least sensitivity, exactly 1 at
    /// the standard, one half at the greatest.
    package var reach: Double { exp2(1 - 2 * value) }
}
