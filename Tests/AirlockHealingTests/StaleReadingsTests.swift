import AirlockHealing
import AirlockModel
import AirlockTestSupport
import Testing

/// Answers of a source that come again, that are of before a heal, or that stay away after one.
@Suite("signals that tell nothing new") struct StaleReadingsTests {
    @Test("one scrape counts once, however often it is looked at")
    func repeated() {
        var ward = Ward()
        ward.every = .seconds(30)
        ward.degrade(4, errors: 40)
        ward.look(12)
        #expect(ward.done.isEmpty, "these were two answers")
        ward.look()
        #expect(ward.actions == ["eject i4"])
        #expect(ward.done.first?.heal.evidence.hasSuffix("at 3 of 3 looks") == true)
        var busy = Ward(2)
        busy.every = .seconds(30)
        busy.replicas = Build.replicas(2, 5)
        busy.load = Share(basisPoints: 9_000)
        busy.look(30)
        #expect(busy.done.isEmpty, "these were five answers")
        busy.look()
        #expect(busy.actions.map { String($0.suffix(4)) } == ["to 3"])
        // What the provider says is new at each look.
        var failed = Ward()
        failed.every = .seconds(30)
        failed.make(0, .failed)
        failed.look(2)
        #expect(failed.actions == ["restart i0"])
    }

    @Test("what was said stands until there were as many answers as looks")
    func cold() {
        var ward = Ward()
        ward.every = .seconds(30)
        let page = HealingStatement(
            .page, "slow instances are too many to be healed one by one",
            since: Timestamp(milliseconds: 1))
        ward.record.say([page])
        ward.look(30)
        #expect(ward.record.said == [page])
        ward.look()
        #expect(ward.record.said.isEmpty)
    }

    @Test(
        "errors of before a readmission or a restart are no errors after it",
        arguments: [true, false])
    func before(isEjected: Bool) throws {
        var ward = Ward()
        ward.every = .seconds(30)
        ward.degrade(4, errors: 40)
        if isEjected {
            while ward.actions.last != "readmit i4", ward.time < 101_000 { ward.look() }
        } else {
            ward.make(4, .unhealthy)
            ward.look(3)
        }
        let back = try #require(ward.done.last?.at)
        #expect(ward.actions.last == (isEjected ? "readmit i4" : "restart i4"))
        let count = ward.done.count
        // So long they are in the span that is asked for.
        while ward.time < back + 120 { ward.look() }
        ward.counters = [:]
        ward.look(60)
        #expect(ward.done.count == count)
        // What it does after that counts.
        ward.degrade(4, errors: 40)
        ward.look(20)
        #expect(ward.actions.dropFirst(count).first == "eject i4")
    }

    @Test("the load that was known last says what is needed while an instance has no signals yet")
    func lastLoad() {
        var ward = Ward(6)
        ward.replicas = Build.replicas(2, 8)
        ward.load = Share(basisPoints: 7_000)
        ward.look(2)
        let others = (1..<6).map {
            InstanceCounters(
                instance: "i\($0)", requests: 100, errors: 0, latencyP99Microseconds: 50_000)
        }
        ward.readings = .known(others, load: ward.load)
        for _ in 0..<3 {
            ward.make(0, .healthy, crashes: 1)
            ward.look(2)
        }
        #expect(ward.done.isEmpty && ward.holds == ["i0 cannot be replaced yet"])
        #expect(ward.said.first?.evidence.hasSuffix("5 others serve well and 6 are needed") == true)
    }

    @Test("an instance may be without signals for as long as a new one needs to have some")
    func patience() {
        var ward = Ward(20)
        ward.every = .seconds(30)
        ward.readings = .known([], load: nil)
        ward.look(24)
        #expect(ward.said.isEmpty)
        ward.look()
        #expect(ward.holds == ["no signals, so nothing is ejected or scaled"])
    }

    /// What a source tells that counts no errors of any instance.
    private static func uncounted() -> InstanceReadings {
        let counters = (0..<10).map {
            InstanceCounters(
                instance: "i\($0)", requests: 100, errors: nil, latencyP99Microseconds: 50_000)
        }
        return .known(counters, load: nil)
    }

    @Test(
        "a page about degraded instances stands while nobody measures them, and is not said anew",
        arguments: [true, false])
    func deafPage(isDown: Bool) throws {
        var ward = Ward()
        ward.policy.afterChange = .seconds(3_600)
        ward.settledAt = ward.time
        ward.degrade(4, errors: 40)
        ward.look(10)
        let page = try #require(ward.pages.first)
        #expect(page.hasPrefix("instances with errors right after change "))
        for looks in [1, 5, 40] {
            ward.readings = isDown ? InstanceReadings.down("it is gone") : Self.uncounted()
            let deaf = ward.look(looks)
            #expect(deaf.record.said.contains { $0.text == page })
            ward.readings = nil
            ward.look(8)
            #expect(ward.pages == [page])
        }
        ward.counters = [:]
        #expect(ward.look(10).record.said.isEmpty)
    }

    @Test("what an instance did before a long silence is not held against it")
    func longSilence() {
        var ward = Ward()
        ward.degrade(4, errors: 40)
        ward.look(2)
        ward.readings = Self.uncounted()
        ward.look(30)
        ward.readings = nil
        ward.look(2)
        #expect(ward.done.isEmpty)
        ward.look()
        #expect(ward.actions == ["eject i4"])
    }

    @Test("a load that nobody measures any more is no load")
    func sourceGone() {
        var ward = Ward(2)
        ward.replicas = Build.replicas(2, 5)
        ward.load = Share(basisPoints: 9_000)
        ward.look(5)
        ward.readings = .some(InstanceReadings.none)
        ward.look()
        ward.readings = nil
        ward.look(5)
        #expect(ward.done.isEmpty)
        ward.look()
        #expect(ward.actions.map { String($0.suffix(4)) } == ["to 3"])
    }

    @Test("the end of one page is no new page for one that stands on")
    func pages() throws {
        var ward = Ward()
        for index in 0..<3 { ward.make(index, .failed) }
        ward.look(4)
        let first = try #require(ward.record.paged)
        for index in 3..<6 { ward.make(index, .unhealthy) }
        ward.look(5)
        let second = try #require(ward.record.paged)
        #expect(second > first)
        for index in 3..<6 { ward.make(index, .healthy) }
        ward.look(10)
        #expect(ward.record.said.map(\.since) == [first] && ward.record.paged == second)
        for index in 0..<3 { ward.make(index, .healthy) }
        ward.look(10)
        #expect(ward.record.said.isEmpty && ward.record.paged == nil)
    }
}
