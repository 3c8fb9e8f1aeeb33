package import AirlockModel

/// Everything about one lane that healing depends on.
package struct HealingCase: Hashable, Sendable {
    package var lane: LaneID
    /// The slot that it settled on, as it is now.
    package var slot: SlotObservation
    package var settled: Settled
    /// Whether the lane ran another slot before, so that there is a release to go back to.
    package var hasEarlier: Bool
    package var health: LaneHealth
    package var record: HealingRecord
    package var policy: HealingPolicy
    package var capabilities: Set<Capability>
    package var now: Timestamp

    package init(
        lane: LaneID, slot: SlotObservation, settled: Settled, hasEarlier: Bool,
        health: LaneHealth, record: HealingRecord, policy: HealingPolicy,
        capabilities: Set<Capability>, now: Timestamp
    ) {
        self.lane = lane
        self.slot = slot
        self.settled = settled
        self.hasEarlier = hasEarlier
        self.health = health
        self.record = record
        self.policy = policy
        self.capabilities = capabilities
        self.now = now
    }
}

/// What healing comes to at one look.
package struct HealingDecision: Hashable, Sendable {
    /// What the journal shall hold; what was said is in it. The budget of ``heal`` is not drawn on yet.
    package let record: HealingRecord
    /// The one thing to do now.
    package let heal: Heal?
    /// What was said before and is said no more, and what is said for the first time.
    package let ended: [HealingStatement]
    package let fresh: [HealingStatement]
}

/// The pure answer to "what is to be done for the instances of this lane".
///
/// At most one action at a look, drawn from one budget; what speaks against an action is said instead.
package enum Healer {
    /// An action is not done any more when it is this old.
    package static let patience = Duration.seconds(60)
    /// Share of a slot's instances from which the same fault is not an instance's any more.
    package static let correlated = Share(basisPoints: 3_000)
    /// Heals of one cause from which a person is paged.
    package static let healsOfOneCause = 3

    /// Decides.
    package static func decide(_ situation: HealingCase) -> HealingDecision {
        var deliberation = Deliberation(situation)
        deliberation.run()
        let before = situation.record.said
        let said = deliberation.record.said
        return HealingDecision(
            record: deliberation.record, heal: deliberation.heal,
            ended: before.filter { old in !said.contains { $0.repeats(old) } },
            fresh: said.filter { new in !before.contains { $0.repeats(new) } })
    }
}

/// One decision on its way.
struct Deliberation {
    /// The most statements that are kept.
    private static let maximumSaid = 16

    let situation: HealingCase
    var record: HealingRecord
    var heal: Heal?
    private(set) var said: [HealingStatement] = []

    var now: Timestamp { situation.now }
    var slot: SlotObservation { situation.slot }
    var health: LaneHealth { situation.health }
    var policy: HealingPolicy { situation.policy }

    init(_ situation: HealingCase) {
        self.situation = situation
        record = situation.record
    }

    mutating func run() {
        defer { record.say(said + unheard) }
        // What is not known is not healed, and nothing is closed because of it either.
        if let blindness = health.blindness {
            // The numbers in it turn with each look; what is said stays.
            say(.hold, "the state of instances is unknown, so nothing is healed", blindness)
            return
        }
        record.prune(slot: slot, policy: policy, at: now)
        let (id, now) = (slot.id, now)
        for (_, fault) in health.begun {
            record.withIncident(fault, in: id, at: now) { $0.see(at: now) }
        }
        linger()
        pageForIncidents()
        readmit()
        // Without signals nobody knows whether the others can take the traffic.
        for fault in InstanceFault.allCases where health.deafness == nil || !fault.isDegraded {
            treat(fault)
        }
        if let deafness = health.deafness {
            sayDeafness(deafness)
            if deafness.lack == .signals { return }
        }
        sayStrangers()
        scale()
    }

