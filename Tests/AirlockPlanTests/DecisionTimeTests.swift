import AirlockAnalysis
import AirlockModel
import AirlockPlan
import AirlockTestSupport
import Testing

@Suite("how long today's traffic needs, and what a release has to say about it")
struct DecisionTimeTests {
    private static let lane = "production/checkout"
    private let id = Build.lane(lane)

    /// A world whose lane has another artifact and this canary; an hour of `perSecond` was seen.
    private func world(
        _ plan: CanaryPlan = CanaryPlan(), perSecond: Int? = 40, errors: Int = 200
    ) -> FleetWorld {
        var world = FleetWorld.settled([Build.desired(Self.lane)])
        var next = Build.desired(Self.lane, 2)
        next.release.strategy = .canary(plan)
        world.merge(next)
        if let perSecond {
            let traffic = LaneTraffic(
                seconds: 3_600, requests: perSecond * 3_600,
                errors: errors == 0 ? 0 : perSecond * 3_600 / errors)
            world.traffic[id] = MeasuredTraffic(.seen(traffic), at: world.now.wall)
        }
        return world
    }

    @Test("each step has its time, and the first that decides within the deadline is named")
    func times() throws {
        let forecast = try #require(world().plan(of: Self.lane).forecast)
        #expect(forecast.steps.map(\.share) == ["1%", "5%", "25%"])
        let times = try forecast.steps.map { try #require($0.time) }
        #expect(times[0] > .seconds(3_600) && times[1] < .seconds(3_600) && times[2] < times[1])
        #expect(forecast.first?.perMille == 50)
        #expect(forecast.stepLines[0].hasSuffix("to tell a doubling of errors at 0.40 requests/s"))
        #expect(forecast.stepLines[0].hasPrefix("1%: 2h"), "\(forecast.stepLines[0])")
        #expect(forecast.answer == "5% is the first that decides within 1h")
    }

    @Test("a step that cannot decide in time is held, with what to write")
    func held() throws {
        let plan = world().plan(of: Self.lane)
        let verdict = try #require(plan.verdict(.decisionTime))
        #expect(verdict.answer == .refuse && !plan.isMoving)
        #expect(verdict.reason.hasPrefix("1% needs 2h"), "\(verdict.reason)")
        guard case .commit(let advice) = verdict.move else {
            Issue.record("nobody has to commit anything: \(verdict.move)")
            return
        }
        #expect(advice.contains("onUndecided: hold, promote or revert"))
        #expect(advice.contains("services/checkout/production.yaml"))
        #expect(verdict.until != nil, "traffic may grow")
    }

    @Test("a release that says what then goes on, and so does one that decides in time")
    func said() {
        for word in CanaryPlan.Undecided.allCases {
            let plan = world(CanaryPlan(onUndecided: word)).plan(of: Self.lane)
            #expect(plan.isMoving && plan.forecast?.fallback?.isEmpty == false)
        }
        #expect(world(CanaryPlan(decideWithin: .seconds(86_400))).plan(of: Self.lane).isMoving)
        #expect(world(CanaryPlan(steps: [50, 250, 1000])).plan(of: Self.lane).isMoving)
        #expect(world(perSecond: 4_000).plan(of: Self.lane).isMoving)
    }

    @Test("next to no traffic never decides")
    func never() {
        for (perSecond, errors) in [(0, 200), (1, 0)] {
            let plan = world(perSecond: perSecond, errors: errors).plan(of: Self.lane)
            #expect(!plan.isMoving && plan.forecast?.first == nil)
        }
    }

    @Test("a service without errors decides by the new slot's own, sooner where retries are known")
    func clean() throws {
        let plan = world(perSecond: 4_000, errors: 0).plan(of: Self.lane)
        #expect(plan.isMoving && plan.forecast?.first?.perMille == 10)
        let times = try [false, true].map { isKeyed in
            let traffic = LaneTraffic(
                seconds: 3_600, requests: 14_400_000, errors: 0, isKeyed: isKeyed)
            let forecast = DecisionForecast(of: CanaryPlan(), under: traffic)
            return try #require(forecast?.steps.first?.time)
        }
        #expect(times[1] * 4 < times[0])
    }

    @Test("what was asked before the first answer ever is no error of the slot")
    func early() {
        func counters(_ second: Int, errors: Int) -> SecondCounters {
            SecondCounters(
                second: second, requests: 40, errors: errors, latencyP99Microseconds: nil,
                cpuBasisPoints: nil, memoryBytes: nil)
        }
        let dead = (0..<3).map { counters($0, errors: 40) }
        let alive = (3..<103).map { counters($0, errors: $0 == 50 ? 40 : 0) }
        let settled = Timestamp(milliseconds: 3_000)
        let traffic = LaneTraffic(dead + alive, settled: settled)
        #expect(traffic.errors == 40 && traffic.requests == 4_000 && traffic.seconds == 100)
        #expect(LaneTraffic(dead, settled: settled).errors == 120, "it never answered")
        let old = LaneTraffic(dead + alive, settled: Timestamp(milliseconds: -60_000))
        #expect(old.errors == 160 && old.requests == 4_120, "it had answered long before")
    }

    @Test("widening replaces the word only while it gets to a step that decides")
    func widening() {
        // The holds of 1% and of 5%, which decides.
        let exposed = 40 * 600 * (1 + 5) / 100
        let wide = world(CanaryPlan(maxExposed: exposed + 1)).plan(of: Self.lane)
        #expect(wide.isMoving)
        #expect(
            wide.forecast?.answer.hasSuffix(
                "below it a step widens after 10m while fewer than \(exposed + 1) users have met "
                    + "the new slot") == true)
        #expect(!world(CanaryPlan(maxExposed: exposed)).plan(of: Self.lane).isMoving)
        let none = CanaryPlan(steps: [1, 2, 1000], maxExposed: 1_000_000)
        #expect(!world(none).plan(of: Self.lane).isMoving)
    }

