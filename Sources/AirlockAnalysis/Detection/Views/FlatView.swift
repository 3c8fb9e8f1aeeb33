import Glibc

/// Surprise over a run of equal values: far longer than any before, in a signal that changes.
struct FlatView: Sendable {
    /// Decades per length of the longest run before.
    private static let perLongest = 3.6
    /// A run of a few values is never strange.
    private static let leastRun = 5.0
    /// Of the decades that independent changes would give, this share counts: changes cluster.
    private static let chanceShare = 0.4

    private var last = Double.nan
    private var run = 0.0
    private var longest = 1.0
    private var changes = 0.0
    private var count = 0.0

    /// Judges a value, then learns it.
    /// - Returns: Decades of surprise.
    mutating func next(_ value: Double) -> Double {
        count += 1
        guard value == last else {
            if count > 1 { changes += 1 }
            // A stuck signal must not hide that it is stuck once more.
            longest = max(longest, min(run, 2 * longest + 10))
            run = 1
            last = value
            return 0
        }
        run += 1
        guard run > longest else { return 0 }
        let changeShare = min(0.99, changes / max(1, count - run))
        let chance = -log10(1 - changeShare) * run
        return min(Self.chanceShare * chance, Self.perLongest * run / (longest + Self.leastRun))
    }
}