    private mutating func sayDeafness(_ deafness: Deafness) {
        guard deafness.isWorthSaying else { return }
        switch deafness.lack {
        case .signals:
            say(.hold, "no signals, so nothing is ejected or scaled", deafness.reason)
        case .errors:
            say(
                .hold, "errors are not counted of each instance, so nothing is ejected",
                deafness.reason,
                advice:
                    "in `errors` of services/\(situation.lane.unit.name)/service.yaml keep the label that "
                    + "names the instance; where a counter begins with its first error, add `or 0 * …` "
                    + "with the query of `requests`")
        }
    }

    /// Whose move it is where signals and provider name instances differently: nothing mends that by itself.
    private mutating func sayStrangers() {
        guard let strangers = health.strangers else { return }
        let bounds = situation.settled.replicas
        let isUnscaled = bounds.minimum < bounds.maximum && !health.isLoadKnown
        say(
            .hold,
            "the signals name none of the provider's instances, so nothing is ejected"
                + (isUnscaled ? " or scaled" : ""),
            strangers,
            advice:
                "set `signals.instance` in services/\(situation.lane.unit.name)/service.yaml to the "
                + "label whose value is the provider's id, and keep that label in the queries")
    }

    /// What was said before a start, or before a gap, and cannot be known yet to be over; of degraded
    /// instances also what the source is too silent to end.
    private var unheard: [HealingStatement] {
        let isUnknown = !health.isWarm || health.blindness != nil
        let old = situation.record.said.filter { old in
            (isUnknown || isUncompared(old)) && !said.contains { $0.repeats(old) }
        }
        return Array(old.prefix(max(0, Self.maximumSaid - said.count)))
    }

    private func isUncompared(_ old: HealingStatement) -> Bool {
        // What was said before the lane settled is about another release.
        old.fault?.isDegraded == true && !health.isCompared && old.since >= situation.settled.at
    }

    /// Keeps incidents open that are still there; at most once an hour, because each is a write.
    private mutating func linger() {
        for index in record.incidents.indices where record.incidents[index].isOpen {
            let incident = record.incidents[index]
            if now - incident.last >= .seconds(3_600), !health.sick(incident.fault).isEmpty {
                record.incidents[index].linger(at: now)
            }
        }
    }

    // MARK: Saying and proposing

    mutating func say(
        _ kind: HealingStatement.Kind, _ text: String, _ evidence: String = "",
        advice: String = "", about fault: InstanceFault? = nil
    ) {
        let statement = HealingStatement(
            kind, text, evidence: evidence, advice: advice, since: now, fault: fault)
        guard !said.contains(where: { $0.repeats(statement) }) else { return }
        if said.count >= Self.maximumSaid {
            // What pages is never left out for what only holds.
            guard kind == .page, let last = said.lastIndex(where: { $0.kind != .page }) else {
                return
            }
            said.remove(at: last)
        }
        let old = situation.record.said.first { $0.repeats(statement) }
        said.append(old ?? statement)
    }

    /// Takes an action as what is done now, unless something speaks against it.
    ///
    /// - Parameter isCharged: Whether it draws on the budget; taking back what healing did does not.
    mutating func propose(
        _ rule: HealingRule, _ action: Action, _ fault: InstanceFault?, _ evidence: String,
        isCharged: Bool = true
    ) {
        guard situation.capabilities.contains(action.capability) else {
            say(
                .hold, "the provider cannot \(action.capability.rawValue)",
                "\(action.phrase) would be next: \(evidence)", about: fault)
            return
        }
        if policy.dryRun.contains(rule) {
            say(.dryRun, "would \(action.phrase)", evidence, about: fault)
            return
        }
        let spent = record.spent(of: policy.budget, at: now)
        if isCharged, spent >= policy.budget.count {
            say(
                .page, "the budget of \(policy.budget.phrase) is empty",
                "\(spent) actions were taken, and \(action.phrase) would be next: \(evidence)",
                advice: "look at `airlock explain \(situation.lane)`", about: fault)
            return
        }
        guard heal == nil else { return }
        let share =
            isCharged
            ? "\(spent + 1) of \(policy.budget.phrase)" : "none of \(policy.budget.phrase)"
        heal = Heal(
            lane: situation.lane, rule: rule, action: action, fault: fault, evidence: evidence,
            budget: share, expires: now + Healer.patience)
    }
}
