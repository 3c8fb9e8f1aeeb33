package import AirlockModel

/// What git and people ask of an operation under way, beside the change itself.
package struct Course: Hashable, Sendable {
    /// The most that the new slot may have of the traffic, in per mille; below zero it is not even
    /// started.
    package var ceiling: Int
    /// The same as far as git says it; nil for all.
    package private(set) var bound: Int?
    /// Who says so, as the subject of a sentence.
    package var ceilingBy: String
    /// Why it goes back; nil when nobody asked for that.
    package var abort: String?
    /// Whether it goes back with others of its group, for nothing that it did itself.
    package private(set) var isGroupAbort = false
    /// The steps that a person let it leave, by their place, and who that was.
    package var passed: [Int: String]

    /// Whether nothing forward is done: a freeze, a gate, git or a person holds it. It is looked at all the
    /// same, for what has to be taken back.
    package var isHeld = false

    /// A lane of its group that is not at the last step; the old slot stays for a way back.
    package var straggler: LaneID?

    package init(
        ceiling: Int = 1000, ceilingBy: String = "git", abort: String? = nil,
        passed: [Int: String] = [:]
    ) {
        self.ceiling = ceiling
        self.ceilingBy = ceilingBy
        self.abort = abort
        self.passed = passed
    }

    /// Whether git keeps it below that share of the traffic; nil for no, as it is written down.
    func isBound(below share: Int) -> Bool? { bound.map { $0 < share } == true ? true : nil }

    /// What a release and the words of people come to.
    ///
    /// - Parameter isRead: Whether git says so now; else it did when the files could be read last.
    package init(_ wish: RolloutWish, _ steering: Steering?, isRead: Bool = true) {
        self.init()
        if case .upTo(let share) = wish { (ceiling, bound) = (share, share) }
        if !isRead { ceilingBy = "git, when its files could be read last," }
        if wish == .abort { abort = "git asks for it: rollout: abort" }
        if let word = steering?.aborted {
            isGroupAbort = word.group != nil
            abort = isGroupAbort ? word.reason : "aborted by \(word.phrase)"
        }
        passed = steering?.passed.mapValues(\.actor.id) ?? [:]
    }
}
