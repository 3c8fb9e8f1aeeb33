/// How far the preview checks of a new slot have come.
package struct PreviewState: Hashable, Sendable, Codable {
    /// One for each check, in the order of the plan.
    package var checks: [Standing]
    /// Where the bounds stand; nil where there are none.
    package var bounds: Standing?
    /// The time of the value since which all bounds are kept, in milliseconds since 1970; nil while one is
    /// not, or not known.
    package var keptSince: Int?
    /// When the last of them passed; nil while one has not.
    package var passed: Moment?

    /// Nothing was asked yet.
    package init(_ plan: PreviewPlan) {
        checks = plan.checks.map { _ in Standing() }
        bounds = plan.bounds.map { _ in Standing() }
    }

    /// Whether it is about what `plan` asks.
    package func isOf(_ plan: PreviewPlan) -> Bool {
        checks.count == plan.checks.count && (bounds == nil) == (plan.bounds == nil)
    }

    /// Where one check stands, or the bounds.
    package struct Standing: Hashable, Sendable, Codable {
        package var verdict: Verdict = .open
        /// When it passed; nil before, and of bounds, which are looked at until the switch.
        package var passed: Moment?
        /// Wrong answers in a row.
        package var wrong = 0
        /// What it came to when it was looked at last, for people; nil before.
        package var told: String?

        package init(_ verdict: Verdict = .open, told: String? = nil) {
            self.verdict = verdict
            self.told = told
        }
    }

    /// What is known of one check.
    package enum Verdict: String, Hashable, Sendable, Codable {
        case open
        case passed
        case failed
    }

    /// One word for all of it: one thing that failed is enough.
    package var verdict: Verdict {
        let verdicts = checks.map(\.verdict) + (bounds.map { [$0.verdict] } ?? [])
        if verdicts.contains(.failed) { return .failed }
        return verdicts.allSatisfy { $0 == .passed } ? .passed : .open
    }
}
