/// Finds what is unusual in a stream of values, judged by the stream's own past.
///
/// Several views, each with a constant amount of memory, tell their surprise in decades of their
/// own past: the step (``StepView``), the long horizon (``HorizonView``) with a day's and a week's
/// course where one has proved itself (``Season``), values never seen (``NoveltyView``), flat runs
/// (``FlatView``) and silence (``SilenceView``). The greatest counts whole, what others add counts
/// in part, and a gate makes one score of it (``AlarmGate``).
///
/// Causal: a score depends on the values so far alone. The same values give the same scores.
package struct Detector: Sendable {
    /// Larger values are taken as this, so that no difference is infinite.
    private static let greatest = 1e150
    /// Of the decades of views other than the greatest, this share counts, each above a floor.
    private static let sideShare = 0.23
    private static let sideFloor = 1.5
    /// How much faster the long level is learned for a while after an alarm: what stays becomes
    /// usual.
    private static let haste = 5.0
    /// Weights of the views' decades.
    private static let pointWeight = 0.83
    private static let persistenceWeight = 1.18
    private static let calmWeight = 1.0
    private static let horizonWeight = 1.47

    private var forecast = Forecast()
    private var season = Season()
    private var step = StepView()
    private var horizon = HorizonView()
    private var novelty = NoveltyView()
    private var flat = FlatView()
    private var silence = SilenceView()
    private var gate: AlarmGate

    /// Knows nothing of its signal yet.
    package init(sensitivity: Sensitivity = .standard) { gate = AlarmGate(sensitivity) }

    /// The score of the next value, from 0 to 1; 0.5 and more is an alarm.
    ///
    /// The first 150 values score 0. After an alarm scores stay below 0.5 for a while, but for
    /// what is far stranger than it.
    /// - Parameters:
    ///   - value: In the signal's unit. NaN and infinite values are missing ones: they score 0 and
    ///     nothing is learned from them, except where they last far longer than ever before.
    ///   - time: Seconds since the epoch; nil when unknown, and then no season is looked for.
    package mutating func score(_ value: Double, at time: Double?) -> Double {
        guard value.isFinite else {
            let surprise = silence.nextMissing()
            return surprise > 0 ? gate.score(surprise) : 0
        }
        let time = time.flatMap { $0.isFinite ? $0 : nil }
        return gate.score(surprise(max(-Self.greatest, min(Self.greatest, value)), time))
    }

    private mutating func surprise(_ value: Double, _ time: Double?) -> Double {
        let tiny = 1e-9 * max(1e-9, abs(horizon.level))
        let plain = Season.Expectation(near: forecast.next(value), far: horizon.level)
        let plainly = horizon.tamed(value, around: horizon.level)
        let expected =
            time.map { season.next(value, at: $0, plainly: plainly, plain: plain) } ?? plain
        let stepped = step.next(error: abs(value - expected.near), at: time, tiny: tiny)
        let distant = horizon.next(
            value, usual: expected.far, haste: gate.isQuiet ? Self.haste : 1, tiny: tiny)
        var joint = JointSurprise(floor: Self.sideFloor)
        joint.add(Self.pointWeight * stepped.point)
        joint.add(Self.persistenceWeight * stepped.persistence)
        joint.add(Self.calmWeight * stepped.calm)
        joint.add(Self.horizonWeight * distant)
        joint.add(novelty.next(value, tiny: tiny))
        joint.add(flat.next(value))
        joint.add(silence.next(at: time))
        return joint.decades(sideShare: Self.sideShare)
    }
}

/// Several views' surprise as one.
private struct JointSurprise {
    private let floor: Double
    private var greatest = 0.0
    private var side = 0.0

    init(floor: Double) { self.floor = floor }

    /// Adds a view's decades.
    mutating func add(_ decades: Double) {
        greatest = max(greatest, decades)
        side += max(0, decades - floor)
    }

    /// The greatest, and a share of what the others have above the floor.
    func decades(sideShare: Double) -> Double {
        greatest + sideShare * (side - max(0, greatest - floor))
    }
}
