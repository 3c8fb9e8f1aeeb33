import AirlockModel
import AirlockTestSupport
import Testing

@Suite("values of the fleet and of what is observed")
struct FleetValueTests {
    @Test("of a count and a share the smaller holds, but at least one")
    func bounds() {
        let bound = Limits.Bound(count: 3, share: Share(basisPoints: 1_000))
        #expect([0, 1, 10, 19, 20, 30, 1_000].map(bound.allowed) == [1, 1, 1, 1, 2, 3, 3])
        #expect(Limits.Bound().allowed(of: 5) == .max)
        #expect(Limits.Bound(count: 0).allowed(of: 5) == 1)
        #expect(Limits.Bound(share: .whole).allowed(of: 5) == 5)
    }

    @Test("inside its bounds a number of replicas may stay")
    func replicas() {
        let bounds = Build.replicas(2, 5)
        #expect((0...7).filter(bounds.contains) == [2, 3, 4, 5])
        #expect([0, 3, 9].map(bounds.nearest) == [2, 3, 5])
        #expect(Replicas(minimum: 3, maximum: 2) == nil)
        #expect(Replicas(-1) == nil)
    }

    @Test("an action is done when the lane shows it")
    func isDone() {
        let slot = Build.slot("checkout")
        let there = SlotObservation(id: slot.id, spec: slot, replicas: 2, instances: [])
        let lane = Build.lane("production/checkout")
        let empty = LaneObservation(lane: lane)
        let running = LaneObservation(lane: lane, slots: [there], weights: [slot.id: 1000])
        #expect(!Action.start(slot, replicas: 2).isDone(in: empty))
        #expect(Action.start(slot, replicas: 2).isDone(in: running))
        #expect(!Action.start(slot, replicas: 3).isDone(in: running))
        #expect(Action.scale(slot.id, replicas: 2).isDone(in: running))
        #expect(Action.route([slot.id: 1000]).isDone(in: running))
        #expect(!Action.route([:]).isDone(in: running))
        #expect(Action.route([:]).isDone(in: empty))
        #expect(Action.stop(slot.id).isDone(in: empty))
        #expect(!Action.stop(slot.id).isDone(in: running))
    }

    @Test("a share of nothing is no share")
    func zeroWeights() {
        let (one, other) = (Build.slot("checkout").id, Build.slot("checkout", 2).id)
        let lane = LaneObservation(
            lane: Build.lane("production/checkout"), weights: [one: 1000, other: 0])
        #expect(lane.weights == [one: 1000])
    }

    @Test("an instance whose state is unknown serves nobody")
    func serving() {
        let slot = Build.slot("checkout")
        func lane(_ phase: InstanceObservation.Phase, weight: Int) -> LaneObservation {
            let there = SlotObservation(
                id: slot.id, spec: slot, replicas: 1,
                instances: [InstanceObservation(id: "1", phase: phase)])
            return LaneObservation(
                lane: Build.lane("production/checkout"), slots: [there],
                weights: [slot.id: weight])
        }
        #expect(lane(.healthy, weight: 1000).serving.count == 1)
        #expect(lane(.healthy, weight: 0).serving.isEmpty)
        for phase in [InstanceObservation.Phase.starting, .unhealthy, .failed, .unknown] {
            #expect(lane(phase, weight: 1000).serving.isEmpty)
        }
    }

    @Test("a slot is known only when every secret has a version")
    func secrets() {
        var desired = Build.desired("production/checkout")
        desired.release.config["PASSWORD"] = .secret(Build.secret("db"))
        #expect(desired.secrets == [Build.secret("db")])
        #expect(desired.slot(secrets: [:]) == nil)
        let first = desired.slot(secrets: [Build.secret("db"): "1"])
        let second = desired.slot(secrets: [Build.secret("db"): "2"])
        #expect(first != nil && first?.id != second?.id)
        #expect(first?.build == second?.build)
    }

    @Test(
        "a lane asks for the slot of a change in whatever versions of its secrets, and for no other"
    )
    func asksFor() throws {
        var desired = Build.desired("production/checkout")
        desired.release.config = [
            "A": .plain("1"), "NAME": .plain("\u{E9}"), "PASSWORD": .secret(Build.secret("db")),
        ]
        let others: [(DesiredLane) -> DesiredLane] = [
            { changed($0) { $0.release.artifact = Build.artifact("checkout", 2) } },
            { changed($0) { $0.release.config["A"] = .plain("2") } },
            { changed($0) { $0.release.config["A"] = nil } },
            { changed($0) { $0.release.config["B"] = .plain("1") } },
            { changed($0) { $0.release.config["PASSWORD"] = .secret(Build.secret("other")) } },
            { changed($0) { $0.release.config["A"] = .secret(Build.secret("db")) } },
            { changed($0) { $0.template.port += 1 } },
            // The same text in other bytes is another slot.
            { changed($0) { $0.release.config["NAME"] = .plain("e\u{301}") } },
        ]
        for version in ["1", "2"] {
            let slot = try #require(desired.slot(secrets: [Build.secret("db"): version]))
            let change = Change(
                lane: desired.lane, kind: .create, base: nil,
                target: .slot(slot, version: nil, replicas: Build.replicas(2)),
                strategy: .allAtOnce(), policy: PolicyDigest(digest: Digest(of: .bool(true))),
                commit: nil)
            #expect(desired.asks(for: change))
            for other in others.map({ $0(desired) }) {
                #expect(!other.asks(for: change))
                let versions = Dictionary(other.secrets.map { ($0, version) }) { one, _ in one }
                #expect(other.slot(secrets: versions)?.id != slot.id)
            }
        }
        func changed(_ lane: DesiredLane, _ change: (inout DesiredLane) -> Void) -> DesiredLane {
            var lane = lane
            change(&lane)
            return lane
        }
    }

    @Test("a diagnostic reads as editors read it")
    func diagnostics() {
        let full = Diagnostic(
            path: "services/a/service.yaml", line: 3, column: 7, problem: "unknown key prot",
            advice: "did you mean port?")
        #expect(
            full.description == "services/a/service.yaml:3:7: unknown key prot: did you mean port?")
        let file = Diagnostic(path: "fleet.yaml", problem: "it is not there")
        #expect(file.description == "fleet.yaml: it is not there")
        #expect([full, file].sorted() == [file, full])
    }
}
