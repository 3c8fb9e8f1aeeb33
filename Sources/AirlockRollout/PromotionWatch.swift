package import AirlockAnalysis
package import AirlockModel

/// Watches what a lane serves after a change settled, second by second, against what it learned before.
///
/// A release may need a little more than the one before; what counts is what leaves the usual course and
/// is far from where it was before the change. Constant memory. The same seconds give the same alarms,
/// so a process that starts again asks for them again and finds the same.
package struct PromotionWatch: Sendable {
    /// Seconds that no source has after this long are given up.
    private static let patience = 60
    /// For how many seconds after it was raised a quick mean tells how far a signal is; then a slow one
    /// has to agree, because a signal that strays for long crosses every line once.
    private static let quickFor = 60
    /// About how many samples the slow mean has.
    private static let slowSamples = 30.0
    /// The most seconds that are asked for in one go.
    private static let mostSeconds = 3_600

    /// For how many seconds beyond its time a watch goes on while harm lasts.
    private static let overtime = 86_400
    /// For how many seconds an alarm is a reason to go back before the watch has seen what came after it.
    private static let freshFor = 120
    /// After how many seconds without any answer of the source that is told.
    private static let longestSilence = 30
    /// From how many distances between samples it is known how often the source counts.
    private static let spacingSamples = 9
    /// What an alarm is about whose source does not answer at all.
    private static let source = SignalName("source")

    private var courses: [Course]
    /// The first second that was not seen.
    package private(set) var next: Int
    private let until: Int
    /// At most one for each signal, the newest of it.
    package private(set) var alarms: [WatchRecord.Alarm]
    /// Seconds for which the source had numbers.
    package private(set) var seen = 0
    /// How many seconds apart the source counts, where that is too seldom to watch a lane; nil else.
    package private(set) var spacing: Int?
    /// The first distances between the seconds that were seen, and the last of those.
    private var distances: [Int] = []
    private var lastSeen: Int?
    /// The second since which the source has not answered; nil when it has.
    private var unanswered: Int?

    /// A watch as it was when the change settled. That its source did not answer is no second of it, so
    /// it goes on where the record is.
    package init(_ record: WatchRecord) {
        let signals = HardLimit.Known.allCases
        let known = record.history?.watches ?? []
        courses = (known.count == signals.count ? known : signals.map { _ in Watch() })
            .map(Course.init)
        next = (record.since.milliseconds + 999) / 1000
        until = record.until.milliseconds / 1000
        alarms = record.alarms.filter { $0.signal == Self.source && $0.over == nil }
        unanswered = alarms.first.map { $0.at.milliseconds / 1000 }
    }

    /// The second at which it is over: later than planned while harm lasts.
    private var end: Int {
        alarms.contains { $0.isHarm && $0.over == nil } ? until + Self.overtime : until
    }

    /// The seconds that it has to know next; nil when there are none.
    package func question(now: Timestamp) -> Range<Timestamp>? {
        let last = min(now.milliseconds / 1000, end, next + Self.mostSeconds)
        guard next < last else { return nil }
        return Timestamp(milliseconds: next * 1000)..<Timestamp(milliseconds: last * 1000)
    }

    /// Whether its time is over and all of it was seen or given up.
    package func isOver(now: Timestamp) -> Bool {
        let second = now.milliseconds / 1000
        return second >= end && (next >= end || second >= end + Self.patience)
    }

    /// The alarm for which the lane may go back; nil for none. One that was raised long ago counts when
    /// the watch has seen what came after it and the signal still strays.
    package func reasonToGoBack(now: Timestamp) -> WatchRecord.Alarm? {
        let second = now.milliseconds / 1000
        let isCaughtUp = next >= min(second, end) - Self.patience
        return alarms.first { alarm in
            guard alarm.takesBack, alarm.over == nil else { return false }
            if second - alarm.at.milliseconds / 1000 < Self.freshFor { return true }
            let place = HardLimit.Known.allCases.firstIndex { $0.name == alarm.signal }
            return isCaughtUp && place.map { courses[$0].isMeasured } == true
        }
    }

    /// Notes that the source did not answer the last question, which stays open.
    package mutating func miss(_ reason: String, now: Timestamp) {
        let second = now.milliseconds / 1000
        let since = unanswered ?? second
        unanswered = since
        guard second - since >= Self.longestSilence, let source = Self.source else { return }
        note(
            "the source of its signals has not answered for \(second - since) s: \(reason)",
            source, since, isHarm: false)
    }

    /// The source answers again.
    private mutating func endMiss(now: Timestamp) {
        unanswered = nil
        if let place = alarms.firstIndex(where: { $0.signal == Self.source && $0.over == nil }) {
            alarms[place].over = now
        }
    }

    /// Learns how often the source counts, and notes when that is less than once a second.
    private mutating func measureSpacing(at second: Int) {
        seen += 1
        if let lastSeen, distances.count < Self.spacingSamples {
            distances.append(second - lastSeen)
            if distances.count == Self.spacingSamples {
                let median = distances.sorted()[Self.spacingSamples / 2]
                spacing = median > 1 ? median : nil
            }
        }
        lastSeen = second
    }

    /// Takes what a source said to the last question. What was not asked for is not given up.
    package mutating func observe(_ counters: [SecondCounters], now: Timestamp) {
        endMiss(now: now)
        guard let asked = question(now: now) else { return }
        let found = Dictionary(counters.map { ($0.second, $0) }, uniquingKeysWith: { $1 })
        let newest = found.keys.max() ?? .min
        let last = max(newest, now.milliseconds / 1000 - 1 - Self.patience)
        let bound = asked.upperBound.milliseconds / 1000
        while next <= last, next < bound {
            if found[next] != nil { measureSpacing(at: next) }
            take(found[next], at: next)
            next += 1
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
            judge(courses[place].observe(value), signal, place, second)
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
                let words = "\(signal.name) has had no value for \(alarm.age) s"
                note(words, signal.name, second, isHarm: false)
            }
        case .lasting: break
        }
        guard let origin = courses[place].knownOrigin(), let since = courses[place].raised,
            courses[place].isMeasured
        else { return }
        let course = courses[place]
        let present = second - since < Self.quickFor ? course.quick : min(course.quick, course.slow)
        if present > signal.tolerated(from: origin) {
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
            let place = alarms.firstIndex(where: { $0.signal == signal.name && $0.over == nil })
        else { return }
        if alarms[place].isHarm {
            guard let origin = course.origin,
                second - alarms[place].at.milliseconds / 1000 >= Self.quickFor,
                max(course.quick, course.slow) <= signal.tolerated(from: origin)
            else { return }
        }
        alarms[place].over = Timestamp(milliseconds: second * 1000)
    }

    /// Where each signal is now and was before the change, for people.
    package var standing: [(signal: SignalName, words: String)] {
        HardLimit.Known.allCases.enumerated().map { place, signal in
            guard let origin = courses[place].origin else { return (signal.name, "still learned") }
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
        /// Whether the last second had a value.
        private(set) var isMeasured = false

        init(_ watch: Watch) {
            self.watch = watch
            origin = watch.usual
            slow = watch.present
        }

        /// The mean of about the last ten samples.
        var quick: Double { watch.present }

        mutating func observe(_ value: Double) -> Watch.Verdict {
            isMeasured = value.isFinite
            if isMeasured { slow += (value - slow) / PromotionWatch.slowSamples }
            return watch.observe(value)
        }

        /// Where it was before the change; what nobody measured then is learned by now, or nil.
        mutating func knownOrigin() -> Double? {
            origin = origin ?? watch.usual
            return origin
        }
    }
}

extension WatchHistory {
    /// Learns from what the slot that serves did; nil of too little to know anything, and of a source that
    /// counts less often than once a second.
    package init?(_ counters: [SecondCounters]) {
        let distances = zip(counters, counters.dropFirst()).map { $1.second - $0.second }.sorted()
        guard counters.count >= Watch.warmUp, distances[distances.count / 2] == 1 else {
            return nil
        }
        var watches = HardLimit.Known.allCases.map { _ in Watch() }
        for second in counters {
            for (place, signal) in HardLimit.Known.allCases.enumerated() {
                if let value = signal.reading(of: second) { _ = watches[place].observe(value) }
            }
        }
        guard watches.contains(where: { $0.usual != nil }) else { return nil }
        // Half of a usual course would be learned on from what the change brought.
        self.init(
            seconds: counters.count, watches: watches.map { $0.usual == nil ? Watch() : $0.settled }
        )
    }
}

extension HardLimit.Known {
    /// The value of one second; nil where that second has none.
    fileprivate func reading(of counters: SecondCounters) -> Double? {
        switch self {
        case .errorRate:
            counters.requests > 0 ? Double(counters.errors) / Double(counters.requests) : nil
        case .latencyP99: counters.latencyP99Microseconds.map { Double($0) / 1_000_000 }
        case .cpu: counters.cpuBasisPoints.map { Double($0) / 10_000 }
        case .memory: counters.memoryBytes.map(Double.init)
        }
    }

    /// What a release may have where the one before had `usual`: a quarter more, and of errors half.
    fileprivate func tolerated(from usual: Double) -> Double {
        switch self {
        case .errorRate: max(usual * 1.5, usual + 0.002)
        case .latencyP99: max(usual * 1.25, usual + 0.005)
        case .cpu: max(usual * 1.25, usual + 0.02)
        case .memory: max(usual * 1.25, usual + 1_048_576)
        }
    }

    /// A value as people read it.
    fileprivate func text(_ value: Double) -> String {
        guard value.isFinite else { return "unknown" }
        func digits(_ number: Double) -> String {
            let rounded = abs(number) >= 100 ? number.rounded() : (number * 100).rounded() / 100
            return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
        }
        return switch self {
        case .errorRate, .cpu: digits(value * 100) + "%"
        case .latencyP99: digits(value * 1000) + " ms"
        case .memory: digits(value / 1_048_576) + " MiB"
        }
    }
}
