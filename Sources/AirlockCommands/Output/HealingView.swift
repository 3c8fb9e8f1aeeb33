import AirlockHost
import AirlockModel

/// The healing of one lane as JSON and YAML show it.
struct HealingView: Encodable {
    /// A cause of healing.
    struct Case: Encodable {
        let fault: InstanceFault
        let slot: String
        let opened: String
        let last: String
        let closed: String?
        let heals: Int
        let sightings: Int
        let trend: Incident.Trend
    }

    /// An instance without traffic.
    struct Out: Encodable {
        let instance: String
        let times: Int
        let until: String
    }

    /// Something that healing says.
    struct Said: Encodable {
        let kind: HealingStatement.Kind
        let text: String
        let evidence: String
        let advice: String
        let since: String
    }

    /// Whether git asks for healing; nil where that is not known.
    let on: Bool?
    let budget: String?
    let spent: Int?
    let dryRun: [HealingRule]?
    let incidents: [Case]
    let ejected: [Out]
    let said: [Said]

    init?(_ record: HealingRecord?, policy: HealingPolicy?, isKnown: Bool, at now: Timestamp) {
        guard record != nil || policy != nil else { return nil }
        let record = record ?? HealingRecord()
        on = isKnown ? policy != nil : nil
        budget = policy?.budget.phrase
        spent = policy.map { record.spent(of: $0.budget, at: now) }
        dryRun = policy.map { $0.dryRun.sorted { $0.rawValue < $1.rawValue } }
        incidents = record.incidents.map { incident in
            Case(
                fault: incident.fault, slot: incident.slot.description,
                opened: incident.opened.rfc3339, last: incident.last.rfc3339,
                closed: incident.closed?.rfc3339, heals: incident.heals,
                sightings: incident.sightings, trend: incident.trend(at: now))
        }
        ejected = record.sentences.filter { $0.served == nil }.map {
            Out(instance: $0.instance, times: $0.times, until: $0.until.rfc3339)
        }
        said = record.said.map {
            Said(
                kind: $0.kind, text: $0.text, evidence: $0.evidence, advice: $0.advice,
                since: $0.since.rfc3339)
        }
    }
}

/// The same for a person.
struct HealingText {
    let record: HealingRecord
    let now: Timestamp
    let ink: Ink

    /// What stands: open incidents, ejected instances, and what healing says.
    var lines: [String] {
        let incidents = record.open.map { incident in
            ink.yellow("incident: \(Self.phrase(incident, at: now))")
        }
        let out = record.sentences.filter { $0.served == nil }.map {
            ink.yellow("\($0.instance) is ejected until \($0.until.local)")
        }
        let said = record.said.flatMap { statement -> [String] in
            let word: String =
                switch statement.kind {
                case .page: ink.red("paged: \(statement.text)")
                case .hold: ink.yellow("not healed: \(statement.text)")
                case .dryRun: ink.cyan("dry run: \(statement.text)")
                }
            let evidence = statement.evidence.isEmpty ? "" : " (\(statement.evidence.visible))"
            return [word + evidence]
                + (statement.advice.isEmpty ? [] : ["  → \(statement.advice)"])
        }
        return incidents + out + said
    }

    /// `failed instances in slot 0123…, 3 heals, 4 sightings since …, rising`.
    static func phrase(_ incident: Incident, at now: Timestamp) -> String {
        "\(incident.fault.noun) in slot \(incident.slot.short), \(incident.heals) heals and "
            + "\(incident.sightings) sightings since \(incident.opened.local), "
            + incident.trend(at: now).rawValue
    }

    /// How far the lane is healed, in one line.
    static func policy(
        _ policy: HealingPolicy?, _ record: HealingRecord, isKnown: Bool, at now: Timestamp
    ) -> String {
        guard isKnown else {
            return "whether it is healed stands in its environment's file, which cannot be read"
        }
        guard let policy else { return "is not healed: its environment has `healing` off" }
        let left = max(0, policy.budget.count - record.spent(of: policy.budget, at: now))
        let dry = policy.dryRun.map(\.rawValue).sorted().joined(separator: ", ")
        return "is healed, \(left) of \(policy.budget.phrase) left"
            + (dry.isEmpty ? "" : "; dry run of \(dry)")
    }
}
