package import AirlockAnalysis

/// What the new slot of a blue-green switch has to show before it gets any traffic.
package struct PreviewPlan: Hashable, Sendable, Codable {
    /// The most checks of one release.
    package static let maximumChecks = 16
    /// How long a pass counts while the switch waits for something else.
    package static let validity = Duration.seconds(300)

    /// Asked side by side; empty where nothing is asked.
    package var checks: [PreviewCheck]
    /// What it has to keep to; nil for nothing.
    package var bounds: PreviewBounds?

    package init(checks: [PreviewCheck], bounds: PreviewBounds? = nil) {
        self.checks = checks
        self.bounds = bounds
    }

    /// The form that enters digests.
    package var canonical: JSONValue {
        .fields(["checks": .array(checks.map(\.canonical)), "bounds": bounds?.canonical])
    }
}

/// The bounds of a release that its new slot has to keep to while it is idle.
package struct PreviewBounds: Hashable, Sendable, Codable {
    /// Those of the release's bounds that say something of a slot without requests; at least one, in their
    /// order there.
    package var signals: [SignalName]
    /// How long in one go all of them have to be kept.
    package var hold: Duration

    package init(signals: [SignalName], hold: Duration = .seconds(60)) {
        self.signals = signals
        self.hold = hold
    }

    /// Whether it is about that bound. A slot without traffic that uses no CPU does nothing wrong.
    package func includes(_ limit: HardLimit) -> Bool {
        let isIdleness = limit.side == .below && limit.signal == HardLimit.Known.cpu.name
        return signals.contains(limit.signal) && !isIdleness
    }

    fileprivate var canonical: JSONValue {
        .fields([
            "signals": .array(signals.map { .text($0) }), "hold": .integer(hold.milliseconds),
        ])
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
