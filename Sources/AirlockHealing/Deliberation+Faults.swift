import AirlockModel

/// Sick instances: what is done for them, and when it is not theirs to be healed.
extension Deliberation {
    /// Does what helps against a fault, for each instance that has it.
    mutating func treat(_ fault: InstanceFault) {
        let sick = health.sick(fault)
        guard !sick.isEmpty else {
            sayLeft([], fault)
            return
        }
        if isOfTheSlot(fault) || isOfTheChange(fault, sick.count) { return }
        var left: [String] = []
        for id in sick {
            guard let instance = slot.instance(id) else { continue }
            if !fault.isDegraded {
                revive(instance, fault)
            } else if !instance.isEjected, !eject(instance, fault) {
                left.append(id)
            }
        }
        sayLeft(left, fault)
    }

    /// Pages where degraded instances go on failing requests and nothing that is allowed here ends it.
    ///
    /// It has to last, since another instance may come back and let one go. Where more are bad than may be out they
    /// take turns, so those count that are out, or were a short while ago.
    private mutating func sayLeft(_ left: [String], _ fault: InstanceFault) {
        let isOpen = record.incidents.contains {
            $0.isOpen && $0.fault == fault && $0.slot == slot.id
        }
        guard fault.isDegraded, isOpen || !left.isEmpty else { return }
        let sentenced = record.sentences.filter { sentence in
            sentence.slot == slot.id && sentence.served.map { now - $0 < Self.turn } ?? true
        }
        let bad = Set(left + sentenced.map(\.instance))
        let many = "\(fault.noun) are more than may be out"
        let numbers = "\(bad.count) of \(slot.instances.count) instances of slot \(slot.id.short)"
        if bad.count > allowedOut {
            say(.hold, many, "\(numbers) are bad, \(allowedOut) may be out", about: fault)
        }
        let lasts = situation.record.said.contains { old in
            let isAbout =
                old.text == many ? bad.count > allowedOut : left.map(Self.stay).contains(old.text)
            return old.kind == .hold && isAbout && now - old.since >= Self.lasting
        }
        guard lasts else { return }
        say(
            .page, "\(fault.noun) stay in the traffic",
            "\(numbers) are bad, and not all of them can be ejected",
            advice: "\(correlationAdvice); `airlock explain \(situation.lane)` says what would "
                + "allow it", about: fault)
    }

    /// How long it has to last until a person is paged.
    private static let lasting = Duration.seconds(60)
    /// How long an instance that has its traffic back counts among those that take turns.
    private static let turn = Duration.seconds(600)

    private static func stay(_ id: String) -> String { "\(id) cannot be ejected" }

    /// The correlation guard: what many instances have at the same time is no instance's fault.
    private mutating func isOfTheSlot(_ fault: InstanceFault) -> Bool {
        let total = slot.instances.count
        let affected = health.affected(by: fault, within: .seconds(600), now: now)
        guard affected >= 2, affected * 10_000 >= total * Healer.correlated.basisPoints else {
            return false
        }
        say(
            .page, "\(fault.noun) are too many to be healed one by one",
            "\(affected) of \(total) instances of slot \(slot.id.short) within 10 minutes; from "
                + "30% on it is not an instance's fault",
            advice: correlationAdvice, about: fault)
        return true
    }

    /// What a person can do about a fault that many instances have; a release that settled long ago is
    /// not what is nearest.
    private var correlationAdvice: String {
        let common = "look for what they share, such as a machine, a network or a called service"
        guard situation.hasEarlier else { return "\(common), or release a fix" }
        let isFresh =
            situation.settled.change != nil && now - situation.settled.at < policy.afterChange
        return isFresh
            ? "\(goBack), or \(common)"
            : "\(common); `airlock rollback \(situation.lane)` offers the release before"
    }

    private var goBack: String {
        "roll the release back with `airlock rollback \(situation.lane)`"
    }

    /// The same right after a change: then the change is the cause that is nearest.
    private mutating func isOfTheChange(_ fault: InstanceFault, _ count: Int) -> Bool {
        let age = now - situation.settled.at
        guard let change = situation.settled.change, age < policy.afterChange else { return false }
        say(
            .page, "\(fault.noun) right after change \(change.short)",
            "\(count) of \(slot.instances.count), \(max(0, age.milliseconds / 1000)) s after it "
                + "settled; within \(policy.afterChange.milliseconds / 1000) s it is taken for the "
                + "change's fault",
            advice: situation.hasEarlier
                ? goBack : "release a fix: no other release ever settled here to go back to",
            about: fault)
        return true
    }

