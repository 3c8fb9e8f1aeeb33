import AirlockAnalysis
import Testing

@Suite("Bad events")
struct BadEventsTests {
    private func request(
        _ second: Int, canary: Bool = true, bad: Bool = true, key: UInt64? = 1,
        instance: UInt64? = nil
    ) -> BadEvents.Request {
        BadEvents.Request(
            at: second * 1000, isCanary: canary, isBad: bad, key: key, instance: instance)
    }

    @Test("a client that retries counts once, and its retries are no requests either")
    func retries() {
        var events = BadEvents()
        for second in 0..<20 { events.add(request(second)) }
        let tally = events.take()
        #expect(tally.canary == Served(requests: 1, bad: 1))
        #expect(events.take() == .nothing)
    }

    @Test("a client that fails on both slots counts where it failed first")
    func firstSlot() {
        var events = BadEvents()
        events.add(request(0, canary: false))
        events.add(request(1, canary: true))
        let tally = events.take()
        #expect(tally.stable.badAtLeast == 1)
        #expect(tally.canary == .nothing)
    }

    @Test("a client counts again after it was quiet, not before")
    func quiet() {
        var events = BadEvents(quiet: .seconds(80))
        for second in [0, 60, 120, 180] { events.add(request(second)) }
        #expect(events.take().canary.badAtMost == 1)
        events.add(request(280))
        #expect(events.take().canary.badAtMost == 1)
    }

    @Test("without a key a second and instance is sure of one and at most all")
    func nameless() {
        var events = BadEvents()
        for instance: UInt64 in [7, 7, 7, 8] {
            events.add(request(0, key: nil, instance: instance))
        }
        events.add(request(1, key: nil, instance: 7))
        let tally = events.take()
        #expect(tally.canary == Served(requests: 5, badAtLeast: 3, badAtMost: 5))
        #expect(tally.witnesses.agree)
    }

    @Test("where one instance serves alone and no key is known, two seconds have to agree")
    func seconds() {
        var events = BadEvents()
        for _ in 0..<5 { events.add(request(0, key: nil)) }
        var tally = events.take()
        #expect(!tally.witnesses.agree)
        events.add(request(1, key: nil))
        tally = tally + events.take()
        #expect(tally.witnesses.agree)
    }

    @Test("more open episodes than there is room for are counted like ones without a key")
    func capacity() {
        var events = BadEvents(capacity: 2)
        for key: UInt64 in 1...5 { events.add(request(0, key: key)) }
        #expect(events.take().canary == Served(requests: 5, badAtLeast: 3, badAtMost: 5))
    }

    @Test("one key is one witness however often it fails")
    func witnesses() {
        var one = HarmTest(chance: .onePercent)
        for _ in 0..<50 {
            one.add(.of(canary: (5, 50), stable: (0, 450), witnesses: [9, 9]))
        }
        #expect(one.evidence > one.limit)
        #expect(!one.isHarmful)
        one.add(.of(canary: (1, 50), stable: (0, 450), witnesses: [3]))
        #expect(one.isHarmful)
    }

    @Test(
        "harmless canaries stay within 1% with bursts and clients that always fail",
        arguments: [(true, 1.0), (true, 3), (false, 3)])
    func episodesAreExact(isSticky: Bool, burst: Double) {
        let trial = ClientTrial(
            isSticky: isSticky, burst: burst, failing: 40, counting: .episodes)
        // Three of 60 would come by chance in 2 of 100 lives of this test; the seed is fixed.
        #expect(trial.falseAlarms(runs: 60, seconds: 300) <= 2)
    }

    @Test("counting retries, or once per key and slot, would break the bound")
    func wrongCounting() {
        let raw = ClientTrial(isSticky: true, burst: 3, failing: 0, counting: .raw)
        #expect(raw.falseAlarms(runs: 60, seconds: 300) > 6)
        let slots = ClientTrial(isSticky: false, burst: 3, failing: 40, counting: .perKeyAndSlot)
        #expect(slots.falseAlarms(runs: 20, seconds: 300) > 10)
    }
}
