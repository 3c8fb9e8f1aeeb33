import AirlockModel

/// Audit entries as a person reads them, one line each.
struct AuditText {
    let entries: [AuditEntry]
    let ink: Ink

    var text: String {
        guard !entries.isEmpty else { return "No entries." }
        var table = Table(["seq", "time", "kind", "lane", "actor", "commit", "what"])
        for entry in entries {
            let draft = entry.draft
            let place = draft.lane?.description ?? draft.environment?.description ?? "-"
            table.add([
                Table.Cell(String(entry.sequence), .dim), Table.Cell(draft.time.local),
                Table.Cell(draft.kind.rawValue, paint(draft.kind)), Table.Cell(place),
                Table.Cell(draft.actor.id), Table.Cell(draft.commit?.short ?? "-", .dim),
                Table.Cell(Self.what(draft)),
            ])
        }
        return table.text(ink)
    }

    private func paint(_ kind: AuditKind) -> Ink.Shade {
        switch kind {
        case .commitRefused, .quarantined: .red
        case .drift, .frozen, .clock: .yellow
        case .settled, .commitAccepted, .released, .thawed: .green
        case .started, .adopted, .claimed, .decision, .intended, .trust: .plain
        }
    }

    /// Outcome, then what is particular, without the keys that only machines need.
    private static func what(_ draft: AuditDraft) -> String {
        let shown = draft.detail.filter { $0.key != "key" }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        let words = [draft.outcome, draft.about.map { "of \($0)" }].compactMap(\.self)
        return (words + shown).joined(separator: " ").replacing("\n", with: " ")
    }
}

/// An audit entry for YAML.
struct EntryView: Encodable {
    let seq: Int
    let time: String
    let kind: String
    let actor: Actor
    let lane: String?
    let environment: String?
    let commit: String?
    let change: String?
    let operation: Int?
    let artifact: String?
    let outcome: String?
    let about: Int?
    let detail: [String: String]

    init(_ entry: AuditEntry) {
        let draft = entry.draft
        seq = entry.sequence
        time = draft.time.rfc3339
        kind = draft.kind.rawValue
        actor = draft.actor
        lane = draft.lane?.description
        environment = draft.environment?.description
        commit = draft.commit?.description
        change = draft.change?.description
        operation = draft.operation
        artifact = draft.artifact?.description
        outcome = draft.outcome
        about = draft.about
        detail = draft.detail
    }
}
