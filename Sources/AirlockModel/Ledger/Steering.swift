/// What people and git said about one open operation; it ends with the operation.
package struct Steering: Hashable, Sendable, Codable {
    package let operation: Int
    package let lane: LaneID
    /// The operation stays where it is until this is taken back.
    package var held: Word?
    /// The operation goes back.
    package var aborted: Word?
    /// Who let it leave a step that a person decides about, by the step's place.
    package var passed: [Int: Word]
    /// What git asked of it when the files of its lane could be read last; nil for ``RolloutWish/proceed``.
    /// It stays in force while they cannot be read.
    package var wish: RolloutWish?
    /// The group in which its lane moved when the files could be read last; nil for none.
    package var group: UnitName?
    /// Whether the files that said so cannot be read now; nil for no.
    package var isUnread: Bool?

    package init(
        operation: Int, lane: LaneID, held: Word? = nil, aborted: Word? = nil,
        passed: [Int: Word] = [:], wish: RolloutWish? = nil
    ) {
        self.operation = operation
        self.lane = lane
        self.held = held
        self.aborted = aborted
        self.passed = passed
        self.wish = wish
    }

    /// Whether a person ordered it back, or ordered back another of its group. What goes back by itself was
    /// ordered by nobody.
    package var isOrderedBack: Bool { aborted.map { $0.actor != .airlock } ?? false }

    /// One thing that a person said.
    package struct Word: Hashable, Sendable, Codable {
        package let actor: Actor
        package let reason: String
        package let at: Timestamp
        /// The lane of the same group for whose sake it is said; nil for none. What goes back for
        /// another's sake is not at fault itself.
        package let group: LaneID?

        package init(actor: Actor, reason: String, at: Timestamp, group: LaneID? = nil) {
            self.actor = actor
            self.reason = reason
            self.at = at
            self.group = group
        }

        /// The same word as the order of whoever says `other`: what is at fault stays so.
        package func ordered(by other: Word) -> Word {
            Word(actor: other.actor, reason: reason, at: other.at, group: group)
        }

        /// Who said it and why, for people.
        package var phrase: String {
            group == nil ? "\(actor.id): \(reason)" : reason
        }
    }
}

extension OperationRecord {
    /// Whether it takes back another operation that git does not ask for any more, and nothing else.
    package var goesBack: Bool {
        switch work {
        case .repair(let repair): repair.goesBack
        case .change, .heal, .verify: false
        }
    }

    /// Whether a person can have it go back: it brings a slot that was not there before.
    package var canGoBack: Bool {
        guard let change, change.kind == .create || change.kind == .replace else { return false }
        if case .back = rollout.direction { return false }
        return true
    }
}
