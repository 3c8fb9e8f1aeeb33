import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

@Suite("what the journal holds of healing") struct HealingRecordTests {
    private let lane = Build.lane("production/api")
    private let slot = Build.slot("api").id

    private func time(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    private func heal(_ action: Action) -> Heal {
        Heal(
            lane: lane, rule: .eject, action: action, fault: .errors, evidence: "e", budget: "b",
            expires: time(60))
    }

    @Test("records that were written before there was healing are read")
    func old() throws {
        let instance = try JSONDecoder().decode(
            InstanceObservation.self, from: Data(#"{"id":"a","phase":"healthy"}"#.utf8))
        #expect(instance == InstanceObservation(id: "a", phase: .healthy))
        #expect(instance.starts == 1 && !instance.isEjected)
        let record = try JSONDecoder().decode(
            LaneRecord.self, from: Data(#"{"lane":"production/api"}"#.utf8))
        #expect(record == LaneRecord(lane: lane))
    }

    @Test("when a person was paged last is kept while a page stands, and takes no room otherwise")
    func paged() throws {
        var healing = HealingRecord()
        let (first, second) = (time(1), time(5))
        healing.say([
            HealingStatement(.page, "a", since: first), HealingStatement(.page, "b", since: second),
        ])
        #expect(healing.paged == second)
        healing.say([HealingStatement(.page, "a", since: first)])
        #expect(healing.paged == second)
        let bytes = try JSONEncoder().encode(healing)
        #expect(try JSONDecoder().decode(HealingRecord.self, from: bytes) == healing)
        healing.say([HealingStatement(.hold, "h", since: time(9))])
        #expect(healing.paged == nil)
        let without = String(decoding: try JSONEncoder().encode(healing), as: UTF8.self)
        #expect(!without.contains("paged") && !without.contains("fault"))
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        var healing = HealingRecord(
            said: [HealingStatement(.page, "p", since: time(1), fault: .errors)])
        healing.spend(on: heal(.eject(slot, instance: "a")), at: time(2))
        healing.spend(on: heal(.readmit(slot, instance: "a")), at: time(40))
        let record = LaneRecord(lane: lane, healing: healing)
        let bytes = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(LaneRecord.self, from: bytes) == record)
        for action in [
            Action.restart(slot, instance: "a", starts: 2), .replace(slot, instance: "a"),
        ] {
            let work = OperationRecord.Work.heal(heal(action))
            let bytes = try JSONEncoder().encode(work)
            #expect(try JSONDecoder().decode(OperationRecord.Work.self, from: bytes) == work)
        }
    }

    @Test("an environment without healing has the policy that it had, and one with it another")
    func policy() {
        func digest(_ healing: HealingPolicy?) -> PolicyDigest {
            Environment(name: lane.environment, tier: .production, healing: healing)
                .policy(order: [lane.environment], limits: Limits())
        }
        let without = Digest(
            of: .fields([
                "v": .integer(1), "tier": .string("production"),
                "order": .array([.string("production")]),
                "removals": .fields(["count": .integer(3), "share": .integer(1_000)]),
                "changing": .fields(["count": .integer(20), "share": .integer(2_500)]),
            ]))
        #expect(digest(nil) == PolicyDigest(digest: without))
        #expect(digest(HealingPolicy()) != digest(nil))
        #expect(digest(HealingPolicy()) != digest(HealingPolicy(dryRun: [.scale])))
    }

    @Test("readmitting draws on nothing, and everything else does")
    func budget() {
        var record = HealingRecord()
        let budget = HealingPolicy.Budget(count: 3, window: .seconds(600))
        record.spend(on: heal(.eject(slot, instance: "a")), at: time(0))
        record.spend(on: heal(.readmit(slot, instance: "a")), at: time(30))
        record.spend(on: heal(.scale(slot, replicas: 3)), at: time(40))
        #expect(record.spent(of: budget, at: time(599)) == 2)
        #expect(record.spent(of: budget, at: time(600)) == 1)
        // What a clock that was ahead spent stays spent.
        #expect(record.spent(of: budget, at: time(-100)) == 2)
    }

    @Test("lists stay bounded, and counts go on")
    func bounded() {
        var record = HealingRecord()
        for number in 0..<200 {
            record.spend(on: heal(.eject(slot, instance: "i\(number)")), at: time(number))
        }
        #expect(record.spent.count == HealingPolicy.Budget.maximum)
        #expect(record.sentences.count == HealingRecord.maximumSentences)
        #expect(record.incidents.map(\.heals) == [200])
        #expect(record.incidents[0].healed.count == Incident.kept)
        for number in 0..<20 {
            record.withIncident(.failed, in: Build.slot("api", number).id, at: time(300)) {
                $0.see(at: time(300))
            }
        }
        #expect(record.incidents.count == HealingRecord.maximumIncidents)
    }
}
