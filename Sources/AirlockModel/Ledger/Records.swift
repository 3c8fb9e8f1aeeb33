/// What the journal holds of one lane.
package struct LaneRecord: Hashable, Sendable, Codable {
    package let lane: LaneID
    /// Nil before the first deployment and after a removal.
    package var settled: Settled?
    /// The operation under way; nil when there is none.
    package var operation: Int?
    /// The last decision that was recorded, so that a decision is recorded when it changes and not at
    /// each tick.
    package var decision: Decision?
    /// The change that the decision holds and the commit that caused it, which a start could not find
    /// out again; nil when no change is held.
    package var held: HeldChange?
    /// Its incidents and what healing did; nil where there is nothing to tell.
    package var healing: HealingRecord?
    /// What is watched because a change settled a short while ago; nil when nothing is.
    package var watch: Boxed<WatchRecord>?
    /// What ran before the slot that it settled on, the newest first; at most ``maximumPrevious``.
    package private(set) var previous: [SlotID]?

    /// How many slots of the past are kept.
    package static let maximumPrevious = 8

    package init(
        lane: LaneID, settled: Settled? = nil, operation: Int? = nil, decision: Decision? = nil,
        held: HeldChange? = nil, healing: HealingRecord? = nil, watch: Boxed<WatchRecord>? = nil
    ) {
        self.lane = lane
        self.settled = settled
        self.operation = operation
        self.decision = decision
        self.held = held
        self.healing = healing
        self.watch = watch
    }

    /// Notes that it settles on another slot. One that ran before is where it was then: what ran after it was left
    /// for it, and is a new release when it is asked for again.
    package mutating func replace(_ old: SlotID, by new: SlotID) {
        let past = older(than: old)
        if let place = past.firstIndex(of: new) {
            previous = Array(past[(place + 1)...])
        } else {
            previous = Array(([old] + past).prefix(Self.maximumPrevious))
        }
    }

    /// Whether `slot` ran in the lane before what it settled on did: to bring it is to go back, not a new
    /// release.
    package func isReturn(to slot: SlotID) -> Bool {
        settled.map { older(than: $0.slot.id).contains(slot) } == true
    }

    /// What ran before a slot. Journals of an earlier version name what was left for it as well, before it.
    private func older(than slot: SlotID) -> [SlotID] {
        let all = previous ?? []
        return all.firstIndex(of: slot).map { Array(all[($0 + 1)...]) } ?? all
    }

    /// What was decided about a lane, in words.
    package enum Decision: Hashable, Sendable, Codable {
        /// An operation was opened for this.
        case work(String)
        /// The lane waits, for this reason.
        case hold(String)
    }

    /// Why the lane waits; nil when it does not.
    package var holdReason: String? {
        if case .hold(let reason)? = decision { reason } else { nil }
    }
}

/// One attempt at a change, one repair or one heal; numbered per ledger when it opens.
package struct OperationRecord: Hashable, Sendable, Codable {
    package let number: Int
    package let lane: LaneID
    package var work: Work
    /// The commit that caused it, and its author.
    package let commit: CommitID?
    package let author: String?
    package let opened: Timestamp
    package var rollout: RolloutState
    package var outcome: Outcome?
    package var ended: Timestamp?
    /// What the lane was like before; nil where its result will not be watched.
    package var history: Boxed<WatchHistory>?
    /// The watch over what it replaces, which goes on when it is rolled back.
    package var watchBefore: Boxed<WatchRecord>?

    package init(
        number: Int, lane: LaneID, work: Work, commit: CommitID?, author: String?,
        opened: Timestamp, rollout: RolloutState = RolloutState(), outcome: Outcome? = nil,
        ended: Timestamp? = nil
    ) {
        self.number = number
        self.lane = lane
        self.work = work
        self.commit = commit
        self.author = author
        self.opened = opened
        self.rollout = rollout
        self.outcome = outcome
        self.ended = ended
    }

    /// What an operation carries out; in an allocation of its own, because records are handed about.
    package indirect enum Work: Hashable, Sendable, Codable {
        case change(Change)
        case repair(Repair)
        case heal(Heal)
        case verify(Verification)
    }

    /// How an operation ended.
    package enum Outcome: Hashable, Sendable, Codable {
        case settled
        case rolledBack(reason: String)
        /// Another operation took its place before it settled.
        case superseded
        /// What it was decided on is too old to be acted on.
        case expired
        /// The test job ended, or its time did.
        case verified(VerificationOutcome)

        /// One word for audit entries and tables.
        package var word: String {
            switch self {
            case .settled: "settled"
            case .rolledBack: "rolledBack"
            case .superseded: "superseded"
            case .expired: "expired"
            case .verified(let outcome): outcome.rawValue
            }
        }
    }

    /// The change that it carries out; nil for a repair or a heal.
    package var change: Change? {
        switch work {
        case .change(let change): change
        case .repair, .heal, .verify: nil
        }
    }

    /// What it heals; nil for a change or a repair.
    package var heal: Heal? {
        switch work {
        case .heal(let heal): heal
        case .change, .repair, .verify: nil
        }
    }
}

