import AirlockAnalysis
import AirlockModel

/// The bounds that a new slot is held to before it gets traffic.
extension Preview {
    /// Adds a look at the bounds, which ``CanaryState/take(_:idle:now:)`` has judged.
    ///
    /// The time is counted by the times of the values, so that it is seen time, and by the monotonic clock,
    /// so that a clock that is set passes nothing. Bounds are looked at until the switch: that they were
    /// kept for their time says nothing of what is beyond one now.
    /// - Returns: Where they stand, for people, and whether all are kept; nil where there are none.
    func hold(
        _ state: inout RolloutState, _ standing: inout PreviewState, elapsed: Duration, now: Moment
    ) -> (words: String, isKept: Bool)? {
        guard let bounds = plan.bounds, var watched = state.canary else { return nil }
        defer { state.canary = watched }
        guard watched.isIdle else {
            watched.beginIdle(now: now)
            (standing.bounds, standing.keptSince) = (PreviewState.Standing(), nil)
            return ("its bounds are not looked at yet", false)
        }
        let limits = watched.judge.limits.filter { bounds.includes($0.limit) }
        let open = limits.compactMap(\.openWords)
        guard open.isEmpty, let newest = limits.map(\.newest).min() else {
            if !Self.isGap(limits, watched, now: now) {
                (standing.keptSince, watched.held) = (nil, .zero)
            }
            let told = open.joined(separator: "; ")
            standing.bounds = PreviewState.Standing(told: told)
            return (told, false)
        }
        if let since = standing.keptSince, since <= newest {
            watched.held += elapsed
        } else {
            // Also after the clock was set back.
            (standing.keptSince, watched.held) = (newest, .zero)
        }
        let kept = min(watched.held, .milliseconds(newest - (standing.keptSince ?? newest)))
        guard kept >= bounds.hold else {
            standing.bounds = PreviewState.Standing(told: "kept, not for long enough")
            return ("its bounds are kept for \(kept.whole) of \(bounds.hold.spelled)", true)
        }
        if standing.bounds?.verdict != .passed {
            standing.bounds = PreviewState.Standing(
                .passed, told: "kept for \(bounds.hold.spelled)")
        }
        return ("its bounds are kept", true)
    }

    /// Whether a source that says nothing has done so for less time than a value may be old: what it says
    /// next tells of that time too.
    private static func isGap(
        _ limits: [LimitWatch], _ watched: CanaryState, now: Moment
    ) -> Bool {
        let isBeyond = limits.contains { limit in
            if case .beyond = limit.state { true } else { false }
        }
        guard !isBeyond, let since = watched.silence?.since else { return false }
        let time = now.wall - since
        return time >= .zero && time <= .milliseconds(watched.judge.policy.freshness.oldest)
    }

    /// The state of a rollout whose idle slot broke a bound.
    ///
    /// - Parameter reason: The words of the judge.
    static func broken(_ state: RolloutState, reason: String) -> RolloutState {
        var state = state
        state.preview?.bounds = PreviewState.Standing(.failed, told: reason)
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

extension Duration {
    /// In whole seconds: `12s`.
    fileprivate var whole: String { "\(milliseconds / 1000)s" }
}
