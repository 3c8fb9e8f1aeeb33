import AirlockAnalysis
import AirlockHost
import AirlockModel
import AirlockRollout

/// A replay as a person reads it.
struct ReplayText {
    let replay: RolloutReplay
    let ink: Ink

    var text: String {
        var table = Table([
            "entry", "time", "step", "share", "metric", "new", "old", "harm", "safety", "verdict",
            "replay",
        ])
        for transition in replay.transitions {
            let isSame = transition.differences.isEmpty
            let head = [
                Table.Cell(String(transition.entry), .dim), Table.Cell(transition.time.local),
                Table.Cell("\(transition.step) \(transition.outcome)"),
                Table.Cell(Share(perMille: transition.perMille).text),
            ]
            table.add(
                head + Self.numbers(transition.comparisons.first) + [
                    Table.Cell(transition.verdict ?? "-"),
                    Table.Cell(isSame ? "same" : "differs", isSame ? .green : .red),
                ])
            for more in transition.comparisons.dropFirst() {
                let none = Table.Cell("")
                table.add(head.map { _ in none } + Self.numbers(more) + [none, none])
            }
        }
        let place = replay.lane.map { "\($0)  " } ?? ""
        let head = "\(place)operation \(replay.operation), \(replay.looks) looks"
        // A bound has no column: what it was, and what was seen, stands here.
        let reasons = replay.transitions.compactMap { transition in
            transition.reason.map { "entry \(transition.entry): \($0.visible)" }
        }
        return ([head, table.text(ink)] + reasons + [verdict]).joined(separator: "\n")
    }

    private var verdict: String {
        guard let difference = replay.firstDifference else {
            let count = replay.transitions.count
            return ink.green("\(count) transition\(count == 1 ? "" : "s"), all the same")
        }
        return ink.red(difference)
    }

    /// What several replays come to, so that one that differs is not above a last line that is all the
    /// same; nil for a single one, whose own last line says it.
    static func summary(of replays: [RolloutReplay], _ ink: Ink) -> String? {
        guard replays.count > 1 else { return nil }
        let different = replays.filter { $0.firstDifference != nil }
        guard !different.isEmpty else {
            return ink.green("\(replays.count) rollouts, all the same")
        }
        let numbers = different.map { String($0.operation) }.joined(separator: ", ")
        return ink.red(
            "\(different.count) of \(replays.count) rollouts "
                + "differ\(different.count == 1 ? "s" : ""): "
                + "operation\(different.count == 1 ? "" : "s") \(numbers)")
    }

    /// One metric, with its counts and its evidence.
    private static func numbers(_ numbers: Comparison?) -> [Table.Cell] {
        [
            numbers?.metric.description ?? "-", counts(numbers?.seen?.canary),
            counts(numbers?.seen?.stable), proof(numbers?.harm), proof(numbers?.safety),
        ].map { Table.Cell($0) }
    }

    /// Errors, or slow requests, of requests.
    private static func counts(_ served: Served?) -> String {
        served.map { "\($0.badAtMost)/\($0.requests)" } ?? "-"
    }

    /// Evidence of its limit, in nats.
    private static func proof(_ proof: Comparison.Proof?) -> String {
        proof.map { "\($0.evidence)/\($0.limit)" } ?? "-"
    }
}

/// A replay for programs.
struct ReplayView: Encodable {
    let lane: String?
    let operation: Int
    let policy: String?
    let looks: Int
    let transitions: [TransitionView]
    /// What is wrong beside the transitions.
    let faults: [String]
    let same: Bool

    init(_ replay: RolloutReplay) {
        lane = replay.lane?.description
        operation = replay.operation
        policy = replay.policy?.text
        looks = replay.looks
        transitions = replay.transitions.map(TransitionView.init)
        faults = replay.faults
        same = replay.firstDifference == nil
    }

    /// One transition; log-evidence in millionths of a nat.
    struct TransitionView: Encodable {
        let seq: Int
        let time: String
        let step: Int
        let perMille: Int
        let outcome: String
        let verdict: String?
        let reason: String?
        let metrics: [MetricView]
        let differences: [String]

        init(_ transition: RolloutReplay.Transition) {
            seq = transition.entry
            time = transition.time.rfc3339
            step = transition.step
            perMille = transition.perMille
            outcome = transition.outcome
            verdict = transition.verdict
            reason = transition.reason
            metrics = transition.comparisons.map(MetricView.init)
            differences = transition.differences
        }
    }

    /// What one metric came to.
    struct MetricView: Encodable {
        let metric: String
        let newRequests: Int64?
        let newErrors: Int64?
        let oldRequests: Int64?
        let oldErrors: Int64?
        let harm: Int64
        let harmLimit: Int64
        let safety: Int64
        let safetyLimit: Int64

        init(_ numbers: Comparison) {
            metric = numbers.metric.description
            newRequests = numbers.seen?.canary.requests
            newErrors = numbers.seen?.canary.badAtMost
            oldRequests = numbers.seen?.stable.requests
            oldErrors = numbers.seen?.stable.badAtMost
            harm = numbers.harm.evidence.millionths
            harmLimit = numbers.harm.limit.millionths
            safety = numbers.safety.evidence.millionths
            safetyLimit = numbers.safety.limit.millionths
        }
    }
}
