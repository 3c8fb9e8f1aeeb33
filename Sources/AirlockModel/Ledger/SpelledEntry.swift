/// The canonical JSON of an entry before its number is known.
///
/// One thread numbers the entries of everybody; what can be done beside it is done here.
package struct SpelledEntry: Hashable, Sendable {
    /// Up to the number, and after it.
    private let before: [UInt8]
    private let after: [UInt8]

    /// The digits of the largest number.
    private static let numberBytes = 19

    /// Spells a draft that was read from a log, whose values were cut when it was written.
    init(uncut draft: AuditDraft) { (before, after) = Self.parts(draft, limit: .max) }

    /// Spells a draft; values are cut until every number fits into ``AuditEntry/maximumBytes``.
    package init(_ draft: AuditDraft) {
        var limit = AuditEntry.maximumDetailBytes
        var parts = Self.parts(draft, limit: limit)
        while parts.before.count + parts.after.count + Self.numberBytes > AuditEntry.maximumBytes,
            limit > 1
        {
            limit /= 2
            parts = Self.parts(draft, limit: limit)
        }
        (before, after) = parts
    }

    /// The entry with its number.
    package func bytes(sequence: Int) -> [UInt8] { before + String(sequence).utf8 + after }

    private static func parts(
        _ draft: AuditDraft, limit: Int
    ) -> (before: [UInt8], after: [UInt8]) {
        let actor = cut(draft.actor.id, to: min(limit, AuditEntry.maximumActorBytes))
        // The keys in their order by bytes.
        var json = CanonicalFields()
        json.add("about", draft.about)
        json.open("actor")
        json.add("id", actor)
        json.add("kind", draft.actor.kind.rawValue)
        json.close()
        json.addEmptyList("approvals")
        json.add("artifact", draft.artifact?.description)
        json.add("change", draft.change?.description)
        json.add("commit", draft.commit?.description)
        if !draft.detail.isEmpty {
            json.open("detail")
            let sorted = draft.detail.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (key, value) in sorted { json.add(key, cut(value, to: limit)) }
            json.close()
        }
        json.add("environment", draft.environment?.description)
        json.add("kind", draft.kind.rawValue)
        json.add("lane", draft.lane?.description)
        json.add("operation", draft.operation)
        json.add("outcome", draft.outcome.map { cut($0, to: limit) })
        json.name("seq")
        let before = json.bytes
        json.continue()
        json.add("time", draft.time.rfc3339)
        json.add("v", 1)
        json.close()
        return (before, json.bytes)
    }

    /// Cuts between characters of UTF-8, never inside one; what was cut so before stays as it is.
    private static func cut(_ text: String, to limit: Int) -> String {
        let isCut = text.hasSuffix(mark) && text.utf8.count - mark.utf8.count <= limit
        guard text.utf8.count > limit, !isCut else { return text }
        let isContinuation = { (byte: UInt8) in byte & 0xC0 == 0x80 }
        var kept = Array(text.utf8.prefix(limit + 1))
        while let last = kept.popLast(), isContinuation(last) {}
        return String(decoding: kept, as: UTF8.self) + mark
    }

    /// What stands for the rest of a text.
    private static let mark = "… (cut)"
}

/// Writes the fields of an object whose keys come in their order.
private struct CanonicalFields {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isFirst = true

    init() { bytes.reserveCapacity(1_024) }

    /// Writes a key; its value comes next.
    mutating func name(_ key: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        JSONValue.write(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    mutating func add(_ key: String, _ text: String?) {
        guard let text else { return }
        name(key)
        JSONValue.write(text, to: &bytes)
    }

    mutating func add(_ key: String, _ number: Int?) {
        guard let number else { return }
        name(key)
        bytes.append(contentsOf: String(number).utf8)
    }

    mutating func addEmptyList(_ key: String) {
        name(key)
        bytes.append(contentsOf: "[]".utf8)
    }

    mutating func open(_ key: String) {
        name(key)
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
    }

    mutating func close() {
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    /// Forgets what was written and goes on after a value.
    mutating func `continue`() {
        bytes.removeAll(keepingCapacity: true)
        isFirst = false
    }
}
