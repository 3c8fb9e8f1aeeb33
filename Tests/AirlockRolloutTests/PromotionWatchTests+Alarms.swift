import AirlockAnalysis
import AirlockModel
import AirlockRollout
import Testing

/// Alarms that a watch did not raise under the clock and with the spacing that it has now.
extension PromotionWatchTests {
    @Test("a clock that is set back while an alarm stands makes it neither younger nor longer")
    func clockSetWhileAlarmed() {
        /// The clock is set back by an hour after 10,200 seconds.
        func moment(_ second: Int) -> Moment {
            let wall = second < 10_200 ? second : second - 3_600
            return Moment(
                wall: Timestamp(milliseconds: wall * 1000), monotonicMilliseconds: second * 1000,
                boot: BootID("one"))
        }
        var watch = PromotionWatch(Self.record(history: Self.learned))
        func look(_ seconds: Range<Int>, errors: Double) {
            for second in stride(from: seconds.lowerBound, to: seconds.upperBound, by: 5) {
                let now = moment(second)
                let end = now.wall.milliseconds / 1000
                watch.follow(now)
                watch.observe(Self.counters(end - 5..<end, errors: errors), now: now.wall)
            }
        }
        look(10_005..<10_105, errors: 0.005)
        look(10_105..<10_200, errors: 0.05)
        #expect(watch.alarms.count == 1 && watch.alarms.first?.takesBack == true)
        var silent = watch
        silent.follow(moment(10_200))
        #expect(silent.reasonToGoBack(now: moment(10_200).wall) != nil, "it is fresh still")
        silent.follow(moment(10_500))
        #expect(silent.reasonToGoBack(now: moment(10_500).wall) == nil, "nothing after it was seen")
        look(10_200..<10_600, errors: 0.005)
        #expect(watch.alarms.count == 1 && watch.alarms.first?.over != nil)
        #expect(watch.reasonToGoBack(now: moment(10_595).wall) == nil)
    }

    /// A record of what was watched every 15 s when an alarm was raised.
    private static func alarmed(_ history: WatchHistory?) -> WatchRecord {
        var record = Self.record(history: history, since: 99_990)
        _ = record.take([
            WatchRecord.Alarm(
                signal: HardLimit.Known.errorRate.name,
                at: Timestamp(milliseconds: 100_200_000), evidence: "it rose", isHarm: true)
        ])
        return record
    }

    /// Shows a watch what a server has that scrapes every 30 s.
    private static func show(
        _ watch: inout PromotionWatch, _ seconds: Range<Int>, errors: Double
    ) -> Timestamp {
        let now = Timestamp(milliseconds: seconds.upperBound * 1000)
        let had = Self.counters(seconds.filter { $0 % 30 == 29 }, errors: errors)
        while watch.question(now: now) != nil {
            let next = watch.next
            watch.observe(had, now: now)
            guard watch.next > next else { break }
        }
        return now
    }

    @Test("an alarm of a watch with another spacing stands until the signal is back")
    func inherited() throws {
        let history = try #require(WatchHistory(Self.counters(Self.scraped(81_990..<99_990))))
        var record = Self.alarmed(history)
        var watch = PromotionWatch(record, spacing: 30)
        #expect(watch.alarms == record.alarms && watch.spacing == 30)
        #expect(
            watch.reasonToGoBack(now: Timestamp(milliseconds: 100_210_000)) == nil,
            "this watch saw nothing yet")
        let bad = Self.show(&watch, 99_990..<100_500, errors: 0.05)
        #expect(watch.alarms == record.alarms)
        #expect(watch.reasonToGoBack(now: bad) == record.alarms.first)
        let good = Self.show(&watch, 100_500..<108_000, errors: 0.005)
        #expect(watch.reasonToGoBack(now: good) == nil)
        _ = record.take(watch.alarms)
        #expect(record.alarms.count == 1 && record.alarms.first?.over != nil)
    }

    @Test("without knowing where a signal was, nothing goes back for an alarm of another watch")
    func inheritedBlindly() {
        let record = Self.alarmed(nil)
        var watch = PromotionWatch(record, spacing: 30)
        let now = Self.show(&watch, 99_990..<100_500, errors: 0.05)
        #expect(watch.alarms == record.alarms && watch.seen > 0)
        #expect(watch.reasonToGoBack(now: now) == nil)
    }

    @Test("an alarm that is over is no news when a watch that begins again finds it standing first")
    func overStaysOver() {
        var record = Self.alarmed(nil)
        let standing = record.alarms
        var over = standing
        over[0].over = Timestamp(milliseconds: 100_400_000)
        let ended = record.take(over)
        let again = record.take(standing)
        #expect(ended == over && again.isEmpty && record.alarms == over)
    }

    @Test(
        "with the sample before it a question fills whole answers of 120 samples",
        arguments: [1, 2, 15, 30, 60])
    func wholeAnswers(spacing: Int) throws {
        let record = Self.record(history: nil, since: 12_000, lasting: 604_800)
        let watch = PromotionWatch(record, spacing: spacing)
        let asked = try #require(watch.question(now: Timestamp(milliseconds: 200_000_000)))
        let samples = (asked.upperBound - asked.lowerBound).milliseconds / 1000 / spacing
        #expect((samples + 1) % 120 == 0 && samples * spacing <= 7_200, "\(samples)")
    }
}
