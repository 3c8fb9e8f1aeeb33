import AirlockAnalysis
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("what a release says that is hardly meant")
struct NoticeTests {
    private func lane(
        _ name: String, _ strategy: Strategy, watch: WatchPlan? = nil,
        rollout: RolloutWish = .proceed, group: String? = nil
    ) throws -> DesiredLane {
        var lane = Build.desired(name)
        lane.release.strategy = strategy
        lane.release.watch = watch
        lane.release.rollout = rollout
        lane.group = try group.map { try #require(UnitName($0)) }
        return lane
    }

    private func notices(_ lanes: DesiredLane...) -> [String] {
        Build.fleet(lanes).notices(of: lanes.map(\.lane))
    }

    private let name = "production/checkout"

    @Test("a blue-green release without a bound or a watch is judged by nothing after its switch")
    func unjudged() throws {
        let bare = notices(try lane(name, .blueGreen(BlueGreenPlan())))
        #expect(bare.count == 1 && bare[0].hasPrefix("services/checkout/production.yaml: nothing"))
        #expect(bare[0].contains("rollback: {") && bare[0].contains("watch: "))
        let unwatched = try lane(
            name, .blueGreen(BlueGreenPlan()), watch: WatchPlan(time: .zero))
        #expect(notices(unwatched) == bare)
        let limit = HardLimit(
            signal: HardLimit.Known.errorRate.name, side: .above,
            threshold: SignalValue(millionths: 20_000), duration: .zero)
        for lane in [
            try lane(name, .blueGreen(BlueGreenPlan(limits: [limit]))),
            try lane(
                name, .blueGreen(BlueGreenPlan()), watch: WatchPlan(time: .seconds(1_800))),
            try lane(name, .canary(CanaryPlan())), try lane(name, .allAtOnce()),
        ] {
            #expect(notices(lane).isEmpty)
        }
    }

    @Test("a fleet that runs nothing says so, unless its files say more")
    func empty() {
        var fleet = Build.fleet([])
        #expect(fleet.notices.count == 1)
        #expect(fleet.notices.first?.contains("there is no service below services/") == true)
        fleet.serviceFileCount = 1
        #expect(fleet.notices.first?.contains("no service has a release") == true)
        let lane = Build.desired(name)
        fleet.parked.lanes[lane.lane] = [Diagnostic(path: "f", problem: "p", advice: nil)]
        #expect(fleet.notices.isEmpty)
        #expect(Build.fleet([lane]).notices == notices(lane))
    }

    @Test("a share below all of the traffic keeps a blue-green release from switching")
    func ceiling() throws {
        let watch = WatchPlan(time: .seconds(1_800))
        func told(_ strategy: Strategy, _ share: Int) throws -> [String] {
            notices(try lane(name, strategy, watch: watch, rollout: .upTo(share)))
        }
        #expect(try told(.blueGreen(BlueGreenPlan()), 250).first?.contains("{upTo: 25%}") == true)
        #expect(try told(.blueGreen(BlueGreenPlan()), 1000).isEmpty)
        #expect(try told(.canary(CanaryPlan()), 250).isEmpty)
    }

    @Test("services of a group with other strategies or steps are named, of one environment only")
    func groups() throws {
        let first = try lane("production/api", .canary(CanaryPlan()), group: "shop")
        let same = try lane("production/web", .canary(CanaryPlan()), group: "shop")
        let other = try lane(
            "production/web", .canary(CanaryPlan(steps: [500, 1000])), group: "shop")
        let staging = try lane("staging/web", .allAtOnce(), group: "shop")
        #expect(notices(first, same, staging).isEmpty)
        let told = notices(first, other, staging)
        let bound = try lane(
            "production/web", .canary(CanaryPlan()), rollout: .upTo(250), group: "shop")
        #expect(
            notices(first, bound).first?.contains(
                "says rollout: proceed where this one says {upTo: 25%}") == true)
        #expect(told.count == 1, "\(told)")
        #expect(
            told.first?.hasPrefix(
                "services/web/production.yaml: group shop moves together, and production/api has")
                == true)
    }
}
