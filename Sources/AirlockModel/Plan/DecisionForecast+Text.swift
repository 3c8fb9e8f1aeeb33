package import AirlockAnalysis

extension DecisionForecast {
    /// The time that each step needs, as lines for people.
    package var stepLines: [String] {
        steps.map { step in
            let time = step.time.map { "\($0.phrase) to tell" } ?? "never tells"
            return "\(step.share): \(time) a doubling of errors at \(step.rate.phrase)"
        }
    }

    /// Which step decides, and what comes before it or instead of it.
    package var answer: String {
        guard let first else {
            return "no step below 100% decides within \(plan.decideWithin.phrase)"
        }
        let words = "\(first.share) is the first that decides within \(first.deadline.phrase)"
        guard first != steps.first, let most = plan.maxExposed else { return words }
        return words + "; below it a step widens after \(steps[0].hold.phrase) while fewer than "
            + "\(most) users have met the new slot"
    }

    /// What is done where the time is over; nil where that does not happen.
    package var fallback: String? {
        guard stuck != nil else { return nil }
        return plan.onUndecided.map { "what stays undecided is \($0.done)" }
    }

    /// The traffic that it was reckoned from.
    package var basis: String {
        "\(traffic.rate.phrase), \(traffic.errors) of \(traffic.requests) failed in "
            + Duration.seconds(traffic.seconds).phrase
    }

    /// Why a step is not decided in time.
    package func needed(by step: Step) -> String {
        let time = step.time.map { "needs \($0.phrase)" } ?? "never has enough"
        return "\(step.share) \(time) to tell a doubling of errors and has \(step.deadline.phrase)"
    }
}

extension DecisionForecast.Step {
    /// Its share of the traffic in percent.
    package var share: String { Share(perMille: perMille).text }
}

extension CanaryPlan.Undecided {
    /// What is done, after "is".
    package var done: String {
        switch self {
        case .hold: "held for a person"
        case .promote: "promoted"
        case .revert: "reverted"
        }
    }
}

extension TrafficRate {
    /// With two digits that count: `0.42 requests/s`.
    package var phrase: String {
        let rate = requestsPerMillionSeconds
        switch rate {
        case 0: return "0 requests/s"
        case ..<10_000: return "\(max(1, rate * 3_600 / 1_000_000)) requests/h"
        case ..<1_000_000:
            let hundredths = rate / 10_000
            return "0.\(hundredths < 10 ? "0" : "")\(hundredths) requests/s"
        case ..<10_000_000:
            let tenths = rate / 100_000 % 10
            let whole = rate / 1_000_000
            return tenths == 0 ? "\(whole) requests/s" : "\(whole).\(tenths) requests/s"
        default: return "\(rate / 1_000_000) requests/s"
        }
    }
}

extension Duration {
    /// A length of time as the format spells it, to the millisecond: `2500ms`, `1m30s`, `2h`, `0s`.
    package var spelled: String {
        if milliseconds == 0 { return "0s" }
        let (seconds, rest) = (max(0, milliseconds / 1000), milliseconds % 1000)
        guard rest == 0, seconds > 0 else { return "\(max(0, milliseconds))ms" }
        let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// A length of time in its largest unit and, where it matters, the next: `45s`, `12m`, `3h 20m`.
    package var phrase: String {
        func two(_ large: Int, _ one: String, _ small: Int, _ other: String) -> String {
            small == 0 ? "\(large)\(one)" : "\(large)\(one) \(small)\(other)"
        }
        let seconds = max(0, milliseconds / 1000)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<600: two(seconds / 60, "m", seconds % 60, "s")
        case ..<3_600: "\(seconds / 60)m"
        case ..<86_400: two(seconds / 3_600, "h", seconds / 60 % 60, "m")
        case ..<8_640_000: two(seconds / 86_400, "d", seconds / 3_600 % 24, "h")
        default: "\(seconds / 86_400)d"
        }
    }
}
