import Glibc

/// What a detector earns on labelled series: 0 for one that never speaks, 100 for a perfect one.
///
/// The first detection in a window earns nearly 1 when it is early and less the later it is; a
/// missed window costs 1; each detection outside windows costs 0.11, less shortly after a window.
package struct TrialScore: Sendable {
    /// What a detection outside windows costs.
    static let falseCost = 0.11
    private var earned = 0.0
    private var foundOf: [TrialFault: Int] = [:]
    private var windowsOf: [TrialFault: Int] = [:]
    /// How many windows had a detection in them.
    package var found: Int { foundOf.values.reduce(0, +) }
    /// How many windows there were.
    package var windows: Int { windowsOf.values.reduce(0, +) }
    /// Detections outside windows.
    package private(set) var falseAlarms = 0

    /// No series yet.
    package init() {}

    /// From 0 (never speaks) to 100 (each window at its start, nothing outside).
    package var normalised: Double {
        windows == 0 ? 0 : 100 * (earned + Double(windows)) / Double(2 * windows)
    }

    /// How many windows of one kind of fault were found, and how many there were.
    package func tally(of fault: TrialFault) -> (found: Int, windows: Int) {
        (foundOf[fault, default: 0], windowsOf[fault, default: 0])
    }

    /// Adds one series.
    /// - Parameters:
    ///   - scores: One score for each value of `series`.
    ///   - threshold: The least score that is a detection.
    ///   - quietShare: For what share of the points so far a detection silences the next ones; for
    ///     detectors that have no quiet of their own.
    package mutating func add(
        _ scores: [Double], of series: TrialSeries, threshold: Double, quietShare: Double = 0
    ) {
        let windows = series.windows
        var isFound = [Bool](repeating: false, count: windows.count)
        var next = 0
        var quietUntil = series.probation
        for index in series.probation..<scores.count {
            while next < windows.count, index >= windows[next].upperBound { next += 1 }
            guard scores[index] >= threshold, index >= quietUntil else { continue }
            quietUntil = index + Int(quietShare * Double(index))
            if next < windows.count, windows[next].contains(index) {
                if !isFound[next] { earned += Self.worth(index, in: windows[next]) }
                isFound[next] = true
            } else {
                falseAlarms += 1
                let worth = next > 0 ? Self.worth(index, in: windows[next - 1]) : -1
                earned += Self.falseCost * worth
            }
        }
        for (fault, isFound) in zip(series.faults, isFound) {
            windowsOf[fault, default: 0] += 1
            if isFound { foundOf[fault, default: 0] += 1 } else { earned -= 1 }
        }
    }

    /// A falling curve: nearly 1 at the start of the window, 0 at its end, -1 far behind it.
    private static func worth(_ index: Int, in window: Range<Int>) -> Double {
        let place = Double(index - window.upperBound) / Double(window.count)
        return 2 / (1 + exp(5 * place)) - 1
    }
}
