package import AirlockAnalysis
private import FoundationEssentials

/// What a rollout is judged by, in the form in which its first entry in the audit log keeps it.
package struct JudgedPolicy: Hashable, Sendable {
    package let policy: JudgePolicy
    /// Shares of the traffic of the steps, in per mille.
    package let steps: [Int]

    package init(_ policy: JudgePolicy, steps: [Int]) {
        self.policy = policy
        self.steps = steps
    }

    /// What a rollout through `steps` is judged by.
    package init(_ canary: CanaryState, steps: [Int]) {
        self.init(canary.judge.policy, steps: steps)
    }

    /// Canonical JSON. Durations are in milliseconds, chances in billionths, thresholds in millionths
    /// of their unit, ratios in thousandths, shares in per mille.
    package var text: String {
        let json = JSONValue.fields([
            "alpha": .integer(Int(policy.budget.total.billionths)),
            "falsePass": .integer(Int(policy.falsePass.billionths)),
            "oldest": .integer(policy.freshness.oldest),
            "ahead": .integer(policy.freshness.ahead),
            "limits": .array(policy.limits.map(\.spelled)),
            "metrics": .array(policy.metrics.map(\.spelled)),
            // Older logs have none, and are judged without.
            "negligible": policy.negligible.map { JSONValue.integer(Int($0.billionths)) },
            "steps": .array(steps.map(JSONValue.integer)),
        ])
        return String(decoding: json.canonicalBytes, as: UTF8.self)
    }

    /// Reads what ``text`` wrote; nil for anything else.
    package init?(_ text: String) {
        do {
            let form = try JSONDecoder().decode(Form.self, from: Data(text.utf8))
            let metrics = form.metrics.compactMap(\.metric)
            let limits = form.limits.compactMap(\.limit)
            guard metrics.count == form.metrics.count, limits.count == form.limits.count else {
                return nil
            }
            policy = try JudgePolicy(
                metrics: metrics, limits: limits, alpha: Chance(billionths: form.alpha),
                falsePass: Chance(billionths: form.falsePass),
                freshness: Freshness(
                    oldest: .milliseconds(form.oldest), ahead: .milliseconds(form.ahead)),
                negligible: form.negligible.map(Chance.init(billionths:)))
            guard form.steps.allSatisfy((0...1000).contains) else { return nil }
            steps = form.steps
        } catch { return nil }
        guard self.text == text else { return nil }
    }

    /// ``text`` as an entry of the audit log keeps it: a policy of many bounds is longer than a value may be,
    /// and goes on in `policy+1`, `policy+2`, ….
    package var detail: [String: String] {
        // One that fits into a value is written as it was by versions that had no pieces.
        EvidenceColumns.pieces(of: text, named: Self.name, bytes: AuditEntry.maximumDetailBytes)
    }

    /// Reads what ``detail`` wrote; nil for anything else.
    package init?(detail: [String: String]) {
        self.init(EvidenceColumns.text(named: Self.name, in: detail))
    }

    private static let name = "policy"

    private struct Form: Decodable {
        let alpha: Int64
        let falsePass: Int64
        let negligible: Int64?
        let oldest: Int
        let ahead: Int
        let limits: [LimitForm]
        let metrics: [MetricForm]
        let steps: [Int]
    }

    private struct LimitForm: Decodable {
        let signal: String
        let side: HardLimit.Side
        let threshold: Int64
        let `for`: Int

        var limit: HardLimit? {
            SignalName(signal).map {
                HardLimit(
                    signal: $0, side: side, threshold: SignalValue(millionths: threshold),
                    duration: .milliseconds(`for`))
            }
        }
    }

    private struct MetricForm: Decodable {
        let name: String
        let kind: String
        let weight: Int64
        let tolerated: Int64

        var metric: ComparedMetric? {
            guard let name = SignalName(name), let kind = ComparedMetric.Kind(spelled: kind) else {
                return nil
            }
            return ComparedMetric(
                name: name, kind: kind, weight: weight,
                tolerated: HarmRatio(thousandths: tolerated))
        }
    }
}

extension HardLimit {
    fileprivate var spelled: JSONValue {
        .fields([
            "signal": .text(signal), "side": .string(side.rawValue),
            "threshold": .integer(Int(threshold.millionths)),
            "for": .integer(duration.milliseconds),
        ])
    }
}

extension ComparedMetric {
    fileprivate var spelled: JSONValue {
        .fields([
            "name": .text(name), "kind": .string(kind.spelled), "weight": .integer(Int(weight)),
            "tolerated": .integer(Int(tolerated.thousandths)),
        ])
    }
}

extension ComparedMetric.Kind {
    private static let latencyWord = "latency:"

    fileprivate var spelled: String {
        switch self {
        case .badEvents: "badEvents"
        case .badParts: "badParts"
        case .latency(let quantile): "\(Self.latencyWord)\(quantile.thousandths)"
        }
    }

    fileprivate init?(spelled: String) {
        switch spelled {
        case "badEvents": self = .badEvents
        case "badParts": self = .badParts
        case let text:
            guard text.hasPrefix(Self.latencyWord),
                let thousandths = Int64(text.dropFirst(Self.latencyWord.count))
            else { return nil }
            self = .latency(Quantile(thousandths: thousandths))
        }
    }
}
