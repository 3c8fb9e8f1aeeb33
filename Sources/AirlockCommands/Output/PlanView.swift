import AirlockAnalysis
import AirlockModel
import AirlockPlan

/// A plan as JSON and YAML show it; the format is part of the interface and has a version.
struct PlanView: Codable {
    /// The form of every plan; the same as that of all other output.
    static var formatVersion: String { JSONForm.version }

    let fleet: String
    let commit: String?
    /// The branch whose merge was planned.
    let ref: String?
    /// Why ids are missing and nothing can be approved.
    let incomplete: String?
    let notices: [String]
    let conflicts: [String]
    private(set) var lanes: [LaneView]
    let summary: [String: Int]

    init(_ plan: Plan, origin: PlanOrigin) {
        let isWhole = plan.incomplete == nil
        fleet = plan.fleet.description
        commit = plan.commit?.description
        ref = origin.branch?.description
        incomplete = plan.incomplete
        notices = origin.notices + plan.notices
        conflicts = origin.conflicts
        lanes = plan.lanes.map { LaneView($0, withID: isWhole) }
        var counts: [String: Int] = [:]
        for lane in lanes { counts[lane.action, default: 0] += 1 }
        summary = counts
    }

    /// The ids of the changes, for `reconcile --expect`.
    var changes: Set<ChangeID> {
        Set(lanes.compactMap { $0.change.flatMap(ChangeID.init) })
    }
}

extension PlanView: LongForm {
    static var listKey: String { CodingKeys.lanes.stringValue }
    var list: [LaneView] { lanes }
    var frame: PlanView {
        var frame = self
        frame.lanes = []
        return frame
    }
}

/// Where a plan came from, and what a reader must know about that.
struct PlanOrigin {
    var branch: BranchName?
    var notices: [String] = []
    var conflicts: [String] = []
}

/// One lane of a plan.
struct LaneView: Codable {
    let lane: String
    /// `create replace scale remove repair heal back hold leave`.
    let action: String
    /// What git asks for while the lane is held: `create replace scale remove`.
    let wanted: String?
    let change: String?
    let commit: String?
    let cause: String?
    let operation: Int?
    let before: SlotView?
    let after: SlotView?
    let verdicts: [VerdictView]
    let reason: String?
    let advice: [String]
    let drift: [String]
    /// How long the steps of a canary need at today's traffic; nil where nobody measures.
    let forecast: ForecastView?
    /// What the new slot is asked before it gets traffic; nil where it is asked nothing.
    let preview: [PreviewCheckView]?
    /// What it has to keep to before it gets traffic; nil for nothing.
    let previewBounds: PreviewBoundsView?
    /// What takes the new slot back at once, such as `queue above 100 for 30s`; nil where nothing does.
    let bounds: [String]?
    /// Whether it goes back to what the lane ran before, so that nothing of it is judged; nil for no.
    let isReturn: Bool?
    /// What the rollout under way stays where it is for; nil where it goes on by itself.
    let waits: RolloutWaitView?

    init(_ plan: LanePlan, withID: Bool) {
        lane = plan.lane.description
        action = plan.action
        wanted = plan.change?.kind.rawValue
        change = withID ? plan.change?.id.description : nil
        commit = plan.change?.commit?.description
        cause = plan.change?.cause
        operation = plan.operation
        before = plan.change?.base.map(SlotView.init)
        after = plan.change.flatMap(SlotView.init)
        verdicts = plan.verdicts.map(VerdictView.init)
        drift = plan.drift.map(\.phrase)
        forecast = plan.forecast.map(ForecastView.init)
        let checks = plan.change?.previewChecks ?? []
        preview = checks.isEmpty ? nil : checks.map(PreviewCheckView.init)
        previewBounds = plan.change.flatMap(PreviewBoundsView.init)
        let limits = plan.change?.bounds ?? []
        bounds = limits.isEmpty ? nil : limits.map(\.text)
        isReturn = plan.change?.isReturn
        waits = plan.waits.map { RolloutWaitView($0, in: plan.lane) }
        switch plan.disposition {
        case .hold(let why):
            reason = why.phrase
            advice = why.moves(in: plan.lane).compactMap(\.advice)
        case .change, .repair, .heal, .verify, .back, .leave:
            reason = nil
            advice = []
        }
    }
}

