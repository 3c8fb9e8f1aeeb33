package import AirlockModel

/// What one notifier has been told, and what it is to be told next. Pure.
///
/// An alert is told when it begins to stand and when it is over, and in between as often as the notifier
/// asks for. What begins and ends is rate-limited, for each lane and in all; what was held back is counted
/// and told with the next. Repeats are not limited: they are the same alert.
package struct AlertLine: Sendable {
    /// The most notices of one telling.
    package static let most = 64

    /// A beginning or an end.
    private struct Turn: Hashable {
        let key: Alert.Key
        let since: Timestamp
        let status: AlertNotice.Status
    }

    private struct Told {
        let alert: Alert
        /// Monotonic milliseconds.
        let at: Int
    }

    package let repeats: Duration?
    private var told: [Alert.Key: Told] = [:]
    private var all = AlertBudget(capacity: 60, refill: .seconds(2))
    private var budgets: [Freeze.Scope?: AlertBudget] = [:]
    /// Turns that spent their token and were not told yet, because the notifier was away.
    private var paid: Set<Turn> = []
    /// Turns that were held back, so that each is counted once.
    private var held: Set<Turn> = []
    private var suppressed: [Freeze.Scope?: Int] = [:]

    /// Nothing was told yet.
    package init(repeats: Duration?) { self.repeats = repeats }

    /// What is to be told now: beginnings first, pages before tickets.
    ///
    /// - Parameter start: Alerts that stood before it, and were not told, are left out; nil for none.
    package mutating func due(
        _ standing: [Alert.Key: Alert], of fleet: FleetName, now: Moment,
        since start: Timestamp? = nil
    ) -> [AlertNotice] {
        let time = now.monotonicMilliseconds
        var notices: [AlertNotice] = []
        for alert in standing.values.sorted(by: Self.isBefore) where notices.count < Self.most {
            if let old = told[alert.key], old.alert.since == alert.since {
                guard let repeats, time - old.at >= repeats.milliseconds else { continue }
                notices.append(
                    AlertNotice(fleet: fleet, alert: alert, status: .firing, at: now.wall))
            } else if let start, alert.since < start {
                continue
            } else if pays(for: alert, .firing, at: time) {
                notices.append(notice(alert, .firing, of: fleet, now))
            }
        }
        let over = told.values.map(\.alert).filter { standing[$0.key] == nil }
        for alert in over.sorted(by: Self.isBefore) where notices.count < Self.most {
            if pays(for: alert, .resolved, at: time) {
                notices.append(notice(alert, .resolved, of: fleet, now))
            }
        }
        forget(standing)
        return notices
    }

    /// Notes that `notices` were told.
    package mutating func note(_ notices: [AlertNotice], now: Moment) {
        for notice in notices {
            let alert = notice.alert
            paid.remove(Turn(key: alert.key, since: alert.since, status: notice.status))
            if notice.suppressed > 0 { suppressed[alert.scope] = nil }
            switch notice.status {
            case .firing:
                told[alert.key] = Told(alert: alert, at: now.monotonicMilliseconds)
            case .resolved: told[alert.key] = nil
            }
        }
    }

    private func notice(
        _ alert: Alert, _ status: AlertNotice.Status, of fleet: FleetName, _ now: Moment
    ) -> AlertNotice {
        AlertNotice(
            fleet: fleet, alert: alert, status: status, at: now.wall,
            suppressed: suppressed[alert.scope] ?? 0)
    }

    /// Whether a turn may be told; counts it once when it may not.
    private mutating func pays(
        for alert: Alert, _ status: AlertNotice.Status, at time: Int
    ) -> Bool {
        let turn = Turn(key: alert.key, since: alert.since, status: status)
        if paid.contains(turn) { return true }
        var own = budgets[alert.scope] ?? AlertBudget(capacity: 6, refill: .seconds(300))
        let hasOwn = own.hasToken(at: time)
        guard all.hasToken(at: time), hasOwn else {
            budgets[alert.scope] = own
            if held.insert(turn).inserted { suppressed[alert.scope, default: 0] += 1 }
            return false
        }
        own.take()
        all.take()
        budgets[alert.scope] = own
        paid.insert(turn)
        if held.remove(turn) != nil, let count = suppressed[alert.scope] {
            suppressed[alert.scope] = max(0, count - 1)
        }
        return true
    }

    /// Lets go of what can come to nothing any more, so that nothing grows.
    private mutating func forget(_ standing: [Alert.Key: Alert]) {
        let isOpen = { (turn: Turn) in
            switch turn.status {
            case .firing: standing[turn.key]?.since == turn.since
            case .resolved: standing[turn.key] == nil
            }
        }
        paid = paid.filter(isOpen)
        held = held.filter(isOpen)
        guard budgets.count > 4_096 else { return }
        // Whoever has nothing to tell may begin with a full bucket again.
        let busy = Set(standing.values.map(\.scope)).union(told.values.map(\.alert.scope))
        budgets = budgets.filter { busy.contains($0.key) }
        suppressed = suppressed.filter { busy.contains($0.key) }
    }

    static func isBefore(_ left: Alert, _ right: Alert) -> Bool {
        let order = { (alert: Alert) in
            (
                alert.scope == nil ? 0 : 1, alert.kind.severity == .page ? 0 : 1,
                alert.since.milliseconds, alert.scope?.description ?? "", alert.kind.rawValue
            )
        }
        return order(left) < order(right)
    }
}