    /// Starts an instance again; one that this did not mend is replaced.
    private mutating func revive(_ instance: InstanceObservation, _ fault: InstanceFault) {
        let evidence = evidence(instance, fault)
        let before = heals(of: instance.id, for: fault)
        let canReplace = situation.capabilities.contains(.replace)
        guard fault == .crashing || before > 0, canReplace else {
            propose(
                .restart, .restart(slot.id, instance: instance.id, starts: instance.starts), fault,
                evidence)
            return
        }
        if instance.isServing, let lack = lack(without: instance.id) {
            say(
                .hold, "\(instance.id) cannot be replaced yet", "\(evidence); \(lack)",
                about: fault)
            return
        }
        propose(.replace, .replace(slot.id, instance: instance.id), fault, evidence)
    }

    /// Takes an instance out of the traffic; one that came back bad twice is replaced.
    ///
    /// - Returns: Whether it was proposed; the budget, a dry run and what the provider can do are told there.
    private mutating func eject(
        _ instance: InstanceObservation, _ fault: InstanceFault
    ) -> Bool {
        let evidence = evidence(instance, fault)
        // Other sick ones serve as badly with it as without it.
        if let lack = lack(without: instance.id, countingSick: true) {
            say(
                .hold, Self.stay(instance.id), "\(evidence); \(lack)",
                about: fault)
            return false
        }
        let times =
            record.sentences.first { $0.slot == slot.id && $0.instance == instance.id }?.times ?? 0
        if times >= 2, situation.capabilities.contains(.replace) {
            propose(.replace, .replace(slot.id, instance: instance.id), fault, evidence)
            return true
        }
        let out = slot.instances.count(where: \.isEjected)
        guard out + 1 <= allowedOut else {
            say(
                .hold, Self.stay(instance.id),
                "\(evidence); \(out) of \(slot.instances.count) are out already",
                about: fault)
            return false
        }
        propose(.eject, .eject(slot.id, instance: instance.id), fault, evidence)
        return true
    }

    /// Gives instances back whose sentence is over, or that are needed before that.
    mutating func readmit() {
        for instance in slot.instances where instance.isEjected {
            record.acknowledge(instance.id, in: slot.id, at: now)
        }
        let isShort = slot.instances.count(where: \.isServing) < needed
        let out = record.sentences.filter { sentence in
            sentence.served == nil && sentence.slot == slot.id
                && slot.instance(sentence.instance).map { $0.isEjected && $0.phase == .healthy }
                    ?? false
        }.sorted { ($0.until, $0.instance) < ($1.until, $1.instance) }
        guard let first = out.first, first.until <= now || isShort else { return }
        let served = first.until <= now
        propose(
            .eject, .readmit(slot.id, instance: first.instance), nil,
            served
                ? "its sentence is over, the \(ordinal(first.times)) time"
                : "it is needed: \(slot.instances.count(where: \.isServing)) of \(needed) serve",
            isCharged: false)
    }

    private func ordinal(_ number: Int) -> String {
        number == 1 ? "first" : number == 2 ? "second" : "\(number)th"
    }

    // MARK: Capacity

    /// The most instances that may be out at a time.
    private var allowedOut: Int { max(1, policy.ejectedShare.of(slot.instances.count)) }

    /// Instances that have to go on serving: what git declares at least, or all but the share that may be
    /// out, and those that the load needs.
    var needed: Int {
        let declared = situation.settled.replicas
        let total = slot.instances.count
        var needed =
            declared.minimum < declared.maximum ? declared.minimum : max(1, total - allowedOut)
        if let used = health.used(at: now), policy.scaleAbove.basisPoints > 0 {
            let limit = policy.scaleAbove.basisPoints
            needed = max(needed, (used + limit - 1) / limit)
        }
        return needed
    }

    /// Why the slot cannot do without an instance; nil when it can.
    private func lack(without id: String, countingSick: Bool = false) -> String? {
        let others = slot.instances.count {
            $0.id != id && $0.isServing && (countingSick || health.sickness(of: $0.id) == nil)
        }
        let how = countingSick ? "serve" : "serve well"
        return others >= needed ? nil : "\(others) others \(how) and \(needed) are needed"
    }

    // MARK: Evidence

    private func heals(of instance: String, for fault: InstanceFault) -> Int {
        record.incidents.filter { $0.isOpen && $0.fault == fault && $0.slot == slot.id }
            .reduce(0) { $0 + $1.healed.count { $0.instance == instance } }
    }

    private func evidence(_ instance: InstanceObservation, _ fault: InstanceFault) -> String {
        guard let watched = health.instances[instance.id] else { return fault.phrase }
        if fault == .crashing {
            let day = watched.deaths.count { now - $0 < LaneHealth.day }
            return "\(instance.id) \(fault.phrase): \(day) times in a day"
        }
        let looks = fault.isDegraded ? watched.measured : watched.seen
        let bad = looks.count { $0 == fault }
        return "\(instance.id) \(fault.phrase) at \(bad) of \(looks.count) looks"
    }
}
