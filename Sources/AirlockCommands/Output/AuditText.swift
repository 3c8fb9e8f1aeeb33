import AirlockModel
import Foundation

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
        case .commitRefused, .quarantined, .paged, .alarm: .red
        case .drift, .frozen, .clock, .healing: .yellow
        case .settled, .commitAccepted, .released, .thawed: .green
        case .started, .adopted, .claimed, .decision, .evidence, .intended, .trust: .plain
        }
    }

    /// Outcome, then what is particular, without the keys that only machines need.
    private static func what(_ draft: AuditDraft) -> String {
        let shown = draft.detail.filter { isForPeople($0.key, of: draft.kind) && !$0.value.isEmpty }
            .sorted { $0.key < $1.key }
            .map { "\($0.key)=\(Self.brief($0.value))" }
        let words = [
            draft.outcome, draft.about.map { "#\($0)" },
            draft.detail["action"].map(ActionText.phrase),
        ].compactMap(\.self)
        return (words + shown).joined(separator: " ").replacing("\n", with: " ")
    }

    /// The counts of evidence are for `airlock rollout replay`.
    private static func isForPeople(_ key: String, of kind: AuditKind) -> Bool {
        // A long value goes on under its name with a number.
        kind == .evidence
            ? key == "looks"
            : !["key", "action", "policy", "proofs", "held"].contains(key.prefix { $0 != "+" })
    }

    /// Digests and commit names as short as everywhere else; other text as it is.
    private static func brief(_ value: String) -> String {
        let isHex = value.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard isHex else { return value }
        return switch value.utf8.count {
        case 64: String(value.prefix(12))
        case 40: String(value.prefix(10))
        case _: value
        }
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

/// An action of an audit entry in a few words: `start 2 of 965b97a935d7`.
enum ActionText {
    /// The canonical form that the entry holds.
    private struct Form: Decodable {
        let `do`: String
        let slot: String?
        let replicas: Int?
        let weights: [String: Int]?
    }

    static func phrase(_ canonical: String) -> String {
        do {
            let form = try JSONDecoder().decode(Form.self, from: Data(canonical.utf8))
            let shares = (form.weights ?? [:]).sorted { $0.key < $1.key }
                .map { "\($0.value)‰ to \($0.key.prefix(12))" }
            let place = form.slot.map { String($0.prefix(12)) }
            let count = form.replicas.map(String.init)
            switch (form.do, form.weights) {
            case (_, _?):
                return ([form.do] + (shares.isEmpty ? ["nothing"] : shares))
                    .joined(separator: " ")
            case ("scale", nil):
                return [form.do, place, count.map { "to \($0)" }].compactMap(\.self)
                    .joined(separator: " ")
            case (_, nil):
                return [form.do, count.map { "\($0) of" }, place].compactMap(\.self)
                    .joined(separator: " ")
            }
        } catch { return canonical }
    }
}
