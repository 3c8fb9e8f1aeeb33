/// What a limit would have done over a recorded series.
///
/// The same ``LimitWatch`` that acts in a rollout reads every value. After it acted it is armed again
/// when the signal has been within the limit for as long as the limit's own duration: what was rolled
/// back then is rolled back once.
package struct LimitReplay: Sendable {
    /// One time at which it would have acted.
    package struct Action: Hashable, Sendable {
        /// Milliseconds since 1970.
        package let at: Int
        /// Since when the signal was beyond the limit.
        package let since: Int
        /// What was read then.
        package let value: SignalValue
    }

    package let limit: HardLimit
    /// In the order of time.
    package let actions: [Action]

    /// Replays `series` value by value.
    package init(_ limit: HardLimit, over series: RecordedSeries) {
        self.limit = limit
        // Values further apart than the usual freshness would never count towards a duration.
        let step = Duration.milliseconds(2 * (series.step ?? 0))
        let freshness = Freshness(oldest: max(.seconds(60), step), ahead: .seconds(5))
        var watch = LimitWatch(limit: limit, freshness: freshness)
        var (actions, acted, calmSince): ([Action], Bool, Int?) = ([], false, nil)
        for point in series.points {
            let reading = SignalValue(point.value)
            guard acted else {
                guard let reading else {
                    watch.add(.fault(.empty), now: point.at)
                    continue
                }
                watch.add(.value(reading, at: point.at), now: point.at)
                if case .broken(let value, let since, let at) = watch.state {
                    actions.append(Action(at: at, since: since, value: value))
                    (acted, calmSince) = (true, nil)
                }
                continue
            }
            guard let reading, !limit.forbids(reading) else {
                calmSince = nil
                continue
            }
            let calm = calmSince ?? point.at
            calmSince = calm
            if point.at - calm >= limit.duration.wholeMilliseconds {
                (acted, watch) = (false, LimitWatch(limit: limit, freshness: freshness))
            }
        }
        self.actions = actions
    }

    /// The limits around one: thresholds from half to twice, each with half, the same and twice the
    /// duration. The limit itself is one of them.
    package static func neighbours(of limit: HardLimit) -> [HardLimit] {
        var durations = [limit.duration / 2, limit.duration, limit.duration * 2]
        if limit.duration == .zero { durations = [.zero, .seconds(30), .seconds(60)] }
        return [500, 707, 1000, 1414, 2000].flatMap { (thousandths: Int64) in
            durations.map { duration in
                let threshold = Int128(limit.threshold.millionths) * Int128(thousandths) / 1000
                return HardLimit(
                    signal: limit.signal, side: limit.side,
                    threshold: SignalValue(millionths: Int64(clamping: threshold)),
                    duration: duration)
            }
        }
    }
}

extension Detector {
    /// The times at which a detector would have alarmed, in milliseconds since 1970.
    package static func alarms(
        over series: RecordedSeries, sensitivity: Sensitivity
    ) -> [Int] {
        var detector = Detector(sensitivity: sensitivity)
        return series.points.compactMap { point in
            detector.score(point.value, at: Double(point.at) / 1000) >= 0.5 ? point.at : nil
        }
    }
}

/// How times at which something acted compare with what people know to have been wrong.
package struct ReplayScore: Sendable {
    /// For each incident, in their order, how long after its start the first action came, in
    /// milliseconds; nil where none came before its end.
    package let delays: [Int?]
    /// Actions in no incident.
    package let falseAlarms: [Int]
    /// How long was replayed, in milliseconds.
    package let length: Int

    /// - Parameter actions: Milliseconds since 1970, in order.
    package init(_ actions: [Int], incidents: [KnownIncident], length: Int) {
        self.length = length
        delays = incidents.map { incident in
            actions.first { incident.contains($0) }.map { $0 - incident.start }
        }
        falseAlarms = actions.filter { action in !incidents.contains { $0.contains(action) } }
    }

    /// How many incidents were found.
    package var found: Int { delays.count { $0 != nil } }

    /// The median of the delays of what was found, in milliseconds.
    package var medianDelay: Int? {
        let known = delays.compactMap(\.self).sorted()
        return known.isEmpty ? nil : known[known.count / 2]
    }

    /// False alarms in a day of 24 hours; nil where less than a minute was replayed.
    package var falseAlarmsPerDay: Double? {
        length < 60_000 ? nil : Double(falseAlarms.count) * 86_400_000 / Double(length)
    }
}

extension KnownIncident {
    /// Whether a time lies in it.
    package func contains(_ time: Int) -> Bool { start <= time && time <= end }
}
