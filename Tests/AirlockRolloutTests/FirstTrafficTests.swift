import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a service that is scaled up from no instance")
struct FirstTrafficTests {
    private static let plan = BlueGreenPlan(
        keep: .seconds(10), deadline: .seconds(60),
        preview: PreviewPlan(checks: [PreviewCheck(path: "/health", failures: 2)]))

    /// A lane whose slot has `before` instances and shall have four.
    private static func stage(from before: Int, _ plan: BlueGreenPlan = plan) -> Stage {
        let slot = Stage.old
        let there =
            before == 0
            ? Stage.empty.after(.start(slot, replicas: 0)) : Stage.serving(slot, replicas: before)
        let change = Change(
            lane: Stage.lane, kind: .scale, base: Stage.settled(slot, Build.replicas(before)),
            target: .slot(slot, version: nil, replicas: Build.replicas(4)),
            strategy: .blueGreen(plan), policy: PolicyDigest(digest: Digest(of: "policy".utf8)),
            commit: nil)
        return Stage(.change(change), in: there)
    }

    private static func status(_ status: Int) -> PreviewAnswer {
        .answers([0: .status(status, after: .milliseconds(12))])
    }

    @Test("is asked before its first traffic, and one that has traffic already is not")
    func asked() {
        var stage = Self.stage(from: 0)
        var count = 0
        stage.probes = { _ in
            count += 1
            return Self.status(200)
        }
        #expect(stage.run() == .settled)
        #expect(count == 1)
        #expect(
            stage.actions == [
                .scale(Stage.old.id, replicas: 4), .route([Stage.old.id: 1000]),
            ])
        var more = Self.stage(from: 2)
        more.probes = { _ in
            Issue.record("it was asked")
            return Self.status(500)
        }
        #expect(more.run() == .settled)
        #expect(more.actions == [.scale(Stage.old.id, replicas: 4)])
    }

    @Test("goes back to none without any traffic where it answers wrongly")
    func fails() {
        var stage = Self.stage(from: 0)
        stage.probes = { _ in Self.status(500) }
        guard case .rolledBack(let reason)? = stage.run() else {
            Issue.record("it was not given up")
            return
        }
        #expect(reason.hasPrefix("the preview failed: GET /health: 500 instead of 200"))
        #expect(
            stage.actions == [
                .scale(Stage.old.id, replicas: 4), .scale(Stage.old.id, replicas: 0),
            ])
    }

    @Test("goes back to none where it never becomes healthy: it would get its traffic unasked")
    func neverHealthy() {
        var stage = Self.stage(from: 0)
        let outcome = stage.run(seconds: 90) { _ in .starting }
        #expect(
            outcome
                == .rolledBack(reason: "no progress for 60 s: 0 of 4 instances are healthy"))
        #expect(stage.lane.weights.isEmpty && stage.lane.slot(Stage.old.id)?.replicas == 0)
    }

    @Test("without checks it settles as before")
    func withoutChecks() {
        var stage = Self.stage(from: 0, BlueGreenPlan(deadline: .seconds(60)))
        #expect(stage.run() == .settled)
        #expect(stage.lane.weights == [Stage.old.id: 1000])
        var ill = Self.stage(from: 0, BlueGreenPlan(deadline: .seconds(60)))
        let outcome = ill.run(seconds: 90) { _ in .starting }
        #expect(outcome == .settled)
    }
}
