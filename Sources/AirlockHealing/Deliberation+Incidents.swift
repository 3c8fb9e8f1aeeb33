import AirlockModel

/// Incidents: that what is healed is not hidden.
extension Deliberation {
    /// The masking guard: pages although users may have seen nothing.
    mutating func pageForIncidents() {
        for incident in record.open {
            let count = incident.heals
            if count >= Healer.healsOfOneCause {
                // It is said again each time the count has doubled, not at each heal.
                var told = Healer.healsOfOneCause
                while told * 2 <= count { told *= 2 }
                page(incident, "\(incident.fault.noun) were healed \(told) times and more")
            }
            if incident.trend(at: now) == .rising {
                page(incident, "\(incident.fault.noun) come more and more often")
            }
            let inDay = incident.sightings(in: LaneHealth.day, before: now)
            if inDay >= LaneHealth.crashesPerDay {
                page(
                    incident,
                    "\(incident.fault.noun) were seen \(LaneHealth.crashesPerDay) times in a day")
            }
        }
    }

    private mutating func page(_ incident: Incident, _ text: String) {
        say(
            .page, text,
            "\(incident.heals) heals and \(incident.sightings) sightings in slot "
                + "\(incident.slot.short) since \(incident.opened.rfc3339), "
                + incident.trend(at: now).rawValue,
            advice: "find the cause; `airlock explain \(situation.lane)` shows the incident")
    }
}

extension HealingRecord {
    /// An incident that was not seen for this long is closed.
    static let quiet = Duration.seconds(86_400)
    /// A closed incident is kept for this long, and a sentence that was served for an hour.
    private static let memory = Duration.seconds(7 * 86_400)
    private static let grudge = Duration.seconds(3_600)

    /// Closes and forgets what is over.
    mutating func prune(slot: SlotObservation, policy: HealingPolicy, at now: Timestamp) {
        for index in incidents.indices where incidents[index].isOpen {
            let isGone = incidents[index].slot != slot.id
            if isGone || now - incidents[index].last >= Self.quiet {
                incidents[index].close(at: now)
            }
        }
        incidents.removeAll { incident in
            incident.closed.map { now - $0 >= Self.memory } ?? false
        }
        spent.removeAll { now - $0 >= policy.budget.window }
        sentences.removeAll { sentence in
            guard sentence.slot == slot.id, let instance = slot.instance(sentence.instance) else {
                return true
            }
            if let served = sentence.served { return now - served >= Self.grudge }
            // It was to be ejected, and that was never done.
            return !instance.isEjected && sentence.until <= now
        }
    }

    /// Gives an ejected instance a sentence that has none, whoever ejected it.
    mutating func acknowledge(_ instance: String, in slot: SlotID, at now: Timestamp) {
        let index = sentences.firstIndex { $0.slot == slot && $0.instance == instance }
        guard let index else {
            sentences.append(
                Sentence(
                    slot: slot, instance: instance, times: 1, until: now + Self.sentence(1)))
            return
        }
        guard let served = sentences[index].served, now - served >= Healer.patience else { return }
        // It was readmitted, and is out all the same.
        sentences[index].served = nil
    }
}