/// How long a canary needs to tell a doubling of errors.
struct ForecastView: Codable {
    /// The share of the traffic at one step.
    struct Step: Codable {
        let perMille: Int
        let requestsPerMillionSeconds: Int64
        /// Nil for never.
        let seconds: Int?
        let deadlineSeconds: Int
        let inTime: Bool
    }

    /// What was measured: seconds, and the requests and errors in them.
    let measuredSeconds: Int
    let requests: Int
    let errors: Int
    let steps: [Step]
    /// The first step that decides in time; nil when none does.
    let firstPerMille: Int?
    let maxExposed: Int?
    /// `hold promote revert`; nil where the release does not say.
    let onUndecided: String?

    init(_ forecast: DecisionForecast) {
        (measuredSeconds, requests, errors) = (
            forecast.traffic.seconds, forecast.traffic.requests, forecast.traffic.errors
        )
        steps = forecast.steps.map { step in
            Step(
                perMille: step.perMille,
                requestsPerMillionSeconds: step.rate.requestsPerMillionSeconds,
                seconds: step.time.map { $0.milliseconds / 1000 },
                deadlineSeconds: step.deadline.milliseconds / 1000, inTime: step.isInTime)
        }
        firstPerMille = forecast.first?.perMille
        maxExposed = forecast.plan.maxExposed
        onUndecided = forecast.plan.onUndecided?.rawValue
    }
}

/// One side of a change; secrets by name and version, never their bytes.
struct SlotView: Codable {
    let slot: String
    let artifact: String
    let version: String?
    let replicas: String
    let config: [String: String]

    init(_ settled: Settled) {
        self.init(settled.slot, version: settled.version, replicas: settled.replicas)
    }

    init?(_ change: Change) {
        guard case .slot(let slot, let version, let replicas) = change.target else { return nil }
        self.init(slot, version: version, replicas: replicas)
    }

    private init(_ slot: SlotSpec, version: String?, replicas: Replicas) {
        self.slot = slot.id.description
        artifact = slot.artifact.description
        self.version = version
        self.replicas = replicas.phrase
        config = slot.config.mapValues(\.shown)
    }
}

/// One gate's verdict.
struct VerdictView: Codable {
    let gate: String
    let answer: String
    let reason: String
    let advice: String?
    let until: String?

    init(_ verdict: GateVerdict) {
        gate = verdict.gate.rawValue
        answer = verdict.answer.rawValue
        reason = verdict.reason
        advice = verdict.move.advice
        until = verdict.until?.rfc3339
    }
}

extension ConfigValue {
    /// A value as people may see it.
    var shown: String {
        switch self {
        case .plain(let text): text
        case .secret(let name, let version): "secret \(name)@\(version)"
        }
    }
}

extension LanePlan {
    /// The operation by which its change is carried out already; nil for one that is still to begin.
    var underWay: Int? {
        if case .change(_, let number) = disposition { number } else { nil }
    }

    /// One word for what happens.
    var action: String {
        switch disposition {
        case .change(let change, _): change.kind.rawValue
        case .repair(let repair, _): repair.isRollback ? "back" : "repair"
        case .heal: "heal"
        case .verify: "verify"
        case .back: "back"
        case .hold: "hold"
        case .leave: "leave"
        }
    }

    /// The operation that goes on.
    var operation: Int? {
        switch disposition {
        case .change(_, let number), .repair(_, let number), .verify(_, let number): number
        case .back(let number), .heal(_, let number): number
        case .hold, .leave: nil
        }
    }
}
