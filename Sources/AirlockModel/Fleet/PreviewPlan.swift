/// What the new slot of a blue-green switch has to answer before it gets any traffic.
package struct PreviewPlan: Hashable, Sendable, Codable {
    /// The most checks of one release.
    package static let maximumChecks = 16

    /// Asked side by side; at least one.
    package var checks: [PreviewCheck]

    package init(checks: [PreviewCheck]) { self.checks = checks }

    /// The form that enters digests.
    package var canonical: JSONValue {
        .fields(["checks": .array(checks.map(\.canonical))])
    }
}

/// One request to the new slot and the answer that it has to give.
package struct PreviewCheck: Hashable, Sendable, Codable {
    /// The longest time that one answer may have.
    package static let longest = Duration.seconds(30)

    /// The path of the request, with a query where there is one; begins with a slash.
    package var path: String
    /// The HTTP status of the right answer.
    package var expect: Int
    /// The longest time for one answer.
    package var within: Duration
    /// After this many wrong answers in a row the check has failed.
    package var failures: Int

    package init(
        path: String, expect: Int = 200, within: Duration = .seconds(2), failures: Int = 3
    ) {
        self.path = path
        self.expect = expect
        self.within = within
        self.failures = failures
    }

    /// What is asked, for people.
    package var phrase: String { "GET \(path)" }

    fileprivate var canonical: JSONValue {
        .fields([
            "path": .string(path), "expect": .integer(expect),
            "within": .integer(within.milliseconds), "failures": .integer(failures),
        ])
    }
}