/// The durable record that stands before every action.
package struct IntentRecord: Hashable, Sendable, Codable {
    package let order: ActionOrder
    package let step: Int
    /// The sequence number of its `intended` entry in the audit log; set by the ledger.
    package var entry: Int?
    package let opened: Timestamp

    package init(order: ActionOrder, step: Int, entry: Int? = nil, opened: Timestamp) {
        self.order = order
        self.step = step
        self.entry = entry
        self.opened = opened
    }
}

/// How an intent ended.
package enum IntentOutcome: Hashable, Sendable, Codable {
    case done(Receipt)
    /// The answer was lost; the lane was looked at and shows the effect.
    case seenDone
    /// The answer was lost; the lane was looked at and does not show the effect.
    case seenUndone
    case refused(String)

    /// One phrase for audit entries and tables.
    package var phrase: String {
        switch self {
        case .done(let receipt): receipt.repeated ? "done before" : "done"
        case .seenDone: "seen done"
        case .seenUndone: "seen undone"
        case .refused(let reason): "refused: \(reason)"
        }
    }
}

/// A stop of forward changes, repairs and healing in one environment or lane.
package struct Freeze: Hashable, Sendable, Codable {
    package let scope: Scope
    package let reason: String
    package let actor: Actor
    package let from: Timestamp
    /// Nil for "until thawed".
    package let until: Timestamp?

    package init(scope: Scope, reason: String, actor: Actor, from: Timestamp, until: Timestamp?) {
        self.scope = scope
        self.reason = reason
        self.actor = actor
        self.from = from
        self.until = until
    }

    /// Whether it has not ended by then.
    package func isInForce(at time: Timestamp) -> Bool { until.map { $0 > time } ?? true }

    /// What is frozen.
    package enum Scope: TextIdentity {
        package static let noun = "environment or lane"
        case environment(EnvironmentName)
        case lane(LaneID)

        package init?(_ text: String) {
            if let lane = LaneID(text) {
                self = .lane(lane)
            } else if let name = EnvironmentName(text) {
                self = .environment(name)
            } else {
                return nil
            }
        }

        package var description: String {
            switch self {
            case .environment(let name): name.description
            case .lane(let lane): lane.description
            }
        }

        /// The environment that it is or lies in.
        package var environment: EnvironmentName {
            switch self {
            case .environment(let name): name
            case .lane(let lane): lane.environment
            }
        }

        /// Whether `lane` lies in it.
        package func covers(_ lane: LaneID) -> Bool {
            switch self {
            case .environment(let name): lane.environment == name
            case .lane(let frozen): lane == frozen
            }
        }
    }
}

extension [Freeze.Scope: Freeze] {
    /// The freezes that bind a lane: that of its environment, then its own. Two look-ups, however many
    /// freezes there are.
    package func binding(_ lane: LaneID, at time: Timestamp) -> [Freeze] {
        let scopes: [Freeze.Scope] = [.environment(lane.environment), .lane(lane)]
        return scopes.compactMap { self[$0] }.filter { $0.isInForce(at: time) }
    }
}

