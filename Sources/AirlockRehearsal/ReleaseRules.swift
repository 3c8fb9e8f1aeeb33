import AirlockModel

/// What no order may do with releases of which more is asked, whatever goes wrong.
///
/// It believes what the life's own files say of an artifact before what the journal says of its tests.
struct ReleaseRules: Sendable {
    private let demands: ReleaseDemands
    /// Artifacts whose test job cannot pass, and those whose slots fail their preview.
    private let failing: Set<ArtifactReference>
    private let unready: Set<ArtifactReference>
    /// Builds that the journal said had passed.
    private var passed: Set<BuildID> = []
    /// What was ever started, by its slot.
    private var started: [SlotID: ArtifactReference] = [:]

    init(_ demands: ReleaseDemands) {
        self.demands = demands
        failing = demands.testsBuilds ? demands.artifacts(of: ReleaseDemands.tested) : []
        unready = demands.previews ? demands.artifacts(of: ReleaseDemands.previewed) : []
    }

    /// What speaks against an order that is about to go out; nil for nothing.
    mutating func objection(to order: ActionOrder, _ state: LedgerState) -> String? {
        switch order.action {
        case .start(let spec, _):
            if demands.previews { started[spec.id] = spec.artifact }
            return untested(spec, order, state)
        case .route(let weights): return unanswered(weights, order)
        case .scale, .stop, .restart, .replace, .eject, .readmit, .run: return nil
        }
    }

    private mutating func untested(
        _ spec: SlotSpec, _ order: ActionOrder, _ state: LedgerState
    ) -> String? {
        let (environment, unit) = (order.lane.environment, order.lane.unit)
        guard demands.isBound(unit.name.description, in: environment.description) else {
            return nil
        }
        if failing.contains(spec.artifact) {
            return "a build whose test job cannot pass goes on: \(order.phrase)"
        }
        let testing = LaneID(
            environment: Name.environment(ReleaseDemands.testing), unit: unit)
        for result in state.verifications[testing]?.results ?? [] where result.outcome == .passed {
            passed.insert(result.build)
        }
        // A repair, and what goes back, brings what was there before.
        guard let operation = state.operations[order.operation], let change = operation.change,
            case .forward = operation.rollout.direction
        else { return nil }
        let build = spec.build
        guard change.base?.slot.build != build, !passed.contains(build) else { return nil }
        return "a build that did not pass in \(testing) goes on: \(order.phrase)"
    }

    private func unanswered(_ weights: [SlotID: Int], _ order: ActionOrder) -> String? {
        guard demands.isPreviewed(order.lane.unit.name.description) else { return nil }
        let slots = weights.filter { $0.value > 0 }.keys
        let isUnready = slots.contains { slot in
            started[slot].map { unready.contains($0) } ?? false
        }
        return isUnready ? "traffic for a slot that fails its preview: \(order.phrase)" : nil
    }
}

/// What came of tests, previews and watches in a life, as its audit log tells it.
package struct ReleaseCounts: Hashable, Sendable {
    /// Test jobs that passed, that failed, and that did not end in time.
    package private(set) var testsPassed = 0
    package private(set) var testsFailed = 0
    package private(set) var testsTimedOut = 0
    /// New slots that answered rightly, that did not, and that were given up without an answer.
    package private(set) var previewsPassed = 0
    package private(set) var previewsFailed = 0
    package private(set) var previewsUndecided = 0
    /// Lanes that went back because of their watch.
    package private(set) var reversals = 0

    init() {}

    /// Counts the decisions of a log.
    init(_ entries: [AuditEntry]) {
        for entry in entries where entry.draft.kind == .decision {
            switch entry.draft.outcome {
            case "passed": testsPassed += 1
            case "failed": testsFailed += 1
            case "timedOut": testsTimedOut += 1
            case "preview passed": previewsPassed += 1
            case "preview failed": previewsFailed += 1
            case "preview undecided": previewsUndecided += 1
            case "reverse": reversals += 1
            case _: continue
            }
        }
    }

    mutating func add(_ other: ReleaseCounts) {
        testsPassed += other.testsPassed
        testsFailed += other.testsFailed
        testsTimedOut += other.testsTimedOut
        previewsPassed += other.previewsPassed
        previewsFailed += other.previewsFailed
        previewsUndecided += other.previewsUndecided
        reversals += other.reversals
    }
}