    @Test("what nobody measured holds nothing, and neither does a night after the rollout began")
    func unknown() {
        var world = world(perSecond: nil)
        #expect(world.plan(of: Self.lane).isMoving)
        world.traffic[id] = MeasuredTraffic([], settled: world.now.wall, at: world.now.wall)
        let plan = world.plan(of: Self.lane)
        #expect(plan.isMoving && plan.forecast == nil)
        #expect(
            plan.verdict(.decisionTime)?.reason
                == "today's traffic is not known: it was measured for 0 s only")
        world.step(Self.lane)
        world.traffic[id] = MeasuredTraffic(
            .seen(LaneTraffic(seconds: 3_600, requests: 0, errors: 0)), at: world.now.wall)
        #expect(world.plan(of: Self.lane).isMoving)
    }

    @Test("what a release says and what it leaves out make the same change")
    func digests() {
        func canonical(_ plan: CanaryPlan) -> [UInt8] {
            Strategy.canary(plan).canonical.canonicalBytes
        }
        #expect(canonical(CanaryPlan()) == canonical(CanaryPlan(onUndecided: .hold)))
        #expect(canonical(CanaryPlan()) != canonical(CanaryPlan(onUndecided: .promote)))
        #expect(canonical(CanaryPlan()) != canonical(CanaryPlan(maxExposed: 5)))
        #expect(
            String(decoding: canonical(CanaryPlan()), as: UTF8.self)
                == #"{"canary":{"deadline":600000,"decideWithin":3600000,"falseAlarms":10000000,"#
                + #""hold":600000,"limits":[],"onUndecided":"hold","steps":[10,50,250,1000]}}"#)
    }

    @Test("lengths of time and rates are told in what a person can hold")
    func words() {
        let times: [(Int, String)] = [
            (0, "0s"), (59, "59s"), (90, "1m 30s"), (3_599, "59m"), (3_600, "1h"),
            (10_000, "2h 46m"), (200_000, "2d 7h"), (8_640_000, "100d"),
        ]
        for (seconds, text) in times { #expect(Duration.seconds(seconds).phrase == text) }
        let rates: [(Int64, String)] = [
            (0, "0 requests/s"), (9_000, "32 requests/h"), (400_000, "0.40 requests/s"),
            (2_000_000, "2 requests/s"), (2_500_000, "2.5 requests/s"),
            (40_400_000, "40 requests/s"),
        ]
        for (rate, text) in rates {
            #expect(TrafficRate(requestsPerMillionSeconds: rate).phrase == text)
        }
    }
}
