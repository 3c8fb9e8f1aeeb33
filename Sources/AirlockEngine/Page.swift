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
    /// Calls a person; the one place from which that is done for healing and stops.
    func page(_ page: Page) {
        var metadata: Logger.Metadata = [
            "reason": "\(page.summary)", "evidence": "\(page.evidence)", "next": "\(page.advice)",
        ]
        metadata["lane"] = page.lane.map { "\($0)" }
        logger.error("page", metadata: metadata)
    }
}
