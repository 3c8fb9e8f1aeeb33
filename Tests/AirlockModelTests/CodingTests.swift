import AirlockAnalysis
import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

@Suite("values are read back as they were written")
struct CodingTests {
    private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws -> (Value, String) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(value)
        let read = try JSONDecoder().decode(Value.self, from: bytes)
        let spelled = Data(try JSONSpelling.bytes(of: value))
        #expect(try JSONDecoder().decode(Value.self, from: spelled) == value)
        return (read, String(decoding: bytes, as: UTF8.self))
    }

    private let lane = Build.lane("production/flags:checkout")
    private let slot = SlotSpec(
        artifact: Build.artifact("checkout"),
        config: [
            "LOG_LEVEL": .plain("info"), "PASSWORD": .secret(Build.secret("db"), version: "2"),
        ],
        template: Template(
            port: 80, health: HealthCheck(path: "/healthz", every: .seconds(5)),
            resources: Resources(milliCPU: 500, memoryBytes: 1 << 28),
            calls: [Build.unit("cart")], stopGrace: .milliseconds(1_500)))

    @Test("identities are plain strings, also as keys of an object")
    func identities() throws {
        let (lanes, text) = try roundTrip([lane: [Build.commit(7)]])
        #expect(lanes == [lane: [Build.commit(7)]])
        #expect(text == #"{"production/flags:checkout":["\#(Build.commit(7))"]}"#)
        let scopes: [Freeze.Scope: Int] = [.lane(lane): 1, .environment(lane.environment): 2]
        let (read, scopeText) = try roundTrip(scopes)
        #expect(read == scopes)
        #expect(scopeText == #"{"production":2,"production/flags:checkout":1}"#)
        let (weights, weightText) = try roundTrip([slot.id: 1000])
        #expect(weights == [slot.id: 1000])
        #expect(weightText == #"{"\#(slot.id)":1000}"#)
        let (names, nameText) = try roundTrip([Build.environment("production"): Epoch(3)])
        #expect(names == [Build.environment("production"): Epoch(3)])
        #expect(nameText == #"{"production":3}"#)
    }

    @Test("text that is no identity is not decoded, neither as a value nor as a key")
    func refused() {
        func decode<Value: Decodable>(_: Value.Type, _ text: String) throws {
            _ = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        }
        #expect(throws: DecodingError.self) { try decode([CommitID].self, #"["main"]"#) }
        #expect(throws: DecodingError.self) { try decode([LaneID].self, #"["production"]"#) }
        #expect(throws: DecodingError.self) { try decode([LaneID: Int].self, #"{"nowhere":1}"#) }
        #expect(throws: DecodingError.self) {
            try decode([ArtifactReference].self, #"["registry.example/a:1"]"#)
        }
        #expect(throws: DecodingError.self) {
            try decode(Replicas.self, #"{"minimum":3,"maximum":2}"#)
        }
        #expect(throws: DecodingError.self) {
            try decode(Replicas.self, #"{"minimum":-1,"maximum":2}"#)
        }
    }

    @Test("a slot keeps its id, which is not written down")
    func slots() throws {
        let (read, text) = try roundTrip(slot)
        #expect(read == slot)
        #expect(read.id == slot.id)
        #expect(!text.contains(slot.id.description))
    }

    @Test("records of the journal survive")
    func records() throws {
        let change = Sample.change(to: slot)
        var operation = OperationRecord(
            number: 4, lane: lane, work: .change(change), commit: Build.commit(2),
            author: "ann@example.org", opened: Timestamp(milliseconds: 5))
        operation.rollout = RolloutState(
            direction: .back(reason: "no progress"), step: 3, stalled: .milliseconds(1_250),
            seen: Moment(
                wall: Timestamp(milliseconds: 1), monotonicMilliseconds: 2, boot: BootID("b")),
            best: 2)
        operation.outcome = .rolledBack(reason: "no progress")
        #expect(try roundTrip(operation).0 == operation)
        let drift: [Drift] = [
            .slotMissing(slot.id), .slotEdited(slot.id, found: change.target.slot ?? slot.id),
            .slotForeign(slot.id),
            .replicas(slot.id, found: 3, declared: Build.replicas(1, 2)),
            .weights(found: [slot.id: 1000], settled: slot.id),
        ]
        let repair = OperationRecord.Work.repair(Repair(lane: lane, to: nil, found: drift))
        #expect(try roundTrip(repair).0 == repair)
        for action in Sample.actions(slot) { #expect(try roundTrip(action).0 == action) }
        let outcomes: [IntentOutcome] = [
            .done(Receipt(repeated: true)), .seenDone, .seenUndone, .refused("no"),
        ]
        #expect(try roundTrip(outcomes).0 == outcomes)
        #expect(
            outcomes.map(\.phrase) == ["done before", "seen done", "seen undone", "refused: no"])
    }

    @Test("requests and answers over the control socket survive")
    func control() throws {
        let calls: [ControlRequest.Call] = [
            .reconcile(ReconcileRequest(wait: .seconds(3), expect: [Sample.change(to: slot).id])),
            .freeze(.lane(lane), reason: "audit", lasting: .seconds(7_200)),
            .thaw(.environment(lane.environment)), .retry(lane), .health,
        ]
        for call in calls {
            let request = ControlRequest(id: "r", call: call)
            #expect(try roundTrip(request).0 == request)
        }
        var summary = ReconcileSummary(
            commit: Build.commit(1), settled: [lane], held: [lane: "frozen"], faults: ["none"])
        let answer = ControlAnswer(id: "r", result: .reconciled(summary))
        let (read, text) = try roundTrip(answer)
        #expect(read == answer)
        #expect(text.contains(#""held":{"production/flags:checkout":"frozen"}"#))
        // A holder of an older version tells of no rollback in git, and is understood.
        #expect(!text.contains("rollbacks"))
        summary.rollbacks = [lane]
        #expect(summary.bounded.totals?.rollbacks == 1)
        #expect(try roundTrip(summary.bounded).0 == summary.bounded)
    }

    @Test("what a rollout keeps apart stands in the journal under the names that it always had")
    func rolloutNames() throws {
        let errors = try #require(SignalName("errors"))
        var state = RolloutState(
            canary: CanaryState(
                judge: Judge(policy: try JudgePolicy(metrics: [ComparedMetric(name: errors)]))))
        state.preview = PreviewState(PreviewPlan(checks: []))
        let (read, text) = try roundTrip(state)
        #expect(read.canary != nil && read.preview != nil)
        #expect(text.contains(#""canary":{"#) && text.contains(#""preview":{"#), "\(text)")
    }
}

/// Values that several suites use.
enum Sample {
    static let policy = PolicyDigest(digest: Digest(of: "policy".utf8))

    static func change(to slot: SlotSpec, base: Settled? = nil, commit: Int = 1) -> Change {
        Change(
            lane: Build.lane("production/checkout"), kind: base == nil ? .create : .replace,
            base: base, target: .slot(slot, version: "1.0.0", replicas: Build.replicas(2)),
            strategy: .allAtOnce(), policy: policy, commit: Build.commit(commit))
    }

    static func settled(_ slot: SlotSpec, at time: Int = 0) -> Settled {
        Settled(
            slot: slot, version: nil, replicas: Build.replicas(2), change: nil, operation: nil,
            commit: nil, at: Timestamp(milliseconds: time))
    }

    static func actions(_ slot: SlotSpec) -> [Action] {
        [
            .start(slot, replicas: 2), .scale(slot.id, replicas: 3), .route([slot.id: 1000]),
            .route([:]), .stop(slot.id),
        ]
    }
}
