package import AirlockModel

/// The checks of a new slot that has no traffic yet: from what it answered to a verdict.
///
/// A check passes with one right answer and fails with several wrong ones in a row. No answer decides
/// nothing: the strategy's deadline does.
struct Preview {
    /// How long a pass counts while the switch waits for something else.
    static let validity = Duration.seconds(300)

    let plan: PreviewPlan

    /// What the checks come to.
    enum Verdict: Equatable {
        case passed
        /// Something is not known yet; what that is.
        case open(String)
        /// What is wrong.
        case failed(String)
    }

    /// Adds what was answered and says what all of it comes to.
    ///
    /// - Parameter answer: Nil when nothing was asked.
    func judge(
        _ answer: PreviewAnswer?, _ state: inout RolloutState, now: Moment
    ) -> Verdict {
        var standing = current(state, now: now) ?? PreviewState(plan)
        defer { state.preview = standing }
        if standing.passed != nil { return .passed }
        switch answer {
        case nil: break
        case .unaddressed(let why): return .open("the preview checks cannot run: \(why)")
        case .answers(let answers):
            for (place, check) in plan.checks.enumerated() {
                guard let answer = answers[place] else { continue }
                take(answer, to: check, &standing.checks[place])
            }
        }
        switch standing.verdict {
        case .failed: return .failed("the preview failed: \(words(.failed, standing))")
        case .passed:
            standing.passed = now
            return .passed
        case .open:
            let passed = standing.checks.count { $0.verdict == .passed }
            return .open(
                "preview: \(passed) of \(plan.checks.count) checks passed; "
                    + words(.open, standing))
        }
    }

    /// What is known and still counts; nil when all has to be asked anew.
    func current(_ state: RolloutState, now: Moment) -> PreviewState? {
        guard let known = state.preview, known.checks.count == plan.checks.count else { return nil }
        guard let passed = known.passed else { return known }
        let isFresh = passed.boot == now.boot && now.elapsed(since: passed) < Self.validity
        return isFresh ? known : nil
    }

    private func take(
        _ answer: ProbeAnswer, to check: PreviewCheck, _ standing: inout PreviewState.Standing
    ) {
        guard standing.verdict == .open else { return }
        switch answer {
        case .none(let why): standing.told = "\(check.phrase): not answered: \(why)"
        case .status(check.expect, let time):
            (standing.verdict, standing.wrong) = (.passed, 0)
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
        return PreviewQuestion(
            lane: operation.lane, slot: id, endpoint: slot.endpoint,
            checks: Dictionary(uniqueKeysWithValues: open.map { ($0.offset, $0.element) }))
    }
}
