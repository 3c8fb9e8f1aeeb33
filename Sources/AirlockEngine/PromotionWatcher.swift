package import AirlockModel
package import AirlockPorts
package import AirlockRollout

/// Looks after the lanes of one environment in which a change settled a short while ago.
///
/// Holds no more than one watch for each of them; what it forgot with the process it asks for again.
actor PromotionWatcher {
    /// What a look at one lane came to.
    struct Finding: Sendable {
        let lane: LaneID
        /// The operation whose result is watched.
        let operation: Int
        /// The newest alarm of each signal.
        let alarms: [WatchRecord.Alarm]
        /// The alarm for which the lane may go back; nil for none.
        let reason: WatchRecord.Alarm?
        /// Seconds that were seen.
        let seen: Int
        /// How many seconds apart the source counts, where that is too seldom to watch.
        let spacing: Int?
        let isOver: Bool
    }

    private var watches: [LaneID: (operation: Int, watch: PromotionWatch)] = [:]

    /// Brings the watch of each of `records` up to date, and forgets all others.
    ///
    /// - Parameter sources: What measures each of them; none where nobody does.
    func look(
        at records: [LaneRecord], sources: [LaneID: any SignalSource], now: Timestamp
    ) async -> [Finding] {
        var looked: [LaneID: (operation: Int, watch: PromotionWatch)] = [:]
        var findings: [Finding] = []
        for record in records {
            guard let watched = record.watch?.value else { continue }
            var watch = PromotionWatch(watched)
            if let known = watches[record.lane], known.operation == watched.operation {
                watch = known.watch
            }
            await watch.catchUp(watched, from: sources[record.lane], now: now)
            looked[record.lane] = (watched.operation, watch)
            findings.append(
                Finding(
                    lane: record.lane, operation: watched.operation, alarms: watch.alarms,
                    reason: watch.reasonToGoBack(now: now), seen: watch.seen,
                    spacing: watch.spacing, isOver: watch.isOver(now: now)))
        }
        watches = looked
        return findings
    }
}

extension PromotionWatch {
    /// Asks for the seconds that it has not seen. A source that does not answer shows nothing, is told
    /// after a while, and is asked for the same seconds again.
    package mutating func catchUp(
        _ record: WatchRecord, from signals: (any SignalSource)?, now: Timestamp
    ) async {
        guard let slot = record.change.target.slot, let seconds = question(now: now) else {
            return
        }
        guard let signals else { return miss("nothing measures the lane", now: now) }
        do throws(ProviderError) {
            observe(
                try await signals.counters(
                    of: record.change.lane, slot: slot, from: seconds.lowerBound,
                    to: seconds.upperBound), now: now)
        } catch { miss(error.phrase, now: now) }
    }
}

extension WatchHistory {
    /// Learns what a lane's signals were like lately; nil where nobody measured enough of it.
    static func learned(
        of lane: LaneID, slot: SlotID, from signals: (any SignalSource)?, now: Timestamp
    ) async -> WatchHistory? {
        guard let signals else { return nil }
        let from = Timestamp(milliseconds: now.milliseconds - window.milliseconds)
        do throws(ProviderError) {
            return WatchHistory(
                try await signals.counters(of: lane, slot: slot, from: from, to: now))
        } catch { return nil }
    }
}
