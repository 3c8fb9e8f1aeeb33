private import FoundationEssentials

/// Why bytes are not an audit entry.
package enum AuditEntryError: Error, Hashable, Sendable {
    /// Not JSON, or a field is missing or of another form.
    case undecodable(String)
    /// An entry, but not spelled as ``AuditEntry/bytes`` spells it.
    case notCanonical
    /// Written by a version of the format that is not known here.
    case version(Int)
}

extension AuditEntryError: CustomStringConvertible {
    /// One phrase, without a full stop.
    package var description: String {
        switch self {
        case .undecodable(let what): what
        case .notCanonical: "it is not spelled as entries are"
        case .version(let number): "it has version \(number), which is not known here"
        }
    }
}

extension AuditEntry {
    /// What of an entry cannot be read, in words.
    private static func told(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): return "the field \(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "it is not JSON" : "the field \(path) has another form"
        @unknown default: return "a field cannot be read"
        }
    }

    /// The version of the format that is written and read.
    private static let version = 1

    /// Reads what ``bytes`` wrote, and nothing else: another spelling of the same entry is refused.
    package init(bytes: [UInt8]) throws(AuditEntryError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw .undecodable(Self.told(error))
        } catch {
            throw .undecodable(String(String(describing: error).prefix(300)))
        }
        guard fields.v == Self.version else { throw .version(fields.v) }
        guard let time = Timestamp(rfc3339: fields.time) else {
            throw .undecodable("the time is not RFC 3339")
        }
        self.init(
            sequence: fields.seq,
            draft: AuditDraft(
                kind: fields.kind, time: time, actor: fields.actor, lane: fields.lane,
                environment: fields.environment, commit: fields.commit, change: fields.change,
                operation: fields.operation, artifact: fields.artifact, outcome: fields.outcome,
                about: fields.about, detail: fields.detail ?? [:]))
        let again = SpelledEntry(uncut: draft).bytes(sequence: sequence)
        guard again == bytes else { throw .notCanonical }
    }

    private struct Fields: Decodable {
        let v: Int
        let seq: Int
        let time: String
        let kind: AuditKind
        let actor: Actor
        let lane: LaneID?
        let environment: EnvironmentName?
        let commit: CommitID?
        let change: ChangeID?
        let operation: Int?
        let artifact: ArtifactReference?
        let outcome: String?
        let about: Int?
        let detail: [String: String]?
    }
}
