package import AirlockModel

/// What a new slot has to show that has no traffic yet: from its answers and signals to a verdict.
///
/// A check passes with one right answer and fails with several wrong ones in a row. Bounds pass when all of
/// them were kept for long enough in one go, and fail when one is broken. No answer and no value decide
/// nothing: the strategy's deadline does.
struct Preview {
    let plan: PreviewPlan

    /// What all of it comes to.
    enum Verdict: Equatable {
        case passed
        /// Something is not known yet; what that is.
        case open(String)
        /// Nothing is missing but time, and for what.
        case holding(String)
        /// What is wrong.
        case failed(String)
    }

    /// Adds what was answered and says what all of it comes to.
    ///
    /// - Parameters:
    ///   - answer: Nil when nothing was asked.
    ///   - elapsed: Time since the last look; zero after one that was long ago.
    func judge(
        _ answer: PreviewAnswer?, _ state: inout RolloutState, elapsed: Duration, now: Moment
    ) -> Verdict {
        var standing = current(state, now: now) ?? PreviewState(plan)
        defer { state.preview = standing }
        let bounds = hold(&state, &standing, elapsed: elapsed, now: now)
        var unasked: String?
        switch answer {
        case nil: break
        case .unaddressed(let why): unasked = "the preview checks cannot run: \(why)"
        case .answers(let answers):
            for (place, check) in plan.checks.enumerated() {
                guard let answer = answers[place] else { continue }
                take(answer, to: check, &standing.checks[place], now: now)
            }
        }
        switch standing.verdict {
        case .failed: return .failed("the preview failed: \(words(.failed, standing))")
        case .passed:
            standing.passed = standing.passed ?? now
            return .passed
        case .open:
            standing.passed = nil
            return open(standing, bounds, unasked)
        }
    }

    /// What is not decided yet, in words.
    private func open(
        _ standing: PreviewState, _ bounds: (words: String, isKept: Bool)?, _ unasked: String?
    ) -> Verdict {
        if let unasked { return .open(unasked) }
        var parts: [String] = []
        let passed = standing.checks.count { $0.verdict == .passed }
        let areAsked = passed < plan.checks.count
        if areAsked {
            parts = [
                "\(passed) of \(plan.checks.count) checks passed", words(.open, standing),
            ]
        }
        if let bounds, standing.bounds?.verdict == .open { parts.append(bounds.words) }
        let told = "preview: \(parts.joined(separator: "; "))"
        return areAsked || bounds?.isKept == false ? .open(told) : .holding(told)
    }

    /// What is known and still counts; nil when nothing is. What passed too long ago is asked anew: all
    /// of it where all had passed.
    func current(_ state: RolloutState, now: Moment) -> PreviewState? {
        guard var known = state.preview, known.isOf(plan) else { return nil }
        if let passed = known.passed {
            if Self.counts(passed, now: now) { return known }
            known.checks = PreviewState(plan).checks
        }
        for place in known.checks.indices where known.checks[place].verdict == .passed {
            if let passed = known.checks[place].passed, Self.counts(passed, now: now) { continue }
            known.checks[place] = PreviewState.Standing()
        }
        if known.checks.contains(where: { $0.verdict == .open }) { known.passed = nil }
        return known
    }

    private static func counts(_ passed: Moment, now: Moment) -> Bool {
        passed.boot == now.boot && now.elapsed(since: passed) < PreviewPlan.validity
    }

    private func take(
        _ answer: ProbeAnswer, to check: PreviewCheck, _ standing: inout PreviewState.Standing,
        now: Moment
    ) {
        guard standing.verdict == .open else { return }
        switch answer {
        case .none(let why): standing.told = "\(check.phrase): not answered: \(why)"
        case .status(check.expect, let time):
            (standing.verdict, standing.wrong, standing.passed) = (.passed, 0, now)
            standing.told = "\(check.phrase): \(check.expect) after \(time.milliseconds) ms"
        case .status(let status, _):
            standing.wrong += 1
            if standing.wrong >= check.failures { standing.verdict = .failed }
            standing.told =
                "\(check.phrase): \(status) instead of \(check.expect), "
                + "\(standing.wrong) of \(check.failures) times in a row"
        }
    }

    /// What the checks with that verdict came to.
    private func words(_ verdict: PreviewState.Verdict, _ state: PreviewState) -> String {
        zip(plan.checks, state.checks).filter { $0.1.verdict == verdict }
            .map { check, standing in standing.told ?? "\(check.phrase): not asked yet" }
            .joined(separator: "; ")
    }
}

extension Rollout {
    /// What an operation has to ask of its new slot before it goes on; nil when nothing.
    package static func previewQuestion(
        of operation: OperationRecord, in lane: LaneObservation, now: Moment
    ) -> PreviewQuestion? {
        guard case .forward = operation.rollout.direction, let change = operation.change,
            case .blueGreen(let plan) = change.strategy,
            let preview = plan.preview.map(Preview.init), let id = change.target.slot,
            let slot = lane.slot(id), !slot.isEdited, slot.replicas > 0,
            slot.healthyCount >= slot.replicas, lane.weights[id] == nil
        else { return nil }
        let known = preview.current(operation.rollout, now: now)
        guard known?.passed == nil else { return nil }
        let open = preview.plan.checks.enumerated().filter { place, _ in
            known.map { $0.checks[place].verdict == .open } ?? true
        }
        guard !open.isEmpty else { return nil }
        return PreviewQuestion(
            lane: operation.lane, slot: id, endpoint: slot.endpoint,
            checks: Dictionary(uniqueKeysWithValues: open.map { ($0.offset, $0.element) }))
    }
}
