/// Where a signal usually is, and how far it strays.
///
/// Holt's linear smoothing (C. C. Holt, 1957) with time constants far longer than a fault needs to
/// show, so that the course of a day is followed and a leak is not. A day takes as long however seldom
/// a signal is sampled, so they are times and not numbers of samples.
struct SlowBaseline: Hashable, Sendable, Codable {
    /// Time constants in seconds.
    private static let levelTime = 900.0
    private static let slopeTime = 3_600.0
    private static let spreadTime = 1_800.0
    /// Samples that are further apart count as this many seconds: a level needs 30 of them.
    private static let longestPace = 30
    /// Deviations beyond this many spreads are learned as this many.
    private static let clip = 6.0

    private(set) var level = 0.0
    private var slope = 0.0
    /// Mean absolute deviation, in the signal's unit.
    private(set) var spread = 0.0
    private(set) var count = 0.0
    /// Seconds for which one sample counts; nil for one second.
    private let pace: Double?

    /// - Parameter spacing: Seconds between two samples.
    init(spacing: Int = 1) {
        pace = spacing > 1 ? Double(min(spacing, Self.longestPace)) : nil
    }

    /// The deviation of `value`, in standard deviations of a normal signal with this spread.
    func deviation(of value: Double) -> Double {
        let floor = 1e-3 * abs(level) + 1e-9
        return (value - level - slope) / (1.2533 * max(spread, floor))
    }

    /// Learns a value.
    /// - Parameter share: From 0 (not at all) to 1.
    mutating func learn(_ value: Double, share: Double) {
        count += 1
        guard count > 1 else {
            level = value
            return
        }
        let pace = pace ?? 1
        let reach = count < 60 ? Double.infinity : Self.clip * max(spread, 1e-3 * abs(level))
        let error = max(-reach, min(reach, value - level - slope))
        let levelRate = share * max(1 / count, pace / Self.levelTime)
        level += slope + levelRate * error
        if count * pace > Self.levelTime { slope += levelRate * error * pace / Self.slopeTime }
        spread += share * max(1 / count, pace / Self.spreadTime) * (abs(error) - spread)
    }

    /// Takes `value` as the new level of a signal that strays as before.
    mutating func relevel(to value: Double) {
        level = value
        slope = 0
    }

    /// Takes `value` as the new normal.
    mutating func move(to value: Double) {
        level = value
        slope = 0
        count = min(count, 120)
    }
}
