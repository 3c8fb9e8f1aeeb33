package import AirlockAnalysis

/// What the judge of a rollout said at one moment, spelled so that it can be compared byte for byte.
package struct Ruling: Hashable, Sendable, Codable {
    /// The last look that it takes into account, counted from 1 over the whole rollout.
    package let looks: Int
    /// How long the step was held, in milliseconds of monotonic time.
    package let heldMilliseconds: Int
    /// `harmful`, `acceptable` or `undecided`.
    package let verdict: String
    /// The numbers and the limits that they are held to, for people.
    package let sentences: String
    /// Who let the rollout leave the step; nil where nobody did.
    package let letOnBy: String?
    /// Why it left an undecided step before its time; nil where it did not.
    package let widened: String?
    /// Why it gave a widened share back; nil where it did not.
    package let narrowed: String?
    /// Log-evidence and limits of each metric in millionths, as canonical JSON.
    package let proofs: String

    /// What `judge` says now.
    ///
    /// - Parameter looks: How many looks it took.
    package init(
        _ judge: Judge, looks: Int, heldMilliseconds: Int, letOnBy person: String? = nil,
        widened: String? = nil, narrowed: String? = nil
    ) {
        let verdict = judge.verdict
        self.looks = looks
        self.heldMilliseconds = heldMilliseconds
        letOnBy = person
        self.widened = widened
        self.narrowed = narrowed
        self.verdict = verdict.word
        sentences = verdict.sentences.joined(separator: " ")
        let proofs = JSONValue.array(judge.metrics.map(\.comparison.canonical))
        self.proofs = String(decoding: proofs.canonicalBytes, as: UTF8.self)
    }

    /// Why a step was passed, for people.
    package var passed: String {
        let by = letOnBy.map { ", let on by \($0)" } ?? ""
        let widened = widened.map { ", widened: \($0)" } ?? ""
        return "\(verdict) after \(heldMilliseconds / 1000) s\(by)\(widened): \(sentences)"
    }

    /// What an entry of the audit log says of it beside its evidence for people.
    package var detail: [String: String] {
        var detail = [
            "looks": String(looks), "held": String(heldMilliseconds), "verdict": verdict,
            "proofs": proofs,
        ]
        (detail["letOnBy"], detail["widened"], detail["narrowed"]) = (letOnBy, widened, narrowed)
        return detail
    }
}

extension Comparison {
    fileprivate var canonical: JSONValue {
        .fields([
            "metric": .text(metric),
            "harm": .integer(Int(harm.evidence.millionths)),
            "harmLimit": .integer(Int(harm.limit.millionths)),
            "safety": .integer(Int(safety.evidence.millionths)),
            "safetyLimit": .integer(Int(safety.limit.millionths)),
            // Older logs have none.
            "share": share.map { .integer(Int($0.proof.evidence.millionths)) },
            "shareLimit": share.map { .integer(Int($0.proof.limit.millionths)) },
        ])
    }
}
