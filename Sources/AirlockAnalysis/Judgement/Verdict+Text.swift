extension Verdict {
    /// One word: `harmful`, `acceptable` or `undecided`.
    package var word: String {
        switch self {
        case .harmful: "harmful"
        case .acceptable: "acceptable"
        case .undecided: "undecided"
        }
    }

    /// What people read: a sentence for each reason, with numbers and limits.
    package var sentences: [String] {
        switch self {
        case .harmful(let reasons): reasons.map(\.sentence)
        case .acceptable(let comparisons): comparisons.map(\.exclusion)
        case .undecided(let reasons): reasons.map(\.sentence)
        }
    }
}

extension HarmReason {
    /// Names the numbers and the limit that they passed.
    package var sentence: String {
        switch self {
        case .comparison(let numbers, _):
            "\(numbers.metric): \(numbers.counts)evidence of harm \(numbers.harm.evidence) nats, "
                + "the limit is \(numbers.harm.limit)."
        case .limit(let limit, let value, let since, let time):
            "\(limit.signal) is \(value), \(limit.side.rawValue) \(limit.threshold) since "
                + "\((time - since) / 1000) s; the limit is \(limit.seconds) s."
        }
    }
}

extension Comparison {
    /// What harm was excluded.
    package var exclusion: String {
        if let share, share.isExcluded, safety.evidence < safety.limit {
            let counted = share.areCauses == true ? ", retries counted once," : ""
            return "\(metric): \(counts)a share of \(share.negligible) bad requests\(counted) or "
                + "more on the canary \(Self.excluded(by: share.proof))"
        }
        return "\(metric): \(counts)\(tolerated) times the stable slot's rate or more "
            + (share == nil ? "is excluded, \(Self.numbers(safety))" : Self.excluded(by: safety))
    }

    /// What was once excluded stays so until the next step, whatever the evidence does then. A policy
    /// of old has no share, and a replay of its log has to say what was said then.
    private static func excluded(by proof: Proof) -> String {
        let numbers = numbers(proof)
        guard proof.evidence < proof.limit else { return "is excluded, \(numbers)" }
        return "was excluded earlier in this step; by now \(numbers)"
    }

    private static func numbers(_ proof: Proof) -> String {
        "evidence \(proof.evidence) nats, the limit is \(proof.limit)."
    }

    /// How far both questions are from an answer.
    var standing: String {
        "\(metric): \(counts)evidence of harm \(harm.evidence) of \(harm.limit) nats, of safety "
            + "\(safety.evidence) of \(safety.limit)" + (share?.standing ?? "")
    }

    /// `7 bad of 600 on the canary, 290 of 59400 on stable; `, or nothing where none are kept.
    fileprivate var counts: String {
        guard let seen else { return "" }
        let word = areSlow == true ? "slow" : "bad"
        return "\(seen.canary.badAtMost) \(word) of \(seen.canary.requests) on the canary, "
            + "\(seen.stable.badAtMost) of \(seen.stable.requests) on stable; "
    }
}

extension Comparison.Share {
    /// How far it is from an answer, after that of the ratio.
    fileprivate var standing: String {
        ", of less than \(negligible) bad \(proof.evidence) of \(proof.limit)"
    }
}

extension Indecision {
    /// Names what is missing.
    package var sentence: String {
        switch self {
        case .fault(let metric, let fault): "\(metric): \(fault.words); nothing is concluded."
        case .limitUnknown(let limit, let fault):
            "\(limit.signal): \(fault.words); nobody knows whether the limit is kept."
        case .limitBeyond(let limit, let value, let since):
            "\(limit.signal) is \(value), \(limit.side.rawValue) \(limit.threshold) since "
                + "\(timeOfDay(since)); not for \(limit.seconds) s yet."
        case .nothingToCompare(let metric):
            "\(metric): one of the slots had no request in this step."
        case .noReference(let metric):
            "\(metric): what is slow is not known yet; stable had too few requests, or the "
                + "quantile is beyond the last bucket."
        case .oneWitness(let numbers):
            "\(numbers.standing); one key or instance had all of it, and two have to agree."
        case .evidence(let numbers, let estimate):
            "\(numbers.standing); "
                + (estimate.map { "about \($0.components.seconds) s more at this traffic." }
                    ?? "nobody knows how much longer at this traffic.")
        case .noMetric: "No metric is compared, so nothing can show that the release is acceptable."
        }
    }
}

/// The time of day in UTC of milliseconds since 1970, as `09:05:07 UTC`. It goes into texts that a replay
/// compares, so it depends on no locale.
private func timeOfDay(_ milliseconds: Int) -> String {
    let seconds = milliseconds / 1000 % 86_400
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60]
    return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":") + " UTC"
}

extension DataFault {
    /// In a sentence.
    fileprivate var words: String {
        switch self {
        case .down: "the source did not answer"
        case .empty: "the source had no value"
        case .stale: "the newest value is too old"
        case .notANumber: "the value is no number or contradicts itself"
        case .fromTheFuture: "the value is from the future"
        }
    }
}

extension HardLimit {
    /// Its duration in whole seconds.
    fileprivate var seconds: Int64 { duration.components.seconds }
}
