package import AirlockAnalysis
package import AirlockModel

/// Watches what a lane serves after a change settled, sample by sample, against what it learned before.
///
/// A release may need a little more than the one before; what counts is what leaves the usual course and
/// is far from where it was before the change. Constant memory. The same samples give the same alarms,
/// so a process that starts again asks for them again and finds the same.
package struct PromotionWatch: Sendable {
    /// The most seconds between two samples with which a lane is watched.
    package static let longestSpacing = 60
    /// Seconds that no source has after this long are given up, and of a wider spacing four samples.
    private static let leastPatience = 60
    /// For how many samples after it was raised a quick mean tells how far a signal is; then a slow one
    /// has to agree, because a signal that strays for long crosses every line once.
    private static let quickFor = 60
    /// About how many samples the slow mean has.
    private static let slowSamples = 30.0
    /// About how many seconds are asked for in one go.
    private static let partSeconds = 3_600
    /// How many samples a source has in one answer; a longer question takes it several.
    private static let answerSamples = 120

    /// For how many seconds beyond its time a watch goes on while harm lasts.
    private static let overtime = 86_400
    /// For how many seconds an alarm is a reason to go back before the watch has seen what came after it.
    private static let freshFor = 120
    /// After how many seconds without any answer of the source that is told.
    private static let longestSilence = 30
    /// From how many distances between samples it is known how often the source counts.
    private static let spacingSamples = 9
    /// Seconds by which wall time may move against monotonic time and is not taken for a clock that was set.
    private static let slack = 5
    /// What an alarm is about whose source does not answer at all.
    private static let source = SignalName("source")

    private var courses: [Course]
    /// Seconds between two samples, as far as it was told; a source may keep to fewer.
    package let spacing: Int
    private let sensitivity: Sensitivity
    /// The first second that was not seen, a multiple of ``spacing``.
    package private(set) var next: Int
    private var until: Int
    /// At most one for each signal, the newest of it.
    package private(set) var alarms: [WatchRecord.Alarm]
    /// The second since which each open alarm stands, on the line of time that ``follow(_:)`` keeps: what
    /// is recorded lies in the future of a clock that was set back.
    private var standingSince: [SignalName: Int]
    /// The signals whose open alarm was raised by a watch before this one.
    private var inherited: Set<SignalName>
    /// Seconds for which the source had numbers.
    package private(set) var seen = 0
    /// How many seconds apart samples came; nil until that is known.
    package private(set) var measured: Int?
    /// The first distances between the samples that were seen, and the second of the last.
    private var distances: [Int] = []
    private var lastSeen: Int?
    /// The second since which the source has not answered; nil when it has.
    private var unanswered: Int?
    /// Why the last question has no answer; nil when it has one, or none was asked.
    package private(set) var missed: String?
    /// When it was looked last.
    private var looked: Moment?

    /// A watch as it was when the change settled. That its source did not answer is no second of it, so
    /// it goes on where the record is.
    ///
    /// - Parameter spacing: Seconds between two samples of the source, at least 1; what was learned with
    ///   more of them is watched with as many; of what was learned with fewer only where the signals were
    ///   is of use.
    package init(_ record: WatchRecord, spacing given: Int = 1) {
        let signals = HardLimit.Known.allCases
        let learned = record.history?.spacing ?? 1
        let spacing = max(1, given, learned)
        let past = record.history?.watches ?? []
        let isKnown = past.count == signals.count
        courses = signals.indices.map { place in
            let known: Watch? = isKnown ? past[place] : nil
            let watch = learned == spacing ? known : nil
            return Course(watch ?? Watch(spacing: spacing), origin: known?.usual)
        }
        self.spacing = spacing
        sensitivity = (record.sensitivity ?? .normal).value
        next = ((record.since.milliseconds + 999) / 1000 + spacing - 1) / spacing * spacing
        until = record.until.milliseconds / 1000 / spacing * spacing
        // Nobody else could end them when this watch does not find them again.
        let open = record.alarms.filter { $0.over == nil }
        alarms = open
        standingSince = Dictionary(
            open.map { ($0.signal, $0.at.milliseconds / 1000) }, uniquingKeysWith: { $1 })
        inherited = Set(open.map(\.signal))
        unanswered = open.first { $0.signal == Self.source }.map { $0.at.milliseconds / 1000 }
    }

    /// The second at which it is over: later than planned while harm lasts.
    private var end: Int {
        guard alarms.contains(where: { $0.isHarm && $0.over == nil }) else { return until }
        return (until + Self.overtime) / spacing * spacing
    }

    private var patience: Int { max(Self.leastPatience, 4 * spacing) }

    /// How many seconds apart the source counts, where that is too seldom to watch a lane; nil else.
    package var tooSeldom: Int? {
        let widest = max(spacing, measured ?? 1)
        return widest > Self.longestSpacing ? widest : nil
    }

    /// How many seconds apart the source counts, where that is more than was told and a watch that knows
    /// it can be made; nil else.
    package var wider: Int? {
        guard let measured, measured > spacing, tooSeldom == nil else { return nil }
        return measured
    }

    /// Keeps to the time that really passed when the clock was set: seconds that never were are not missed,
    /// and what is left of the watch does not get longer or shorter. A jump while no process ran is known
    /// only when it was back.
    package mutating func follow(_ now: Moment) {
        let second = now.wall.milliseconds / 1000
        var jump = 0
        if let looked, looked.boot == now.boot {
            let passed = now.elapsed(since: looked)
            jump = Int(((now.wall - looked.wall) - passed).milliseconds) / 1000
        }
        looked = now
        if abs(jump) <= Self.slack { jump = 0 }
        // A source may be asked for the sample that is just over, never for one to come.
        if next + jump > second + spacing { jump = second - next }
        standingSince = standingSince.mapValues { min($0 + jump, second) }
        guard jump != 0 else { return }
        next = (next + jump) / spacing * spacing
        until = (until + jump) / spacing * spacing
        lastSeen = nil
        unanswered = unanswered.map { $0 + jump }
        for place in courses.indices {
            courses[place].raised = courses[place].raised.map { $0 + jump }
        }
    }

    /// The most seconds that are asked for in one go: with the sample before them, which what counts in
    /// steps is compared with, they fill whole answers.
    private var mostSeconds: Int {
        let answers = max(1, (Self.partSeconds / spacing + 1) / Self.answerSamples)
        return (answers * Self.answerSamples - 1) * spacing
    }

    /// The seconds that it has to know next, of whole samples; nil when there are none.
    package func question(now: Timestamp) -> Range<Timestamp>? {
        let known = min(now.milliseconds / 1000, end, next + mostSeconds)
        let last = known / spacing * spacing
        guard next < last else { return nil }
        return Timestamp(milliseconds: next * 1000)..<Timestamp(milliseconds: last * 1000)
    }

    /// Whether its time is over and all of it was seen or given up.
    package func isOver(now: Timestamp) -> Bool {
        let second = now.milliseconds / 1000
        return second >= end && (next >= end || second >= end + patience)
    }

    /// The alarm for which the lane may go back; nil for none. One that was raised long ago, or by another
    /// watch, counts when this one has seen what came after it and the signal still strays.
    package func reasonToGoBack(now: Timestamp) -> WatchRecord.Alarm? {
        let second = now.milliseconds / 1000
        let isCaughtUp = next >= min(second, end) - patience
        let freshFor = max(Self.freshFor, 4 * spacing)
        return alarms.first { alarm in
            guard alarm.takesBack, alarm.over == nil else { return false }
            if let since = standingSince[alarm.signal], second - since < freshFor,
                !inherited.contains(alarm.signal)
            {
                return true
            }
            guard isCaughtUp,
                let place = HardLimit.Known.allCases.firstIndex(where: { $0.name == alarm.signal })
            else { return false }
            // Without an origin nobody can tell whether it strays.
            return courses[place].isMeasured && courses[place].origin != nil
        }
    }

    /// Notes that the source did not answer the last question, which stays open.
    package mutating func miss(_ reason: String, now: Timestamp) {
        let second = now.milliseconds / 1000
        let since = unanswered ?? second
        (unanswered, missed) = (since, reason)
        guard second - since >= Self.longestSilence, let source = Self.source else { return }
        note(
            "the source of its signals has not answered for \(second - since) s: \(reason)",
            source, since, isHarm: false)
    }

    /// The source answers again.
    private mutating func endMiss(now: Timestamp) {
        (unanswered, missed) = (nil, nil)
        if let place = alarms.firstIndex(where: { $0.signal == Self.source && $0.over == nil }) {
            alarms[place].over = now
        }
    }

    /// Learns how often the source counts.
    private mutating func measureSpacing(at second: Int) {
        seen += spacing
        if let lastSeen, distances.count < Self.spacingSamples {
            distances.append(second - lastSeen)
            if distances.count == Self.spacingSamples {
                measured = distances.sorted()[Self.spacingSamples / 2]
            }
        }
        lastSeen = second
    }

    /// Takes what a source said to the last question. What was not asked for is not given up.
    package mutating func observe(_ counters: [SecondCounters], now: Timestamp) {
        endMiss(now: now)
        guard let asked = question(now: now) else { return }
        let found = Dictionary(
            counters.map { ($0.second / spacing, $0) }, uniquingKeysWith: { $1 })
        let newest = counters.map(\.second).max() ?? .min
        let last = max(newest, now.milliseconds / 1000 - 1 - patience)
        let bound = asked.upperBound.milliseconds / 1000
        while next < bound {
            let sample = found[next / spacing]
            guard sample != nil || next + spacing - 1 <= last else { return }
            if sample != nil { measureSpacing(at: next) }
            take(sample, at: next)
            next += spacing
        }
    }

    private mutating func take(_ counters: SecondCounters?, at second: Int) {
        for (place, signal) in HardLimit.Known.allCases.enumerated() {
            let value: Double
            if let counters {
                // A second without a request has neither errors nor latency, and is no silence.
                guard let read = signal.reading(of: counters) else { continue }
                value = read
            } else {
                value = .nan
            }
            let verdict = courses[place].observe(value, at: sensitivity)
            judge(verdict, signal, place, second)
        }
    }

    private mutating func judge(
        _ verdict: Watch.Verdict, _ signal: HardLimit.Known, _ place: Int, _ second: Int
    ) {
        endAlarm(of: signal, courses[place], second)
        switch verdict {
        case .learning: return
        case .calm, .cleared: courses[place].raised = nil
        case .raised(let alarm):
            // Whatever comes after a silence has to be where it was before, too.
            courses[place].raised = second
            if alarm.kind == .silence {
                let words = "\(signal.name) has had no value for \(alarm.age * spacing) s"
                note(words, signal.name, second, isHarm: false)
            }
        case .lasting: break
        }
        guard let origin = courses[place].knownOrigin(), let since = courses[place].raised,
            courses[place].isMeasured
        else { return }
        let course = courses[place]
        let isQuick = second - since < Self.quickFor * spacing
        let present = isQuick ? course.quick : min(course.quick, course.slow)
        if present > signal.tolerated(from: origin, at: sensitivity) {
            note(
                "\(signal.name) rose to \(signal.text(present)) from \(signal.text(origin))",
                signal.name, second, isHarm: true)
            courses[place].raised = nil
        }
    }

    private mutating func note(
        _ evidence: String, _ signal: SignalName, _ second: Int, isHarm: Bool
    ) {
        guard !alarms.contains(where: { $0.signal == signal && $0.over == nil }) else { return }
        alarms.removeAll { $0.signal == signal }
        standingSince[signal] = second
        inherited.remove(signal)
        alarms.append(
            WatchRecord.Alarm(
                signal: signal, at: Timestamp(milliseconds: second * 1000),
                evidence: evidence, isHarm: isHarm))
    }

    /// Notes that a signal is heard again, or has been near where it was for a while.
    private mutating func endAlarm(
        of signal: HardLimit.Known, _ course: Course, _ second: Int
    ) {
        guard course.isMeasured,
            let place = alarms.firstIndex(where: { $0.signal == signal.name && $0.over == nil }),
            let since = standingSince[signal.name], second > since
        else { return }
        if alarms[place].isHarm {
            guard let origin = course.origin, second - since >= Self.quickFor * spacing,
                max(course.quick, course.slow) <= signal.tolerated(from: origin, at: sensitivity)
            else { return }
        }
        alarms[place].over = Timestamp(milliseconds: second * 1000)
    }

    /// How long it takes to learn a signal, where it knows none well enough yet to raise an alarm; nil where
    /// it knows one.
    package var unlearned: Duration? {
        courses.contains(where: \.isLearned) ? nil : .seconds(Watch.warmUp * spacing)
    }

    /// Where each signal is now and was before the change, for people.
    ///
    /// - Parameter alarms: What was found before, by a watch that may have been told more than this one.
    package func standing(
        beside alarms: [WatchRecord.Alarm]
    ) -> [(signal: SignalName, words: String)] {
        HardLimit.Known.allCases.enumerated().map { place, signal in
            guard let origin = courses[place].origin else {
                let strays = alarms.contains { $0.signal == signal.name && $0.over == nil }
                return (
                    signal.name,
                    strays ? "strays; its source does not tell now from where" : "still learned"
                )
            }
            let now = signal.text(courses[place].quick)
            return (signal.name, "\(now), before the change \(signal.text(origin))")
        }
    }

    /// One signal since the change.
    private struct Course {
        private var watch: Watch
        /// Where it was before the change; nil until that is known.
        private(set) var origin: Double?
        /// The second since which it strays and is not far enough yet.
        var raised: Int?
        /// The mean over about ``slowSamples``.
        private(set) var slow: Double
        /// Whether the last sample had a value.
        private(set) var isMeasured = false

        init(_ watch: Watch, origin: Double?) {
            self.watch = watch
            self.origin = origin
            slow = watch.present
        }

        /// Whether it can be told when it leaves its usual course.
        var isLearned: Bool { watch.usual != nil }

        /// The mean of about the last ten samples.
        var quick: Double { watch.present }

        mutating func observe(_ value: Double, at sensitivity: Sensitivity) -> Watch.Verdict {
            isMeasured = value.isFinite
            if isMeasured { slow += (value - slow) / PromotionWatch.slowSamples }
            return watch.observe(value, at: sensitivity)
        }

        /// Where it was before the change; what nobody measured then is learned by now, or nil.
        mutating func knownOrigin() -> Double? {
            origin = origin ?? watch.usual
            return origin
        }
    }
}
