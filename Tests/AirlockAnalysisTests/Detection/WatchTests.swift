import AirlockAnalysis
import Testing

struct WatchTests {
    @Test("a fault is found in time and a healthy hour is quiet", arguments: WatchSignal.allCases)
    func trial(signal: WatchSignal) {
        let trial = WatchTrial(signal, seeds: 0..<15, healthyLength: 3_600)
        #expect(trial.medianDelay <= signal.target)
        #expect(trial.falseAlarms.reduce(0, +) <= 1)
    }

    @Test(
        "a source that is scraped every 15 s finds the same within minutes, without a false alarm",
        arguments: WatchSignal.allCases)
    func seldom(signal: WatchSignal) {
        let trial = WatchTrial(signal, seeds: 0..<15, spacing: 15)
        #expect(trial.medianDelay <= (signal == .memory ? 180 : 90))
        #expect(trial.falseAlarms.reduce(0, +) == 0)
    }

    @Test("the more sensitive, the sooner it speaks; in the middle it is as without a word")
    func sensitivity() {
        func delay(_ sensitivity: Sensitivity) -> Int {
            WatchTrial(.latency, seeds: 0..<15, healthyLength: 600, sensitivity: sensitivity)
                .medianDelay
        }
        #expect(Sensitivity.standard.reach == 1)
        #expect(delay(.higher) < delay(.standard) && delay(.standard) < delay(.lower))
    }

    @Test("nothing is said before there is enough to judge by")
    func warmUp() {
        var watch = Watch()
        for number in 0..<Watch.warmUp {
            #expect(watch.observe(number == 400 ? 1_000 : noise(number)) == .learning)
        }
        #expect(watch.observe(noise(1)) == .calm)
    }

    @Test("an alarm says what the signal did, lasts while it does and is cleared when it is back")
    func story() throws {
        var watch = warm(Watch())
        var verdicts: [Watch.Verdict] = []
        for number in 0..<60 { verdicts.append(watch.observe(2 * noise(number))) }
        for number in 0..<120 { verdicts.append(watch.observe(noise(number))) }
        let raised = verdicts.compactMap { verdict -> WatchAlarm? in
            if case .raised(let alarm) = verdict { alarm } else { nil }
        }
        let alarm = try #require(raised.first)
        #expect(raised.count == 1)
        #expect(alarm.kind == .rise)
        #expect(alarm.cause.hasPrefix("rose to "))
        #expect(alarm.cause.contains(" from 100 within "))
        #expect(verdicts.filter { $0 == .cleared }.count == 1)
        #expect(verdicts.last == .calm)
    }

    @Test("a course that stays becomes the usual one")
    func adopted() {
        var watch = warm(Watch())
        let verdicts = (0..<2_000).map { watch.observe(2 * noise($0)) }
        #expect(verdicts.count { if case .raised = $0 { true } else { false } } == 1)
        #expect(verdicts.last == .calm)
    }

    @Test("a lone outlier raises nothing")
    func outlier() {
        var watch = warm(Watch())
        #expect(watch.observe(10_000) == .calm)
        #expect((0..<100).allSatisfy { watch.observe(noise($0)) == .calm })
    }

    @Test("only the direction that matters is watched")
    func direction() {
        func raises(_ direction: Watch.Direction, factor: Double) -> Bool {
            var watch = warm(Watch(direction))
            return (0..<60).contains {
                if case .raised = watch.observe(factor * noise($0)) { true } else { false }
            }
        }
        #expect(raises(.rise, factor: 2) && !raises(.rise, factor: 0.3))
        #expect(raises(.fall, factor: 0.3) && !raises(.fall, factor: 2))
        #expect(raises(.either, factor: 2) && raises(.either, factor: 0.3))
    }

    @Test("silence is an alarm of its own")
    func silence() {
        var watch = warm(Watch())
        let verdicts = (0..<60).map { _ in watch.observe(.nan) }
        let place = verdicts.firstIndex { if case .raised = $0 { true } else { false } }
        #expect(place == Watch.longestSilence - 1)
        guard case .raised(let alarm) = verdicts[Watch.longestSilence - 1] else { return }
        #expect(alarm.kind == .silence)
        #expect(alarm.cause == "has given no value for 30 s; it was 100")
    }

    @Test("the same samples give the same verdicts")
    func determinism() {
        var first = Watch()
        var second = Watch()
        #expect(
            (0..<3_000).allSatisfy {
                let value = noise($0) * ($0 > 2_500 ? 1.7 : 1)
                return first.observe(value) == second.observe(value)
            })
    }

    private func noise(_ number: Int) -> Double {
        var dice = TrialRandom(seed: UInt64(number))
        return 100 + 8 * (Double(dice.next() >> 11) * 0x1p-53 - 0.5)
    }

    private func warm(_ watch: Watch) -> Watch {
        var watch = watch
        for number in 0..<3_000 { _ = watch.observe(noise(number + 7)) }
        return watch
    }
}
