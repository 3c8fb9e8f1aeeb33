/// How readily a detector speaks, from 0 (only the plainest) to 1.
package struct Sensitivity: Hashable, Sendable {
    /// From 0 to 1.
    package let value: Double

    /// One half: the sensitivity that the constants were chosen at.
    package static let standard = Sensitivity(known: 0.5)

    private init(known value: Double) { self.value = value }

    /// Returns nil unless `value` is a number from 0 to 1.
    package init?(_ value: Double) {
        guard value >= 0, value <= 1 else { return nil }
        self.value = value
    }
}
