import AirlockHTTP
package import AirlockModel
package import AirlockPorts
import FoundationEssentials

/// Tells Alertmanager by its API v2 (`POST /api/v2/alerts`).
///
/// An alert that stands is told again and again with an end that lies ahead, as Prometheus does it: when
/// Airlock dies, what nobody tells any more ends by itself.
package struct AlertmanagerNotifier: Notifier {
    private static let limit = Duration.seconds(5)
    private static let maximumBytes = 64 << 10
    /// How long an alert stands that is not told again: four tellings.
    private static let patience = 4

    package let name = "alertmanager"
    package var repeats: Duration? { every }

    private let every: Duration
    private let endpoint: OutsideEndpoint

    /// - Parameter every: Time between two tellings of an alert that stands.
    package init(_ endpoint: OutsideEndpoint, every: Duration = .seconds(60)) {
        self.endpoint = endpoint
        self.every = every
    }

    /// The form of `postableAlert` in Alertmanager's OpenAPI description.
    struct PostableAlert: Encodable {
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        let endsAt: String
    }

    package func tell(_ notices: [AlertNotice]) async throws(NotifierError) {
        let body = try OutsideEndpoint.json(notices.map { postable($0) })
        try await endpoint.post(
            body, to: "/api/v2/alerts", limit: Self.limit, maximumBytes: Self.maximumBytes)
    }

    func postable(_ notice: AlertNotice) -> PostableAlert {
        let end =
            switch notice.status {
            case .firing: notice.at + every * Self.patience
            case .resolved: notice.at
            }
        return PostableAlert(
            labels: AlertSentences.labels(notice), annotations: AlertSentences.annotations(notice),
            startsAt: notice.alert.since.rfc3339,
            // It refuses an end before the start, which a clock that was set back would give.
            endsAt: max(end, notice.alert.since).rfc3339)
    }
}
