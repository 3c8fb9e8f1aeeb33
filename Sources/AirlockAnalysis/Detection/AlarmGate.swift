import Glibc

/// Turns surprise into a score: 0.5 and more is an alarm, after which there is quiet for a while.
struct AlarmGate: Sendable {
    /// Decades of joint surprise for an alarm at the standard sensitivity.
    private static let bar = 3.0
    /// Decades that the bar moves from the least to the greatest sensitivity.
    private static let barRange = 4.0
    /// How steep the score is around the bar, per decade.
    private static let steepness = 1.5
    /// The first values are for learning: no alarm.
    private static let learning = 150.0
    /// How long there is quiet after an alarm: a share of the values seen, and at least.
    static let quietShare = 0.05
    private static let leastQuiet = 20.0
    /// What is left of a score in quiet.
    private static let quietFactor = 0.3
    /// What surprises by so many decades more than the last alarm is told in quiet, too.
    private static let louder = 3.0
    /// How much the bar is higher at ten times the standard length, in decades: a long series has
    /// more chances for the same surprise.
    private static let lengthLift = 0.3
    private static let standardLength = 2_000.0
    /// How much each alarm lifts the bar, in decades; forgotten as the series doubles.
    private static let strainStep = 0.16

    private let bar: Double
    private var count = 0.0
    private var quietUntil = 0.0
    private var strain = 0.0
    /// The surprise of the last alarm.
    private var loudness = 0.0

    init(_ sensitivity: Sensitivity) {
        bar = Self.bar + Self.barRange * (Sensitivity.standard.value - sensitivity.value)
    }

    /// True for a while after an alarm.
    var isQuiet: Bool { count < quietUntil }

    /// The score of the next value, from 0 to 1.
    /// - Parameter surprise: Joint surprise in decades.
    mutating func score(_ surprise: Double) -> Double {
        count += 1
        guard count > Self.learning else { return 0 }
        strain *= 1 - 1 / count
        let lift = Self.lengthLift * log10(count / Self.standardLength) + Self.strainStep * strain
        let margin = surprise - bar - lift
        let score = 1 / (1 + exp(-Self.steepness * margin))
        guard isQuiet else {
            if margin >= 0 {
                loudness = surprise
                quietUntil = count + max(Self.leastQuiet, Self.quietShare * count)
                strain += 1
            }
            return score
        }
        guard margin >= 0, surprise >= loudness + Self.louder else {
            return Self.quietFactor * score
        }
        // It makes the quiet no longer: what comes after it is not to be missed.
        loudness = surprise
        return score
    }
}
