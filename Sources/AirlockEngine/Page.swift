import AirlockModel
import Logging

/// Something for which a person is called now.
struct Page: Sendable {
    /// Nil for the whole fleet.
    let lane: LaneID?
    let summary: String
    let evidence: String
    let advice: String
    let since: Timestamp

    init(lane: LaneID?, summary: String, evidence: String, advice: String, since: Timestamp) {
        self.lane = lane
        self.summary = summary
        self.evidence = evidence
        self.advice = advice
        self.since = since
    }

    /// What healing says of a lane.
    init(_ statement: HealingStatement, of record: LaneRecord) {
        self.init(
            lane: record.lane, summary: statement.text, evidence: statement.evidence,
            advice: statement.advice, since: statement.since)
    }
}

extension EngineParts {
    /// Says in the log that a person is called; notifiers ask for themselves what stands.
    func page(_ page: Page) {
        var metadata: Logger.Metadata = [
            "reason": "\(page.summary)", "evidence": "\(page.evidence)", "next": "\(page.advice)",
        ]
        metadata["lane"] = page.lane.map { "\($0)" }
        logger.error("page", metadata: metadata)
    }
}
