/// One lane's move from its base (the slot it last settled on) to its target.
package struct Change: Hashable, Sendable, Codable {
    package let id: ChangeID
    package let lane: LaneID
    package let kind: Kind
    /// What the lane last settled on; nil for a first deployment.
    package let base: Settled?
    package let target: Target
    package let strategy: Strategy
    package let policy: PolicyDigest
    /// The commit that asks for it; not part of the id.
    package var commit: CommitID?
    /// What besides a commit asks for it, such as `secret:checkout-db@2`.
    package let cause: String?
    /// Whether it goes back to what the lane ran before its base, so that nothing of it is judged; nil for no.
    package let isReturn: Bool?

    /// What kind of move it is, for people and for the blast radius.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// A lane that never settled.
        case create
        /// Another slot.
        case replace
        /// The same slot with another number of instances.
        case scale
        case remove
    }

    /// Where the lane shall be when the change has settled.
    package enum Target: Hashable, Sendable, Codable {
        case slot(SlotSpec, version: String?, replicas: Replicas)
        case removal

        /// The slot that shall run; nil for a removal.
        package var slot: SlotID? {
            switch self {
            case .slot(let spec, _, _): spec.id
            case .removal: nil
            }
        }
    }

    /// Computes the id from (lane, base, target or removal, declared replicas, strategy, policy, return).
    package init(
        lane: LaneID, kind: Kind, base: Settled?, target: Target, strategy: Strategy,
        policy: PolicyDigest, commit: CommitID?, cause: String? = nil, isReturn: Bool? = nil
    ) {
        self.lane = lane
        self.kind = kind
        self.base = base
        self.target = target
        self.strategy = strategy
        self.policy = policy
        self.commit = commit
        self.cause = cause
        self.isReturn = isReturn
        var replicas: JSONValue?
        if case .slot(_, _, let declared) = target {
            replicas = .array([.integer(declared.minimum), .integer(declared.maximum)])
        }
        id = ChangeID(
            digest: Digest(
                of: .fields([
                    "v": .integer(1),
                    "lane": .text(lane),
                    "base": base.map { .text($0.slot.id) },
                    "target": .string(target.slot?.description ?? "removal"),
                    "replicas": replicas,
                    "strategy": strategy.canonical,
                    "policy": .text(policy),
                    "return": isReturn.map(JSONValue.bool),
                ])))
    }
}

extension Change {
    /// What is said of one that goes back to what the lane ran before.
    package static let returnPhrase =
        "it ran here before: no step waits, and nothing is judged again"

    /// Whether it is the same move as `other`, but for how many instances the slot shall have. A slot that
    /// shall have none is another matter.
    package func differsInReplicasAlone(from other: Change) -> Bool {
        guard case .slot(let slot, let version, let mine) = target,
            case .slot(_, _, let theirs) = other.target, mine != theirs,
            mine.maximum > 0, theirs.maximum > 0
        else { return false }
        let same = Change(
            lane: lane, kind: kind, base: base,
            target: .slot(slot, version: version, replicas: theirs), strategy: strategy,
            policy: other.policy, commit: nil, isReturn: isReturn)
        return same.id == other.id
    }
}

/// What a lane was last brought to and has been since.
package struct Settled: Hashable, Sendable, Codable {
    package let slot: SlotSpec
    package var version: String?
    package let replicas: Replicas
    /// The change and operation that brought it here; nil for what was adopted.
    package let change: ChangeID?
    package let operation: Int?
    package let commit: CommitID?
    package let at: Timestamp

    package init(
        slot: SlotSpec, version: String?, replicas: Replicas, change: ChangeID?, operation: Int?,
        commit: CommitID?, at: Timestamp
    ) {
        self.slot = slot
        self.version = version
        self.replicas = replicas
        self.change = change
        self.operation = operation
        self.commit = commit
        self.at = at
    }
}

/// Bringing a lane back to what it settled on.
package struct Repair: Hashable, Sendable, Codable {
    package let lane: LaneID
    /// Nil when the lane shall run nothing.
    package let to: Settled?
    package let found: [Drift]

    package init(lane: LaneID, to: Settled?, found: [Drift]) {
        self.lane = lane
        self.to = to
        self.found = found
    }

    /// Whether it mends no drift: it takes back what was under way, because git does not ask for that any
    /// more. People read it as a rollback, not as a repair.
    package var isRollback: Bool { found.isEmpty }

    /// Whether it is a rollback that leaves something that serves; the end of a first deployment does not.
    package var goesBack: Bool { isRollback && to != nil }
}

/// One way in which a lane differs from what it settled on.
package enum Drift: Hashable, Sendable, Codable {
    case slotMissing(SlotID)
    case slotEdited(SlotID, found: SlotID)
    case slotForeign(SlotID)
    case replicas(SlotID, found: Int, declared: Replicas)
    case weights(found: [SlotID: Int], settled: SlotID)
}
