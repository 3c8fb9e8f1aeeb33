package import AirlockModel
package import AirlockPorts
package import AirlockRollout

/// Looks after the lanes of one environment in which a change settled a short while ago.
///
/// Holds no more than one watch for each of them; what it forgot with the process it asks for again.
actor PromotionWatcher {
    /// The most lanes that are asked about at the same time: one whose source is slow keeps no other
    /// waiting for longer than its own answer takes.
    private static let lanesAtOnce = 16

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
        let tooSeldom: Int?
        /// How long it takes to learn a signal, where none is known yet; nil where one is.
        let unlearned: Duration?
        let isOver: Bool
    }

    /// One lane on its way to being up to date.
    private struct Look: Sendable {
        let record: WatchRecord
        let source: (any SignalSource)?
        var watch: PromotionWatch

        func finding(now: Timestamp) -> Finding {
            Finding(
                lane: record.change.lane, operation: record.operation, alarms: watch.alarms,
                reason: watch.reasonToGoBack(now: now), seen: watch.seen,
                tooSeldom: watch.tooSeldom, unlearned: watch.unlearned,
                isOver: watch.isOver(now: now))
        }
    }

    private var watches: [LaneID: (operation: Int, watch: PromotionWatch)] = [:]

    /// Brings the watch of each of `records` up to date, and forgets all others.
    ///
    /// - Parameter sources: What measures each of them; none where nobody does.
    /// - Returns: One for each record that has a watch, in their order.
    func look(
        at records: [LaneRecord], sources: [LaneID: any SignalSource], now: Moment
    ) async -> [Finding] {
        let looks = await Self.caughtUp(
            records.compactMap { record in
                record.watch.map { begin($0.value, from: sources[record.lane]) }
            }, now: now)
        watches = [:]
        for look in looks {
            watches[look.record.change.lane] = (look.record.operation, look.watch)
        }
        return looks.map { $0.finding(now: now.wall) }
    }

    /// The watch that is there, or one that begins: of another operation, or of a source that counts less
    /// often than was known.
    private func begin(_ record: WatchRecord, from source: (any SignalSource)?) -> Look {
        let spacing = source?.traits.spacing ?? 1
        if let known = watches[record.change.lane], known.operation == record.operation,
            known.watch.spacing >= spacing
        {
            return Look(record: record, source: source, watch: known.watch)
        }
        return Look(
            record: record, source: source, watch: PromotionWatch(record, spacing: spacing))
    }

    private static func caughtUp(_ looks: [Look], now: Moment) async -> [Look] {
        await withTaskGroup(of: (place: Int, look: Look).self) { group in
            var done = looks
            for (place, begun) in looks.enumerated() {
                if place >= Self.lanesAtOnce, let ended = await group.next() {
                    done[ended.place] = ended.look
                }
                group.addTask {
                    var look = begun
                    look.watch.follow(now)
                    await look.watch.catchUp(look.record, from: look.source, now: now.wall)
                    return (place, look)
                }
            }
            for await ended in group { done[ended.place] = ended.look }
            return done
        }
    }
}

extension PromotionWatch {
    /// Asks for the seconds that it has not seen. A source that does not answer shows nothing, is told
    /// after a while, and is asked for the same seconds again; one that turns out to count less often than
    /// it said is watched from the beginning, as often as it counts.
    package mutating func catchUp(
        _ record: WatchRecord, from signals: (any SignalSource)?, now: Timestamp
    ) async {
        guard let slot = record.change.target.slot, let seconds = question(now: now) else {
            return
        }
        guard let signals else { return miss("nothing measures the lane", now: now) }
        // What counts in steps tells nothing of the step that it compares the next one with.
        let from = Timestamp(milliseconds: seconds.lowerBound.milliseconds - 2000 * spacing)
        do throws(ProviderError) {
            observe(
                try await signals.counters(
                    of: record.change.lane, slot: slot, from: from, to: seconds.upperBound),
                now: now)
        } catch { miss(error.phrase, now: now) }
        if let wider { self = PromotionWatch(record, spacing: wider) }
    }

    /// Asks for all that it has not seen, one question after another, until the source has no more.
    ///
    /// - Parameter limit: The longest time after which another question is asked.
    /// - Returns: Whether that was enough: it is not when the source has no time for more, nor when it does
    ///   not answer, which ``missed`` tells.
    package mutating func catchUp(
        _ record: WatchRecord, from signals: (any SignalSource)?, by clock: some AirlockClock,
        within limit: Duration
    ) async -> Bool {
        let start = clock.now()
        while question(now: start.wall) != nil {
            guard clock.now().elapsed(since: start) < limit else { return false }
            let (seen, known) = (next, spacing)
            await catchUp(record, from: signals, now: start.wall)
            guard next > seen || spacing > known else { return missed == nil }
        }
        return true
    }
}

extension WatchHistory {
    /// Learns what a lane's signals were like lately; nil where nobody measured enough of it.
    static func learned(
        of lane: LaneID, slot: SlotID, from signals: (any SignalSource)?, now: Timestamp
    ) async -> WatchHistory? {
        guard let signals else { return nil }
        let span = window(spacing: signals.traits.spacing)
        let from = Timestamp(milliseconds: now.milliseconds - span.milliseconds)
        do throws(ProviderError) {
            return WatchHistory(
                try await signals.counters(of: lane, slot: slot, from: from, to: now))
        } catch { return nil }
    }
}
