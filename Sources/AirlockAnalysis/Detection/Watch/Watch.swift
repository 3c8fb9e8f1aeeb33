/// Watches one signal of a running service and raises an alarm when it leaves its usual course: of a
/// signal that is sampled once a second a jump within seconds, a leak within minutes, or silence.
///
/// What it waits for, it counts in samples; with a wider spacing all of it takes as much longer.
/// Constant memory. A verdict depends on the samples so far alone.
package struct Watch: Hashable, Sendable, Codable {
    /// Which way a signal goes when something is wrong.
    package enum Direction: Hashable, Sendable, Codable {
        case rise
        case fall
        case either
    }

    /// What a sample means.
    package enum Verdict: Hashable, Sendable {
        /// Too little is known to judge: the first ``Watch/warmUp`` samples.
        case learning
        /// As usual.
        case calm
        /// Something is wrong from this sample on.
        case raised(WatchAlarm)
        /// What was raised is still wrong.
        case lasting
        /// The signal is back, or its new course has become usual.
        case cleared
    }

    /// How many samples are only learned from.
    package static let warmUp = 600
    /// How many samples without a value are an alarm of their own.
    package static let longestSilence = 30
    /// For how many samples a signal must be back before an alarm is cleared.
    private static let backFor = 30
    /// After how many samples a course that stays becomes the usual one.
    private static let adoptedAfter = 600
    /// How many samples after an alarm no new one is raised.
    private static let quiet = 300
    /// Larger deviations count as this many standard deviations, so that no lone sample raises.
    private static let clip = 4.0

    private let direction: Direction
    private var baseline: SlowBaseline
    private var sums: [LearnedSum]
    private var falls: [LearnedSum]
    /// The mean of about the last ten samples.
    private var recent = 0.0
    private var silence = 0
    private var raisedFor: Int?
    private var backSamples = 0
    private var quietLeft = 0

    /// Knows nothing of its signal yet.
    /// - Parameter spacing: Seconds between two samples.
    package init(_ direction: Direction = .rise, spacing: Int = 1) {
        self.direction = direction
        baseline = SlowBaseline(spacing: spacing)
        sums = direction == .fall ? [] : Self.freshSums
        falls = direction == .rise ? [] : Self.freshSums
    }

    /// Where the signal usually is; nil before it is judged.
    package var usual: Double? {
        baseline.count >= Double(Self.warmUp) ? baseline.level : nil
    }

    /// The mean of about the last ten samples.
    package var present: Double { recent }

    /// What it has learned, without anything that is going on: where a watch that is kept goes on from.
    package var settled: Watch {
        var watch = self
        if raisedFor != nil { watch.accept() }
        (watch.silence, watch.quietLeft) = (0, 0)
        return watch
    }

    /// Takes the present course as the usual one; what was raised is over, and the next alarm may come at
    /// once.
    private mutating func accept() {
        baseline.relevel(to: recent)
        for index in sums.indices { sums[index].restart() }
        for index in falls.indices { falls[index].restart() }
        (raisedFor, backSamples, quietLeft) = (nil, 0, 0)
    }

    private static var freshSums: [LearnedSum] {
        [
            LearnedSum(slack: 2, leastLimit: 7, reach: 9),
            LearnedSum(slack: 1, leastLimit: 10, reach: 9),
            LearnedSum(slack: 0.4, leastLimit: 60, reach: 12),
        ]
    }

    /// Judges the next sample, then learns it.
    /// - Parameters:
    ///   - value: In the signal's unit; NaN when there was none.
    ///   - sensitivity: How readily an alarm is raised; what is learned does not depend on it but for
    ///     samples near an alarm.
    package mutating func observe(
        _ value: Double, at sensitivity: Sensitivity = .standard
    ) -> Verdict {
        guard value.isFinite else { return observeSilence() }
        silence = 0
        recent = baseline.count == 0 ? value : recent + 0.15 * (value - recent)
        let deviation = baseline.deviation(of: value)
        if let age = raisedFor { return whileRaised(value, deviation, age) }
        guard baseline.count >= Double(Self.warmUp) / 2 else {
            baseline.learn(value, share: 1)
            return .learning
        }
        let isLearning = baseline.count < Double(Self.warmUp)
        let share = accumulate(max(-Self.clip, min(Self.clip, deviation)))
        let reach = sensitivity.reach
        if !isLearning, share >= reach, quietLeft == 0 {
            raisedFor = 0
            backSamples = 0
            return .raised(alarm(from: reach))
        }
        baseline.learn(value, share: share > 0.5 * reach ? 0.25 : 1)
        quietLeft = max(0, quietLeft - 1)
        return isLearning ? .learning : .calm
    }

    /// The greatest share of its limit that a sum has reached.
    private mutating func accumulate(_ deviation: Double) -> Double {
        var share = 0.0
        if direction != .fall {
            for index in sums.indices { share = max(share, sums[index].add(deviation)) }
        }
        if direction != .rise {
            for index in falls.indices { share = max(share, falls[index].add(-deviation)) }
        }
        return share
    }

    private mutating func observeSilence() -> Verdict {
        silence += 1
        if raisedFor != nil { return .lasting }
        guard silence == Self.longestSilence, baseline.count >= Double(Self.warmUp) else {
            return baseline.count < Double(Self.warmUp) ? .learning : .calm
        }
        raisedFor = 0
        backSamples = 0
        return .raised(WatchAlarm(.silence, usual: baseline.level, present: .nan, age: silence))
    }

    private mutating func whileRaised(
        _ value: Double, _ deviation: Double, _ age: Int
    ) -> Verdict {
        raisedFor = age + 1
        let isBack = abs(baseline.deviation(of: recent)) < 1
        backSamples = isBack ? backSamples + 1 : 0
        let isAdopted = age >= Self.adoptedAfter
        guard backSamples >= Self.backFor || isAdopted else { return .lasting }
        if isAdopted { baseline.move(to: recent) }
        for index in sums.indices { sums[index].restart() }
        for index in falls.indices { falls[index].restart() }
        raisedFor = nil
        quietLeft = Self.quiet
        return .cleared
    }

    /// - Parameter reach: The share of its limit at which a sum is an alarm.
    private func alarm(from reach: Double) -> WatchAlarm {
        let all = (direction == .fall ? [] : sums) + (direction == .rise ? [] : falls)
        let age = all.filter { $0.sum >= reach * $0.limit }.map(\.age).min() ?? 1
        let kind: WatchAlarm.Kind = recent >= baseline.level ? .rise : .fall
        return WatchAlarm(kind, usual: baseline.level, present: recent, age: Int(age))
    }
}
