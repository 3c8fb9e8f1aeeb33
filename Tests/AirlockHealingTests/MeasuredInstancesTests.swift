import AirlockHealing
import AirlockModel
import AirlockTestSupport
import Testing

/// Signals of single instances: whose they are, and what is done where some are not there.
@Suite("signals of single instances") struct MeasuredInstancesTests {
    /// One that fails 40 of 100 requests and others that fail none, under names of the test's choice.
    private static func counters(
        of count: Int = 10, bad: Int? = 4, cpu: Int? = nil,
        named name: (Int) -> String = { "i\($0)" }
    ) -> [InstanceCounters] {
        (0..<count).map {
            InstanceCounters(
                instance: name($0), requests: 100, errors: $0 == bad ? 40 : 0,
                latencyP99Microseconds: 50_000, cpuBasisPoints: cpu)
        }
    }

    @Test("a name in the signals is the provider's id, or the id with a port behind it")
    func names() {
        for name in [{ "i\($0)" }, { "i\($0):8080" }] as [(Int) -> String] {
            var ward = Ward()
            ward.readings = .known(Self.counters(named: name), load: nil)
            ward.look(4)
            #expect(ward.actions == ["eject i4"])
            #expect(ward.said.isEmpty)
        }
    }

    @Test("names that are of no instance are said once, with whose move it is; nothing is ejected")
    func strangers() throws {
        var ward = Ward()
        let counters = Self.counters(named: { "10.0.0.\($0):8080" })
        ward.readings = .known(counters, load: nil)
        ward.look(100)
        #expect(ward.done.isEmpty && ward.said.count == 1)
        let said = try #require(ward.said.first)
        let text = "the signals name none of the provider's instances, so nothing is ejected"
        #expect(said.kind == .hold && said.text == text)
        #expect(
            said.evidence
                == "the signals tell of 10.0.0.0:8080, 10.0.0.1:8080, 10.0.0.2:8080, …, the "
                + "provider of i0, i1, i2, …")
        #expect(said.advice.hasPrefix("set `signals.instance` in services/api/service.yaml"))
        // Named rightly, it is over.
        ward.readings = .known(Self.counters(bad: nil), load: nil)
        #expect(ward.look(10).record.said.isEmpty)
    }

    @Test("the load of a slot is known by its instances whatever they are called")
    func strangersScale() {
        var ward = Ward(2)
        ward.replicas = Build.replicas(2, 5)
        let counters = Self.counters(of: 2, bad: nil, cpu: 9_000, named: { "10.0.0.\($0)" })
        ward.readings = .known(counters, load: InstanceReadings.load(of: counters, on: ward.slot))
        ward.look(7)
        #expect(ward.actions.map { String($0.suffix(4)) } == ["to 3"])
        // Two that tell of three are not the whole.
        ward.look(100)
        #expect(ward.done.count == 1)
    }

    @Test("one sum of no instance scales when its CPU is the slot's, and says so when it is not")
    func sums() throws {
        for (cpu, text) in [(9_000, "ejected"), (nil, "ejected or scaled")] as [(Int?, String)] {
            var ward = Ward(3)
            ward.replicas = Build.replicas(2, 5)
            let sum = [
                InstanceCounters(
                    instance: "", requests: 300, errors: 3, latencyP99Microseconds: nil,
                    cpuBasisPoints: cpu, isCPUOfSlot: cpu != nil)
            ]
            ward.readings = .known(sum, load: InstanceReadings.load(of: sum, on: ward.slot))
            ward.look(6)
            #expect(ward.actions.map { String($0.suffix(4)) } == (cpu == nil ? [] : ["to 4"]))
            let said = try #require(ward.said.first)
            #expect(said.text.hasSuffix("so nothing is \(text)"))
            #expect(
                said.evidence == "the signals tell of one sum, the provider of i0, i1, i2")
        }
    }

    @Test("without errors of each instance nothing is ejected, that is said, and the load counts")
    func uncounted() throws {
        var ward = Ward(4)
        ward.works = false
        ward.replicas = Build.replicas(2, 6)
        let counters = Self.counters(of: 4, bad: 3).map {
            InstanceCounters(
                instance: $0.instance, requests: 100, errors: $0.errors == 0 ? nil : $0.errors,
                latencyP99Microseconds: 50_000)
        }
        ward.readings = .known(counters, load: Share(basisPoints: 9_000))
        ward.look(6)
        #expect(ward.actions.map { String($0.suffix(4)) } == ["to 5"])
        ward.look(8)
        #expect(ward.actions.count == 1)
        let said = try #require(ward.said.first)
        #expect(said.text == "errors are not counted of each instance, so nothing is ejected")
        #expect(said.evidence == "`errors` has no series of i0, i1, i2, and `requests` has")
        #expect(said.advice.contains("or 0 * …"))
    }

    @Test("an instance that serves and is not measured holds ejecting, and is said after a minute")
    func missing() {
        var ward = Ward(20)
        let counters = Self.counters(of: 20).filter { $0.instance != "i7" }
        ward.readings = .known(counters, load: nil)
        ward.look(12)
        #expect(ward.done.isEmpty && ward.said.isEmpty)
        ward.look(4)
        #expect(ward.holds == ["no signals, so nothing is ejected or scaled"])
        #expect(ward.said.first?.evidence == "1 of 20 instances are without: i7")
        // An instance that serves nobody needs no signals.
        ward.make(7, .healthy, isEjected: true)
        ward.look(4)
        #expect(ward.actions == ["eject i4"])
        #expect(ward.record.said.allSatisfy { !$0.text.hasPrefix("no signals") })
    }

    @Test("no data at all holds: nothing is ejected or scaled, and what has failed is restarted")
    func empty() {
        var ward = Ward()
        ward.replicas = Build.replicas(5, 20)
        ward.readings = .known([], load: nil)
        ward.make(0, .failed)
        ward.look(20)
        #expect(ward.actions == ["restart i0"])
        #expect(ward.holds == ["no signals, so nothing is ejected or scaled"])
    }

    @Test("the load is the mean of all instances, and unknown where one is not measured")
    func load() {
        let ward = Ward(3)
        func load(_ uses: [Int?]) -> Share? {
            let counters = uses.enumerated().map {
                InstanceCounters(
                    instance: "i\($0.offset)", requests: 1, errors: 0, latencyP99Microseconds: nil,
                    cpuBasisPoints: $0.element)
            }
            return InstanceReadings.load(of: counters, on: ward.slot)
        }
        #expect(load([2_000, 4_000, 9_000]) == Share(basisPoints: 5_000))
        #expect(load([2_000, nil, 9_000]) == nil && load([]) == nil)
        // What is of no instance any more is not in it.
        #expect(load([2_000, 4_000, 9_000, 9_999]) == Share(basisPoints: 5_000))
        #expect(InstanceReadings.load(of: nil, on: ward.slot) == nil)
    }

    @Test("the load is that of the instances that serve, not of those that rest beside them")
    func loadOfServing() {
        var ward = Ward(4)
        ward.make(2, .unhealthy)
        ward.make(3, .healthy, isEjected: true)
        func load(_ uses: [Int?]) -> Share? {
            let counters = uses.enumerated().map {
                InstanceCounters(
                    instance: "i\($0.offset)", requests: 1, errors: 0,
                    latencyP99Microseconds: nil, cpuBasisPoints: $0.element)
            }
            return InstanceReadings.load(of: counters, on: ward.slot)
        }
        #expect(load([10_000, 8_000, 0, nil]) == Share(basisPoints: 9_000))
        #expect(load([10_000, nil, 0, 0]) == nil)
    }

    @Test("counters reach back over four scrapes, and half a minute at the least")
    func span() {
        #expect(LaneHealth.span(scraping: nil) == .seconds(30))
        #expect(LaneHealth.span(scraping: .seconds(1)) == .seconds(30))
        #expect(LaneHealth.span(scraping: .seconds(15)) == .seconds(60))
    }
}
