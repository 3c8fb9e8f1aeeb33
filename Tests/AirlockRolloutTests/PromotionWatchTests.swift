import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Foundation
import Testing

@Suite("a lane that is watched after a change settled")
struct PromotionWatchTests {
    /// Seconds of a service with 100 requests a second and this much of everything else.
    static func counters(
        _ seconds: some Sequence<Int>, errors: Double = 0.005, latency: Double = 100,
        cpu: Double = 40,
        memory: (Int) -> Double = { _ in 160 }
    ) -> [SecondCounters] {
        seconds.map { second in
            var random = SplitMix(seed: UInt64(second) &+ 77)
            func noise() -> Double { Double.random(in: 0.95..<1.05, using: &random) }
            let bad = (0..<100).count { _ in Double.random(in: 0..<1, using: &random) < errors }
            return SecondCounters(
                second: second, requests: 100, errors: bad,
                latencyP99Microseconds: Int(latency * 1000 * noise()),
                cpuBasisPoints: Int(cpu * 100 * noise()),
                memoryBytes: Int(memory(second) * 1_048_576 * (0.99 + noise() / 100)))
        }
    }

    static func record(
        history: WatchHistory?, since: Int = 10_000, lasting: Int = 1_800,
        sensitivity: WatchPlan.Sensitivity? = nil
    ) -> WatchRecord {
        WatchRecord(
            change: Stage.change(.replace, strategy: .canary(CanaryPlan())), operation: 1,
            since: Timestamp(milliseconds: since * 1000),
            until: Timestamp(milliseconds: (since + lasting) * 1000), onAlarm: .rollback,
            sensitivity: sensitivity, history: history)
    }

    /// The seconds that a server has numbers of that scrapes every 15 s.
    static func scraped(_ seconds: Range<Int>) -> [Int] {
        seconds.filter { $0 % 15 == 14 }
    }

    static let learned = WatchHistory(Self.counters(6_000..<9_600))

    /// What a watch that learned an hour says of what follows.
    private func alarms(
        _ counters: [SecondCounters], history: WatchHistory? = Self.learned
    ) -> [WatchRecord.Alarm] {
        var watch = PromotionWatch(Self.record(history: history))
        for part in stride(from: 0, to: counters.count, by: 5) {
            let some = Array(counters[part..<min(part + 5, counters.count)])
            watch.observe(some, now: Timestamp(milliseconds: ((some.last?.second ?? 0) + 1) * 1000))
        }
        return watch.alarms
    }

