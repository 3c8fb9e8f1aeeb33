/// Something that a person has to know or to do; it stands until it is over.
///
/// Told outside by a `Notifier`. Its ``key`` is what makes two tellings the same alert, so whoever
/// raises it may do so at every look.
package struct Alert: Hashable, Sendable, Codable {
    package let kind: Kind
    /// What it is about; nil for the whole fleet.
    package let scope: Freeze.Scope?
    /// The commit that caused it, where one did.
    package let commit: CommitID?
    /// What is the matter, as one line without a full stop.
    package let summary: String
    /// The numbers and limits that show it, in sentences.
    package let evidence: String
    /// What to do, with the command to type.
    package let advice: String
    /// Since when it stands; from a durable record where there is one, so that it is the same alert after
    /// a restart.
    package let since: Timestamp

    package init(
        _ kind: Kind, of scope: Freeze.Scope?, commit: CommitID? = nil, summary: String,
        evidence: String, advice: String, since: Timestamp
    ) {
        self.kind = kind
        self.scope = scope
        self.commit = commit
        self.summary = summary
        self.evidence = evidence
        self.advice = advice
        self.since = since
    }

    /// What is the matter; the spelling is the `alertname` that people route by.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// A release was taken back and is quarantined.
        case rolloutRolledBack = "RolloutRolledBack"
        /// A step of a rollout waits for a person.
        case rolloutUndecided = "RolloutUndecided"
        /// A rollout waits because nobody knows its numbers.
        case signalsDown = "SignalsDown"
        /// The provider has refused or not answered for long.
        case laneFailing = "LaneFailing"
        /// An environment's provider has not answered for long, or belongs to another ledger.
        case environmentFailing = "EnvironmentFailing"
        /// A whole environment is frozen.
        case environmentFrozen = "EnvironmentFrozen"
        /// A lane turned bad after its change had settled, by what it was like before.
        case promotionAlarm = "PromotionAlarm"
        /// Healing has come to its end, or hides something.
        case healingNeedsPerson = "HealingNeedsPerson"
        /// Everything is stopped, automatic rollback too; told again every 15 minutes.
        case fleetStopped = "FleetStopped"

        /// Fixed for each kind, because it is one of the labels by which alerts are told apart.
        package var severity: Severity {
            switch self {
            case .rolloutRolledBack, .laneFailing, .environmentFailing, .promotionAlarm,
                .healingNeedsPerson, .fleetStopped:
                .page
            case .rolloutUndecided, .signalsDown, .environmentFrozen: .ticket
            }
        }
    }

    /// Which page of its matter this is, where each one is to reach a person although the one before still
    /// stands; nil where it is told once for as long as it stands.
    ///
    /// Alertmanager notifies of an alert that stands again after `repeat_interval` alone, however often it is
    /// told and whenever it began: an alert is what its labels say. So the page is one of them.
    package var page: Timestamp? {
        switch kind {
        // Both begin anew by a durable record, so that a restart is no new page.
        case .fleetStopped, .healingNeedsPerson: since
        case .rolloutRolledBack, .rolloutUndecided, .signalsDown, .laneFailing, .environmentFailing,
            .environmentFrozen, .promotionAlarm:
            nil
        }
    }

    /// How soon a person has to look.
    package enum Severity: String, Hashable, Sendable, Codable {
        /// Now: it wakes someone.
        case page
        /// In working hours.
        case ticket
    }

    /// What makes two tellings the same alert.
    package struct Key: Hashable, Sendable, Codable {
        package let kind: Kind
        package let scope: Freeze.Scope?

        package init(_ kind: Kind, of scope: Freeze.Scope?) {
            self.kind = kind
            self.scope = scope
        }
    }

    /// Its kind and scope.
    package var key: Key { Key(kind, of: scope) }
}

/// One telling of an alert.
package struct AlertNotice: Hashable, Sendable, Codable {
    package let fleet: FleetName
    package let alert: Alert
    package let status: Status
    /// When it was told.
    package let at: Timestamp
    /// Tellings about the same lane or environment that were held back since the last one got through.
    package let suppressed: Int

    package init(
        fleet: FleetName, alert: Alert, status: Status, at: Timestamp, suppressed: Int = 0
    ) {
        self.fleet = fleet
        self.alert = alert
        self.status = status
        self.at = at
        self.suppressed = suppressed
    }

    /// Whether it stands or is over.
    package enum Status: String, Hashable, Sendable, Codable {
        case firing
        case resolved
    }
}