/// A (lane, slot) that was rolled back; it is not tried again until it is released.
package struct Quarantine: Hashable, Sendable, Codable {
    package let lane: LaneID
    package let slot: SlotID
    package let artifact: ArtifactReference
    package let reason: String
    package let operation: Int
    package let since: Timestamp
    /// While its revert is still to be offered in git: the other lanes of its group that are put back with it.
    package var revertDue: [LaneID]?

    package init(
        lane: LaneID, slot: SlotID, artifact: ArtifactReference, reason: String, operation: Int,
        since: Timestamp
    ) {
        self.lane = lane
        self.slot = slot
        self.artifact = artifact
        self.reason = reason
        self.operation = operation
        self.since = since
    }
}

/// The commit whose fleet is in force.
package struct HeadRecord: Hashable, Sendable, Codable {
    package let commit: CommitRecord
    package let accepted: Timestamp
    /// The limits of this commit, in force for the next.
    package let limits: Limits
    /// The limits of the commit before, in force for this one; its own when it is the first.
    package let limitsInForce: Limits
    /// What is wrong with files of the commit, at most ``maximumDiagnostics``; nil when nothing is.
    package let diagnostics: [String]?

    /// The most diagnostics that are kept; `airlock validate` shows all.
    package static let maximumDiagnostics = 20

    /// A head with the first of its diagnostics.
    package init(
        commit: CommitRecord, accepted: Timestamp, limits: Limits, limitsInForce: Limits,
        diagnostics: [String] = []
    ) {
        self.commit = commit
        self.accepted = accepted
        self.limits = limits
        self.limitsInForce = limitsInForce
        self.diagnostics =
            diagnostics.isEmpty ? nil : Array(diagnostics.prefix(Self.maximumDiagnostics))
    }
}

/// A head that dropped commits which were accepted, and waits for a person.
package struct RewriteRecord: Hashable, Sendable, Codable {
    /// The newest commit on the rewritten branch.
    package let commit: CommitID
    /// What staging and production stay on.
    package let kept: HeadRecord
    /// When the rewrite was seen first.
    package let since: Timestamp

    package init(commit: CommitID, kept: HeadRecord, since: Timestamp) {
        self.commit = commit
        self.kept = kept
        self.since = since
    }
}

/// The claim that this ledger last stored in an environment's engine, and how git described the environment when it
/// could be read last.
package struct ClaimRecord: Hashable, Sendable, Codable {
    package let environment: EnvironmentName
    package let epoch: Epoch
    /// Nil in what earlier versions wrote.
    package let described: Description?

    package init(environment: EnvironmentName, epoch: Epoch, described: Description? = nil) {
        self.environment = environment
        self.epoch = epoch
        self.described = described
    }

    /// What has to be known of an environment to judge what is under way there, and to take it back.
    package struct Description: Hashable, Sendable, Codable {
        package let tier: Tier
        package let provider: ProviderChoice
        package let signals: MetricsServer?

        package init(_ environment: Environment) {
            tier = environment.tier
            provider = environment.provider
            signals = environment.signals
        }
    }

    /// The environment as it was described last, without its healing; nil where nobody wrote it down.
    package var lastDescribed: Environment? {
        described.map {
            Environment(
                name: environment, tier: $0.tier, provider: $0.provider, signals: $0.signals)
        }
    }
}

extension OperationRecord {
    /// The artifact that the operation brings; that of the base for a removal, nil for none.
    package var artifact: ArtifactReference? {
        switch work {
        case .change(let change):
            switch change.target {
            case .slot(let slot, _, _): slot.artifact
            case .removal: change.base?.slot.artifact
            }
        case .repair(let repair): repair.to?.slot.artifact
        case .heal: nil
        case .verify(let verification): verification.artifact
        }
    }
}

/// How far one open operation has come.
package struct RolloutRecord: Hashable, Sendable, Codable {
    package let operation: Int
    package let state: RolloutState

    package init(operation: Int, state: RolloutState) {
        self.operation = operation
        self.state = state
    }
}