    @Test("a release like the one before raises nothing, and a little more of all neither")
    func calm() throws {
        #expect(try #require(Self.learned).seconds == 3_600)
        #expect(alarms(Self.counters(10_000..<11_800)).isEmpty)
        #expect(
            alarms(
                Self.counters(
                    10_000..<11_800, latency: 112, cpu: 45, memory: { _ in 180 })
            ).isEmpty)
    }

    @Test("errors, latency, CPU and memory are told within a minute of going wrong")
    func found() throws {
        let wrong: [(HardLimit.Known, [SecondCounters])] = [
            (.errorRate, Self.counters(10_100..<10_160, errors: 0.05)),
            (.latencyP99, Self.counters(10_100..<10_160, latency: 200)),
            (.cpu, Self.counters(10_100..<10_160, cpu: 65)),
            (.memory, Self.counters(10_100..<10_160, memory: { _ in 240 })),
        ]
        for (signal, seconds) in wrong {
            let found = alarms(Self.counters(10_000..<10_100) + seconds)
            #expect(found.map(\.signal) == [signal.name], "\(signal): \(found)")
            #expect(found.first?.isHarm == true)
            #expect(found.first?.evidence.contains(" rose to ") == true)
        }
    }

    @Test("a leak is told when it is a quarter above what the lane had before the change")
    func leak() throws {
        let leaking = Self.counters(
            10_000..<11_800, memory: { 160 * (1 + 0.03 * Double($0 - 10_000) / 60) })
        let found = alarms(leaking)
        #expect(found.map(\.signal) == [HardLimit.Known.memory.name])
        let minutes = ((found.first?.at.milliseconds ?? 0) - 10_000_000) / 60_000
        #expect((8...12).contains(minutes), "at 3% a minute a quarter is 8.3 minutes: \(minutes)")
    }

    @Test("without a past the usual is learned from the first ten minutes")
    func fresh() {
        let good = Self.counters(10_000..<10_800)
        #expect(alarms(good + Self.counters(10_800..<10_900), history: nil).isEmpty)
        #expect(
            alarms(good + Self.counters(10_800..<10_900, latency: 300), history: nil).map(\.signal)
                == [HardLimit.Known.latencyP99.name])
    }

    @Test("a source that falls silent is told and is no harm; no requests are no silence")
    func silence() {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        watch.observe(Self.counters(10_000..<10_060), now: Timestamp(milliseconds: 10_060_000))
        watch.observe([], now: Timestamp(milliseconds: 10_240_000))
        #expect(watch.alarms.count == 4 && watch.alarms.allSatisfy { !$0.isHarm })
        let idle = (10_000..<10_300).map { second in
            SecondCounters(
                second: second, requests: 0, errors: 0, latencyP99Microseconds: nil,
                cpuBasisPoints: 4_000, memoryBytes: 160 << 20)
        }
        #expect(alarms(idle).isEmpty)
    }

    @Test("a watch that starts again finds the same, and its past is read back as it was written")
    func restarts() throws {
        let history = try #require(Self.learned)
        let text = try JSONEncoder().encode(history)
        #expect(text.count < 8_192, "\(text.count) bytes")
        let read = try JSONDecoder().decode(WatchHistory.self, from: text)
        #expect(read == history)
        let wrong = Self.counters(10_000..<10_100) + Self.counters(10_100..<10_200, errors: 0.05)
        #expect(alarms(wrong) == alarms(wrong, history: read) && !alarms(wrong).isEmpty)
        // All in one go, as after a restart.
        var watch = PromotionWatch(Self.record(history: read))
        watch.observe(wrong, now: Timestamp(milliseconds: 10_200_000))
        #expect(watch.alarms == alarms(wrong))
    }

    @Test("it asks for what it has not seen, and is over when its time is")
    func questions() {
        var watch = PromotionWatch(Self.record(history: nil))
        func asked(_ second: Int) -> Range<Int>? {
            watch.question(now: Timestamp(milliseconds: second * 1000)).map {
                $0.lowerBound.milliseconds / 1000..<$0.upperBound.milliseconds / 1000
            }
        }
        #expect(asked(10_000) == nil && asked(10_005) == 10_000..<10_005)
        #expect(asked(99_000) == 10_000..<11_800)
        #expect(!watch.isOver(now: Timestamp(milliseconds: 11_800_000)))
        #expect(watch.isOver(now: Timestamp(milliseconds: 11_860_000)))
        watch.observe(Self.counters(10_000..<11_800), now: Timestamp(milliseconds: 11_800_000))
        #expect(watch.isOver(now: Timestamp(milliseconds: 11_800_000)) && asked(12_000) == nil)
    }

    @Test(
        "a clock that was set neither blinds a watch nor ends it nor makes it longer",
        arguments: [-3_600, 3_600])
    func clockSet(jump: Int) throws {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        for second in stride(from: 10_005, through: 10_600, by: 5) {
            let wall = second < 10_300 ? second : second + jump
            watch.follow(
                Moment(
                    wall: Timestamp(milliseconds: wall * 1000),
                    monotonicMilliseconds: second * 1000, boot: BootID("one")))
            let seen = wall - 5..<wall
            let errors = second > 10_400 ? 0.05 : 0.005
            watch.observe(
                Self.counters(seen, errors: errors), now: Timestamp(milliseconds: wall * 1000))
        }
        #expect(watch.seen == 600)
        let alarm = try #require(watch.alarms.first)
        #expect(watch.alarms.count == 1 && alarm.isHarm, "\(watch.alarms)")
        let at = alarm.at.milliseconds / 1000 - jump
        #expect((10_400..<10_430).contains(at), "\(at)")
        // Its half hour is that of the process, and goes on while harm lasts.
        let left = watch.question(now: Timestamp(milliseconds: (11_000 + jump) * 1000))
        #expect(left?.lowerBound.milliseconds == (10_600 + jump) * 1000)
    }

    @Test("a watch whose clock was set back while no process ran begins again where it is now")
    func clockBack() {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        let now = Timestamp(milliseconds: 5_000_000)
        #expect(watch.question(now: now) == nil)
        watch.follow(Moment(wall: now, monotonicMilliseconds: 7, boot: BootID("two")))
        let later = Timestamp(milliseconds: 5_010_000)
        watch.observe(Self.counters(5_000..<5_010), now: later)
        #expect(watch.seen == 10)
        #expect(!watch.isOver(now: Timestamp(milliseconds: 6_700_000)))
        #expect(watch.isOver(now: Timestamp(milliseconds: 6_900_000)))
    }

    @Test("an alarm is over when the signal is back, and may come again")
    func over() {
        let back = Self.counters(10_000..<10_060, errors: 0.05) + Self.counters(10_060..<10_400)
        let ended = alarms(back)
        #expect(ended.count == 1 && (ended.first?.over?.milliseconds ?? 0) > 10_060_000)
        let again = alarms(
            back + Self.counters(10_400..<11_200) + Self.counters(11_200..<11_300, errors: 0.05))
        #expect(again.count == 1 && again.first?.over == nil)
        #expect((again.first?.at.milliseconds ?? 0) >= 11_200_000)
    }

    @Test("a watch goes on while harm lasts, and what comes after a silence counts")
    func lasting() {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        watch.observe(
            Self.counters(10_000..<10_300) + Self.counters(10_400..<11_800, errors: 0.2),
            now: Timestamp(milliseconds: 11_800_000))
        let harm = watch.alarms.filter(\.isHarm)
        #expect(harm.map(\.signal) == [HardLimit.Known.errorRate.name])
        #expect(!watch.isOver(now: Timestamp(milliseconds: 11_900_000)))
        #expect(watch.question(now: Timestamp(milliseconds: 11_900_000)) != nil)
    }

    @Test("errors and latency are reasons to go back, CPU and memory are not")
    func reasons() {
        let wrong: [(HardLimit.Known, [SecondCounters])] = [
            (.errorRate, Self.counters(10_100..<10_160, errors: 0.05)),
            (.latencyP99, Self.counters(10_100..<10_160, latency: 200)),
            (.cpu, Self.counters(10_100..<10_160, cpu: 65)),
            (.memory, Self.counters(10_100..<10_160, memory: { _ in 240 })),
        ]
        let now = Timestamp(milliseconds: 10_160_000)
        for (signal, seconds) in wrong {
            var watch = PromotionWatch(Self.record(history: Self.learned))
            watch.observe(Self.counters(10_000..<10_100) + seconds, now: now)
            let isMet = signal == .errorRate || signal == .latencyP99
            #expect(watch.reasonToGoBack(now: now)?.signal == (isMet ? signal.name : nil))
        }
    }

    @Test("an alarm of long ago is a reason when what came after it is seen and strays still")
    func stale() {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        let wrong = Self.counters(10_000..<10_100) + Self.counters(10_100..<10_200, errors: 0.05)
        watch.observe(wrong, now: Timestamp(milliseconds: 10_200_000))
        let late = Timestamp(milliseconds: 11_000_000)
        #expect(watch.reasonToGoBack(now: Timestamp(milliseconds: 10_201_000)) != nil)
        #expect(watch.reasonToGoBack(now: late) == nil, "nothing after it was seen")
        var lasting = watch
        lasting.observe(Self.counters(10_200..<11_000, errors: 0.05), now: late)
        #expect(lasting.reasonToGoBack(now: late) != nil)
        watch.observe(Self.counters(10_200..<11_000), now: late)
        #expect(watch.reasonToGoBack(now: late) == nil, "it is back")
    }

    @Test("what was not asked for is not given up")
    func bounded() {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        watch.observe(
            Self.counters(10_000..<11_700) + Self.counters(11_700..<11_800, errors: 0.2),
            now: Timestamp(milliseconds: 12_500_000))
        #expect(watch.alarms.contains { $0.isHarm })
        #expect(watch.next == 11_800, "the watch goes on with seconds that nobody asked for yet")
    }

    @Test("a source that does not answer is told after 30 s with its reason, and asked again")
    func deaf() throws {
        var watch = PromotionWatch(Self.record(history: Self.learned))
        for second in stride(from: 10_001, through: 10_100, by: 5) {
            watch.miss("no answer: down", now: Timestamp(milliseconds: second * 1000))
        }
        #expect(watch.alarms.count == 1 && watch.next == 10_000 && watch.seen == 0)
        let alarm = try #require(watch.alarms.first)
        #expect(!alarm.isHarm && alarm.evidence.contains("no answer: down"), "\(alarm)")
        var record = Self.record(history: Self.learned)
        _ = record.take(watch.alarms)
        var again = PromotionWatch(record)
        again.observe(Self.counters(10_000..<10_110), now: Timestamp(milliseconds: 10_110_000))
        #expect(again.alarms.count == 1 && again.alarms.first?.over != nil && again.seen == 110)
    }

    @Test("how often a source counts is learned, and one that counts too seldom watches nothing")
    func spacing() throws {
        #expect(WatchHistory(Self.counters(6_000..<6_500)) == nil, "too little to know")
        #expect(WatchHistory(Self.counters(Self.scraped(6_000..<9_600))) == nil, "240 samples")
        let even = try #require(WatchHistory(Self.counters(stride(from: 6_000, to: 9_600, by: 2))))
        #expect(even.spacing == 2 && even.seconds == 3_600)
        func measured(every spacing: Int) -> PromotionWatch {
            var watch = PromotionWatch(Self.record(history: nil))
            watch.observe(
                Self.counters(stride(from: 10_000, to: 11_000, by: spacing)),
                now: Timestamp(milliseconds: 11_000_000))
            return watch
        }
        #expect(measured(every: 1).wider == nil && measured(every: 1).tooSeldom == nil)
        #expect(measured(every: 15).wider == 15 && measured(every: 15).tooSeldom == nil)
        let rare = measured(every: 75)
        #expect(rare.wider == nil && rare.tooSeldom == 75 && rare.alarms.isEmpty)
        #expect(PromotionWatch(Self.record(history: even)).spacing == 2)
        #expect(PromotionWatch(Self.record(history: Self.learned), spacing: 15).spacing == 15)
    }

    @Test("a source that counts every 15 s is asked for whole steps, and harm is found in four")
    func scrapes() throws {
        let before = Self.counters(Self.scraped(81_990..<99_990))
        let history = try #require(WatchHistory(before))
        #expect(history.spacing == 15 && history.seconds == 18_000)
        let read = try JSONDecoder().decode(
            WatchHistory.self, from: try JSONEncoder().encode(history))
        #expect(read == history)
        var watch = PromotionWatch(Self.record(history: read, since: 99_990), spacing: 15)
        for now in stride(from: 99_992, through: 100_320, by: 5) {
            let time = Timestamp(milliseconds: now * 1000)
            guard let asked = watch.question(now: time) else { continue }
            let seconds =
                asked.lowerBound.milliseconds / 1000..<asked.upperBound.milliseconds / 1000
            #expect(seconds.lowerBound % 15 == 0 && seconds.count % 15 == 0)
            // It takes two seconds until a scrape can be had.
            let had = Self.scraped(seconds).filter { $0 < now - 2 }
            watch.observe(
                Self.counters(had.filter { $0 < 100_200 })
                    + Self.counters(had.filter { $0 >= 100_200 }, latency: 200), now: time)
        }
        #expect(watch.seen == 315 && watch.tooSeldom == nil && watch.wider == nil)
        let alarm = try #require(watch.alarms.first)
        #expect(watch.alarms.count == 1 && alarm.signal == HardLimit.Known.latencyP99.name)
        #expect((100_200...100_245).contains(alarm.at.milliseconds / 1000), "\(alarm)")
    }

    @Test("of a source that counts every 15 s thirty samples without a number are a silence")
    func seldomSilence() throws {
        let history = try #require(WatchHistory(Self.counters(Self.scraped(81_990..<99_990))))
        func told(after seconds: Int) -> Int {
            var watch = PromotionWatch(Self.record(history: history, since: 99_990), spacing: 15)
            let heard = Self.counters(Self.scraped(99_990..<100_050))
            watch.observe(heard, now: Timestamp(milliseconds: 100_050_000))
            watch.observe([], now: Timestamp(milliseconds: (100_050 + seconds) * 1000))
            return watch.alarms.count { !$0.isHarm }
        }
        #expect(told(after: 450) == 0)
        #expect(told(after: 525) == 4)
    }

    @Test("a watch that is over before anything was learned says so, and contradicts no alarm")
    func unlearned() throws {
        func watched(_ history: WatchHistory?, until end: Int) -> PromotionWatch {
            var watch = PromotionWatch(Self.record(history: history))
            watch.observe(
                Self.counters(10_000..<end), now: Timestamp(milliseconds: end * 1000))
            return watch
        }
        let young = watched(nil, until: 10_300)
        #expect(young.unlearned == .seconds(600) && young.seen == 300)
        #expect(watched(nil, until: 10_900).unlearned == nil)
        #expect(watched(Self.learned, until: 10_001).unlearned == nil)
        let signal = HardLimit.Known.errorRate.name
        let alarm = WatchRecord.Alarm(
            signal: signal, at: Timestamp(milliseconds: 10_100_000), evidence: "it rose",
            isHarm: true)
        func words(_ alarms: [WatchRecord.Alarm]) -> String? {
            young.standing(beside: alarms).first { $0.signal == signal }?.words
        }
        #expect(words([]) == "still learned" && words([alarm])?.hasPrefix("strays") == true)
    }

    @Test("a more sensitive watch is content with less, and `normal` is what it was without a word")
    func sensitivity() {
        func alarms(_ sensitivity: WatchPlan.Sensitivity?, latency: Double) -> Int {
            var watch = PromotionWatch(
                Self.record(history: Self.learned, sensitivity: sensitivity))
            watch.observe(
                Self.counters(10_000..<10_100) + Self.counters(10_100..<10_200, latency: latency),
                now: Timestamp(milliseconds: 10_200_000))
            return watch.alarms.count { $0.signal == HardLimit.Known.latencyP99.name }
        }
        #expect(alarms(.high, latency: 121) == 1 && alarms(.normal, latency: 121) == 0)
        #expect(alarms(.normal, latency: 131) == 1 && alarms(.low, latency: 131) == 0)
        #expect(alarms(nil, latency: 131) == 1 && alarms(nil, latency: 121) == 0)
        #expect(alarms(.low, latency: 200) == 1)
    }

    @Test(
        "a record from before there was a sensitivity or a spacing is read, and written as it was")
    func old() throws {
        let record = Self.record(history: Self.learned)
        let text = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
        #expect(!text.contains("sensitivity"))
        #expect(try JSONDecoder().decode(WatchRecord.self, from: Data(text.utf8)) == record)
        let history = String(decoding: try JSONEncoder().encode(Self.learned), as: UTF8.self)
        #expect(!history.contains("every") && !history.contains("pace"))
    }
}
