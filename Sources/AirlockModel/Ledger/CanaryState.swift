package import AirlockAnalysis

/// Where a change stands that keeps both slots: its step, how long it is there, and all that was seen.
package struct CanaryState: Hashable, Sendable, Codable {
    /// The place of the wanted step in the strategy's list.
    package var step: Int
    /// The step whose shares the router has acknowledged; nil before the first, and while the shares
    /// are not those of any step.
    package var inForce: Int?
    /// Monotonic time at the wanted step with its share of the traffic, or for which an idle slot kept to
    /// its bounds, added up over boots.
    package var held: Duration
    /// How much of `held` is written down.
    package var recorded: Duration
    /// Up to where seconds were judged; nil as long as no share is in force and no idle slot is held to
    /// bounds.
    package var judgedTo: Timestamp?
    /// When the shares in force were taken by the router, or the idle slot began to be held to bounds.
    package var sharedSince: Timestamp?
    /// Since when the judge lacks a signal, and why; nil while it has all.
    package var silence: Silence?
    package var judge: Judge
    /// How often each instance of the new slot had been started; nil before the first look.
    package var starts: [String: Int]?
    /// Instances that were started again and that no second has told of yet.
    package var restarted: [String]?
    /// Since when no instance of the new slot, which had traffic, is healthy; nil while one is.
    package var lostAt: Moment?
    /// How often it came to that since the last step was passed; nil for never.
    package var losses: Int?
    /// Whether an instance of it was healthy since the last time; nil for no.
    package var wasHealthy: Bool?
    /// The pause before this process, for which the step's time counts once what was served in it is judged; nil for
    /// none.
    package var paused: Duration?
    /// How many instances the old slot had when it was seen last; nil before the first look.
    package var served: Int?

    /// Whether nothing but the ceiling keeps it from the next step; nil for no.
    package var isReady: Bool?
    /// Since when nothing but a person lets it leave the step; nil while something else does.
    package var waitsSince: Timestamp?
    /// Requests that the new slot was judged by since the first step; nil for none, and in records from
    /// before this was counted.
    package var exposed: Int?
    /// How many of them came before this step.
    package var exposedBefore: Int?
    /// What the judge said when the step before was passed, or a widened share was given back; nil at the first.
    package var ruling: Ruling?
    /// The undecided step from which the first of the shares since was widened; nil where the one before was left with a
    /// verdict, or by a person's word.
    package var widenedFrom: Int?
    /// How many looks are in the audit log; nil for none.
    private var recordedLooks: Int?
    /// Looks that were judged and are not in the audit log yet; nil for none.
    private var unrecordedLooks: [JudgedLook]?

    package init(judge: Judge) {
        self.judge = judge
        step = 0
        held = .zero
        recorded = .zero
    }

    /// Requests that the new slot would get in `time` at another share, by those of this step.
    package func exposure(in time: Duration, per share: Int, of present: Int) -> Int {
        let seen = Int128((exposed ?? 0) - (exposedBefore ?? 0))
        let shares = Int128(max(1, present)) * Int128(max(1, held.milliseconds))
        return Int(clamping: seen * Int128(time.milliseconds) * Int128(share) / shares)
    }

    /// That nobody knows a number on which the verdict depends.
    package struct Silence: Hashable, Sendable, Codable {
        package let since: Timestamp
        package var reason: String

        package init(since: Timestamp, reason: String) {
            self.since = since
            self.reason = reason
        }
    }

    /// Looks that were judged, over the whole rollout.
    package var looks: Int { (recordedLooks ?? 0) + unrecordedCount }

    /// Looks that were judged and are not in the audit log yet.
    private var unrecordedCount: Int { unrecordedLooks?.count ?? 0 }

    /// Whether looks have to be written down now: a minute of them waits, or one has waited for a minute.
    package func hasDueLooks(at time: Timestamp) -> Bool {
        guard let looks = unrecordedLooks, let first = looks.first else { return false }
        return looks.count >= Self.mostUnrecorded
            || abs(time.milliseconds - first.at) >= Self.mostUnrecorded * 1000
    }

    /// Looks at one a second that wait at most, and so the seconds for which one waits.
    private static let mostUnrecorded = 60

    /// Judges a look; one that tells the judge nothing new leaves no trace.
    package mutating func judge(_ look: JudgedLook) {
        var judged = judge
        judged.add(Look(look, policy: judge.policy))
        guard judged != judge else { return }
        judge = judged
        if unrecordedLooks == nil { unrecordedLooks = [] }
        unrecordedLooks?.append(look)
    }

    /// Hands out the looks that are not in the audit log yet, for the transaction that puts them there.
    ///
    /// - Returns: How many were there before them, and the looks.
    package mutating func takeUnrecorded() -> (count: Int, looks: [JudgedLook]) {
        let (count, looks) = (recordedLooks ?? 0, unrecordedLooks ?? [])
        if !looks.isEmpty { (recordedLooks, unrecordedLooks) = (count + looks.count, nil) }
        return (count, looks)
    }

    /// What the judge says now.
    ///
    /// - Parameters:
    ///   - person: Who let the rollout leave the step; nil where nobody did.
    ///   - widened: Why it left an undecided step before its time; nil where it did not.
    ///   - narrowed: Why it gave a widened share back; nil where it did not.
    package func present(
        letOnBy person: String? = nil, widened: String? = nil, narrowed: String? = nil
    ) -> Ruling {
        Ruling(
            judge, looks: looks, heldMilliseconds: held.milliseconds, letOnBy: person,
            widened: widened, narrowed: narrowed)
    }

    /// Whether the verdict is that the new slot does harm.
    package var isHarmful: Bool { !judge.reasons.isEmpty }
}
