import AirlockModel

/// How an alert is spelled for those who are told.
enum AlertSentences {
    /// What tells alerts apart and what people route by; the same at every telling, so that the receiver
    /// sees one alert.
    static func labels(_ notice: AlertNotice) -> [String: String] {
        var labels = [
            "alertname": notice.alert.kind.rawValue,
            "severity": notice.alert.kind.severity.rawValue,
            "fleet": notice.fleet.description,
            "source": "airlock",
        ]
        switch notice.alert.scope {
        case .environment(let name): labels["environment"] = name.description
        case .lane(let lane):
            labels["lane"] = lane.description
            labels["environment"] = lane.environment.description
            labels["service"] = lane.unit.description
        case nil: break
        }
        labels["page"] = notice.alert.page?.rfc3339
        return labels
    }

    /// What may differ from one telling to the next.
    static func annotations(_ notice: AlertNotice) -> [String: String] {
        var annotations = [
            "summary": notice.alert.summary, "description": notice.alert.evidence,
            "action": notice.alert.advice,
        ]
        if let commit = notice.alert.commit { annotations["commit"] = commit.description }
        if notice.suppressed > 0 { annotations["suppressed"] = "\(notice.suppressed)" }
        return annotations
    }
}
