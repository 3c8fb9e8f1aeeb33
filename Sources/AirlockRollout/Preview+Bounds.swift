import AirlockAnalysis
import AirlockModel

/// The bounds that a new slot is held to before it gets traffic.
extension Preview {
    /// Adds a look at the bounds, which ``CanaryState/take(_:idle:now:)`` has judged.
    ///
    /// The time is counted by the times of the values, so that it is seen time, and by the monotonic clock,
    /// so that a clock that is set passes nothing.
    /// - Returns: Where they stand, for people, and whether all are kept; nil where there are none.
    func hold(
        _ state: inout RolloutState, _ standing: inout PreviewState, elapsed: Duration, now: Moment
    ) -> (words: String, isKept: Bool)? {
        guard let bounds = plan.bounds, var watched = state.canary else { return nil }
        defer { state.canary = watched }
        guard standing.bounds?.verdict == .open else { return ("its bounds are kept", true) }
        guard watched.isIdle else {
            watched.beginIdle(now: now)
            standing.keptSince = nil
            return ("its bounds are not looked at yet", false)
        }
        let limits = watched.judge.limits.filter { bounds.includes($0.limit) }
        let open = limits.compactMap(\.openWords)
        guard open.isEmpty, let newest = limits.map(\.newest).min() else {
            (standing.keptSince, watched.held) = (nil, .zero)
            let told = open.joined(separator: "; ")
            standing.bounds?.told = told
            return (told, false)
        }
        standing.bounds?.told = "kept"
        let since = standing.keptSince ?? newest
        if standing.keptSince != nil { watched.held += elapsed }
        standing.keptSince = since
        let kept = min(watched.held, .milliseconds(newest - since))
        guard kept >= bounds.hold else {
            let (spent, whole) = (kept.milliseconds / 1000, bounds.hold.milliseconds / 1000)
            return ("its bounds are kept for \(spent) of \(whole) s", true)
        }
        standing.bounds?.verdict = .passed
        standing.bounds?.told = "kept for \(kept.milliseconds / 1000) s"
        return ("its bounds are kept", true)
    }

    /// The state of a rollout whose idle slot broke a bound.
    ///
    /// - Parameter reason: The words of the judge.
    static func broken(_ state: RolloutState, reason: String) -> RolloutState {
        var state = state
        state.preview?.bounds?.verdict = .failed
        state.preview?.bounds?.told = reason
        return state
    }

    /// Has the bounds and checks begin anew: what was seen is of a slot that was whole.
    static func forget(_ state: inout RolloutState) {
        state.preview = nil
        state.canary?.endIdle()
    }
}

extension LimitWatch {
    /// What keeps a bound from being kept, without the numbers, which change with each look; nil when it is.
    fileprivate var openWords: String? {
        switch state {
        case .kept: nil
        case .beyond, .broken: "\(limit.signal) is \(limit.side.rawValue) its bound"
        case .unknown: "nobody knows \(limit.signal)"
        }
    }
}
