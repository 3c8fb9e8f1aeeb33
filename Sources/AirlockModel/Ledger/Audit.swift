/// Who did or decided something.
package struct Actor: Hashable, Sendable, Codable {
    package let id: String
    package let kind: Kind

    package init(id: String, kind: Kind) {
        self.id = id
        self.kind = kind
    }

    /// The reconciler itself: repairs, rollbacks, drift.
    package static let airlock = Actor(id: "airlock", kind: .service)

    /// How the actor was known.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// A user of this machine, `uid:1000`.
        case local
        /// The author that a commit names, unproven while `signatures: none`.
        case git
        case service
    }
}

/// What an audit entry is about.
package enum AuditKind: String, Hashable, Sendable, Codable, CaseIterable {
    case started
    case adopted
    case claimed
    case commitAccepted = "commit.accepted"
    case commitRefused = "commit.refused"
    case decision
    /// What a rollout was judged by since the entry before.
    case evidence
    case intended
    case settled
    case drift
    case frozen
    case thawed
    /// An incident was opened or closed, or healing said something.
    case healing
    /// A person was paged.
    case paged
    case quarantined
    case released
    /// A signal left its usual course after a change had settled.
    case alarm
    case clock
    case trust
}

/// An audit entry before the ledger gave it its place.
package struct AuditDraft: Hashable, Sendable {
    package var kind: AuditKind
    package var time: Timestamp
    package var actor: Actor
    package var lane: LaneID?
    package var environment: EnvironmentName?
    package var commit: CommitID?
    package var change: ChangeID?
    package var operation: Int?
    package var artifact: ArtifactReference?
    package var outcome: String?
    /// The sequence number of the entry that this one ends.
    package var about: Int?
    /// What is particular to the kind, such as the action or what drifted.
    package var detail: [String: String]

    package init(
        kind: AuditKind, time: Timestamp, actor: Actor = .airlock, lane: LaneID? = nil,
        environment: EnvironmentName? = nil, commit: CommitID? = nil, change: ChangeID? = nil,
        operation: Int? = nil, artifact: ArtifactReference? = nil, outcome: String? = nil,
        about: Int? = nil, detail: [String: String] = [:]
    ) {
        self.kind = kind
        self.time = time
        self.actor = actor
        self.lane = lane
        self.environment = environment ?? lane?.environment
        self.commit = commit
        self.change = change
        self.operation = operation
        self.artifact = artifact
        self.outcome = outcome
        self.about = about
        self.detail = detail
    }
}

/// One entry of the audit log: who, what, when, from which commit, with which approvals.
package struct AuditEntry: Hashable, Sendable {
    /// The largest entry in bytes.
    package static let maximumBytes = 16 * 1024
    /// The longest outcome or value of a detail in bytes; longer text is cut and marked.
    package static let maximumDetailBytes = 2 * 1024
    /// The longest id of an actor in bytes; a commit can name an author at any length.
    static let maximumActorBytes = 512

    package let sequence: Int
    package let draft: AuditDraft

    package init(sequence: Int, draft: AuditDraft) {
        self.sequence = sequence
        self.draft = draft
    }

    /// Canonical JSON: sorted keys, no floats, absent fields left out.
    ///
    /// Never longer than ``maximumBytes``: when the values together are too long, all are cut shorter.
    package var bytes: [UInt8] { SpelledEntry(draft).bytes(sequence: sequence) }
}

/// Which audit entries are wanted; every given field must match.
package struct AuditFilter: Hashable, Sendable, Codable {
    package var lane: LaneID?
    package var environment: EnvironmentName?
    package var commit: CommitID?
    package var actor: String?
    /// Only these kinds; empty for all.
    package var kinds: Set<AuditKind>
    package var since: Timestamp?
    package var until: Timestamp?
    /// The newest that many; nil for all.
    package var last: Int?

    package init(
        lane: LaneID? = nil, environment: EnvironmentName? = nil, commit: CommitID? = nil,
        actor: String? = nil, kinds: Set<AuditKind> = [], since: Timestamp? = nil,
        until: Timestamp? = nil, last: Int? = nil
    ) {
        self.lane = lane
        self.environment = environment
        self.commit = commit
        self.actor = actor
        self.kinds = kinds
        self.since = since
        self.until = until
        self.last = last
    }

    /// Whether `entry` matches every field but ``last``.
    package func matches(_ entry: AuditDraft) -> Bool {
        (lane == nil || entry.lane == lane)
            && (environment == nil || entry.environment == environment)
            && (commit == nil || entry.commit == commit)
            && (actor == nil || entry.actor.id == actor)
            && (kinds.isEmpty || kinds.contains(entry.kind))
            && (since.map { entry.time >= $0 } ?? true)
            && (until.map { entry.time <= $0 } ?? true)
    }
}
