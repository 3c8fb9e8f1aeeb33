import Glibc

/// Surprise over one step: how far a value is off its forecast, and whether that persists.
struct StepView: Sendable {
    private static let buckets = 48
    /// How the spread at this time of day and the spread at all times weigh, as exponents.
    private static let localShare = 0.43
    /// How many values a time of day needs before its spread counts.
    private static let leastLocal = 12.0
    /// At what rate spreads are learned at least, per value.
    private static let spreadRate = 0.003
    private static let localRate = 0.02
    /// A deviation is learned as at most this many spreads, after the first values.
    private static let clip = 20.0
    private static let firstValues = 20.0
    /// At what rate surprise is averaged, and how many decades of one value count.
    private static let persistRate = 0.087
    private static let mostDecades = 6.0
    /// At what rate the present spread is averaged.
    private static let presentRate = 0.05

    private var spread = 0.0
    private var localSpread = [Double](repeating: 0, count: Self.buckets)
    private var localCount = [Double](repeating: 0, count: Self.buckets)
    private var presentSpread = 0.0
    private var meanSurprise = 0.5
    private var count = 0.0
    private var pointRank = TailRank()
    private var persistRank = TailRank()
    private var calmRank = TailRank()

    /// Decades of surprise.
    struct Surprise {
        /// Over this value.
        let point: Double
        /// Over the mean surprise of about the last dozen values, so that a lone outlier of a
        /// noisy signal counts for little and many small ones for much.
        let persistence: Double
        /// Over how small the present spread is.
        let calm: Double
    }

    /// Judges a value, then learns it.
    /// - Parameters:
    ///   - error: Distance to the forecast, in the signal's unit, not negative.
    ///   - time: Seconds since the epoch, if known.
    ///   - tiny: A positive length that is nothing for this signal.
    mutating func next(error: Double, at time: Double?, tiny: Double) -> Surprise {
        count += 1
        let learned = count < Self.firstValues ? error : min(error, Self.clip * spread)
        let usual = usualSpread(learning: learned, at: time)
        let point = pointRank.surprise(adding: error / (usual + tiny))
        meanSurprise += Self.persistRate * (min(point, Self.mostDecades) - meanSurprise)
        presentSpread += Self.presentRate * (error - presentSpread)
        let calmness = spread / (presentSpread + 0.001 * spread + tiny)
        spread += max(1 / count, Self.spreadRate) * (learned - spread)
        return Surprise(
            point: point, persistence: persistRank.surprise(adding: meanSurprise),
            calm: calmRank.surprise(adding: calmness))
    }

    /// The usual error, where the time of day is known with its own share.
    private mutating func usualSpread(learning error: Double, at time: Double?) -> Double {
        guard let time else { return spread }
        let turns = time / 86_400
        let place = (turns - turns.rounded(.down)) * Double(Self.buckets)
        let bucket = max(0, min(Self.buckets - 1, Int(place)))
        var usual = spread
        if localCount[bucket] > Self.leastLocal, spread > 0 {
            let local = max(localSpread[bucket], 0.05 * spread)
            usual = spread * pow(local / spread, Self.localShare)
        }
        localCount[bucket] += 1
        let rate = max(1 / localCount[bucket], Self.localRate)
        localSpread[bucket] += rate * (error - localSpread[bucket])
        return usual
    }
}
