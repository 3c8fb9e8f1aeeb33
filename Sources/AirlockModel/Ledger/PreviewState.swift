/// How far the preview checks of a new slot have come.
package struct PreviewState: Hashable, Sendable, Codable {
    /// One for each check, in the order of the plan.
    package var checks: [Standing]
    /// When the last of them passed; nil before.
    package var passed: Moment?

    /// Nothing was asked yet.
    package init(_ plan: PreviewPlan) {
        checks = plan.checks.map { _ in Standing() }
    }

    /// Where one check stands.
    package struct Standing: Hashable, Sendable, Codable {
        package var verdict: Verdict = .open
        /// Wrong answers in a row.
        package var wrong = 0
        /// What it came to when it was asked last, for people; nil before.
        package var told: String?
    }

    /// What is known of one check.
    package enum Verdict: String, Hashable, Sendable, Codable {
        case open
        case passed
        case failed
    }

    /// One word for all checks: one that failed is enough.
    package var verdict: Verdict {
        if checks.contains(where: { $0.verdict == .failed }) { return .failed }
        return checks.allSatisfy { $0.verdict == .passed } ? .passed : .open
    }
}
