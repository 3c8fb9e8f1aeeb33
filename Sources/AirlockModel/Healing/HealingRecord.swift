/// What the journal holds of a lane's healing; kept small, whatever happens.
package struct HealingRecord: Hashable, Sendable, Codable {
    /// The most incidents that are kept: the closed ones go first.
    package static let maximumIncidents = 8
    /// The most sentences that are kept.
    package static let maximumSentences = 64
    /// The first sentence; it grows by as much each time, up to ``longestSentence``.
    package static let firstSentence = Duration.seconds(30)
    /// The cap of a sentence.
    package static let longestSentence = Duration.seconds(300)

    /// How long an instance that was ejected stays out.
    package struct Sentence: Hashable, Sendable, Codable {
        package let slot: SlotID
        package let instance: String
        /// How often it was ejected.
        package var times: Int
        package var until: Timestamp
        /// When it was readmitted; nil while it is out.
        package var served: Timestamp?

        package init(slot: SlotID, instance: String, times: Int, until: Timestamp) {
            self.slot = slot
            self.instance = instance
            self.times = times
            self.until = until
        }
    }

    /// The oldest first.
    package var incidents: [Incident]
    /// When the budget was drawn on, oldest first; at most as many as a budget can have.
    package var spent: [Timestamp]
    package var sentences: [Sentence]
    /// When the number of instances was changed for the load.
    package var scaled: Timestamp?
    /// What was said at the last look, so that a decision is recorded when it changes.
    package var said: [HealingStatement]
    /// When a person was paged last while any page stands; nil when none does. The end of one page is no
    /// new page for those that stand on.
    package var paged: Timestamp?

    package init(
        incidents: [Incident] = [], spent: [Timestamp] = [], sentences: [Sentence] = [],
        scaled: Timestamp? = nil, said: [HealingStatement] = [], paged: Timestamp? = nil
    ) {
        self.incidents = incidents
        self.spent = spent
        self.sentences = sentences
        self.scaled = scaled
        self.said = said
        self.paged = paged
    }

    /// Keeps what is said now, and when the newest page of all that stand was said.
    package mutating func say(_ statements: [HealingStatement]) {
        said = statements
        let pages = statements.filter { $0.kind == .page }.map(\.since)
        paged = pages.max().map { max($0, paged ?? $0) }
    }

    /// Whether there is nothing to keep.
    package var isEmpty: Bool { self == HealingRecord() }

    /// The incidents that stand.
    package var open: [Incident] { incidents.filter(\.isOpen) }

    /// How much of a budget is spent at `time`. What was spent by a clock that was ahead stays spent.
    package func spent(of budget: HealingPolicy.Budget, at time: Timestamp) -> Int {
        spent.count { time - $0 < budget.window }
    }

    /// How long an instance stays out that is ejected for the `times`-th time.
    package static func sentence(_ times: Int) -> Duration {
        min(firstSentence * max(1, times), longestSentence)
    }

    /// The open incident of a fault, or a new one; the closed ones make room.
    package mutating func withIncident(
        _ fault: InstanceFault, in slot: SlotID, at time: Timestamp,
        _ body: (inout Incident) -> Void
    ) {
        let found = incidents.firstIndex { $0.fault == fault && $0.slot == slot && $0.isOpen }
        if let found {
            body(&incidents[found])
            return
        }
        var fresh = Incident(fault, in: slot, at: time)
        body(&fresh)
        incidents.append(fresh)
        while incidents.count > Self.maximumIncidents {
            incidents.remove(at: incidents.firstIndex { !$0.isOpen } ?? 0)
        }
    }

    /// Draws on the budget for a heal that is about to be done, before it is: what a kill loses stays
    /// spent.
    package mutating func spend(on heal: Heal, at time: Timestamp) {
        if case .readmit(let slot, let instance) = heal.action {
            for index in sentences.indices
            where sentences[index].slot == slot && sentences[index].instance == instance {
                sentences[index].served = time
            }
            return
        }
        spent = (spent + [time]).suffix(HealingPolicy.Budget.maximum)
        if let fault = heal.fault, let slot = heal.action.slot {
            withIncident(fault, in: slot, at: time) { $0.heal(heal.instance ?? "", at: time) }
        }
        switch heal.action {
        case .eject(let slot, let instance): sentence(instance, of: slot, at: time)
        case .scale: scaled = time
        case .start, .route, .stop, .restart, .replace, .readmit, .run: return
        }
    }

    private mutating func sentence(_ instance: String, of slot: SlotID, at time: Timestamp) {
        let old = sentences.first { $0.slot == slot && $0.instance == instance }
        let times = (old?.times ?? 0) + 1
        sentences.removeAll { $0.slot == slot && $0.instance == instance }
        sentences.append(
            Sentence(
                slot: slot, instance: instance, times: times, until: time + Self.sentence(times)))
        sentences = sentences.suffix(Self.maximumSentences)
    }
}

/// What healing says of a lane besides what it does.
package struct HealingStatement: Hashable, Sendable, Codable {
    /// How it is meant.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// Nothing is done, and why.
        case hold
        /// A person has to look now.
        case page
        /// What would be done if the rule were not a dry run.
        case dryRun
    }

    package let kind: Kind
    /// One phrase that stays the same as long as the matter does.
    package let text: String
    /// The numbers of the time when it was said first.
    package let evidence: String
    /// What to do; empty where it goes on by itself.
    package let advice: String
    package let since: Timestamp
    /// What is the matter with the instances that it is about; nil where it is about no fault, and in what
    /// was written before this was.
    package let fault: InstanceFault?

    package init(
        _ kind: Kind, _ text: String, evidence: String = "", advice: String = "",
        since: Timestamp, fault: InstanceFault? = nil
    ) {
        self.kind = kind
        self.text = text
        self.evidence = evidence
        self.advice = advice
        self.since = since
        self.fault = fault
    }

    /// Whether it is about the same matter.
    package func repeats(_ other: HealingStatement) -> Bool {
        kind == other.kind && text == other.text
    }
}

/// One thing that is done to a lane to keep it serving.
package struct Heal: Hashable, Sendable, Codable {
    package let lane: LaneID
    package let rule: HealingRule
    package let action: Action
    /// What is healed; nil for the load.
    package let fault: InstanceFault?
    /// The numbers that show it.
    package let evidence: String
    /// How much of the budget this one takes, such as `2 of 3 per 600s`.
    package let budget: String
    /// After this it is not done any more: what was seen is too old.
    package let expires: Timestamp

    package init(
        lane: LaneID, rule: HealingRule, action: Action, fault: InstanceFault?, evidence: String,
        budget: String, expires: Timestamp
    ) {
        self.lane = lane
        self.rule = rule
        self.action = action
        self.fault = fault
        self.evidence = evidence
        self.budget = budget
        self.expires = expires
    }

    /// The instance that it is about; nil for a step of scaling.
    package var instance: String? { action.instance }

    /// One phrase for tables, logs and audit entries.
    package var phrase: String { "\(action.phrase): \(evidence)" }
}
