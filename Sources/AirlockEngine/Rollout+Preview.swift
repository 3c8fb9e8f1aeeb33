import AirlockModel
import AirlockPorts
import AirlockRollout

extension LaneWorker {
    /// Asks the idle slot of an operation. That takes a while: what is done next rests on what is seen after
    /// it.
    ///
    /// - Returns: Nil when nothing was to be asked.
    func ask(
        for operation: OperationRecord, in observed: inout LaneObservation
    ) async throws(ProviderError) -> PreviewAnswer? {
        let answer = await Rollout.preview(
            of: operation, in: observed, by: prober, now: clock.now())
        if answer != nil { observed = try await look() }
        return answer
    }
}

extension Rollout {
    /// What the new slot of an operation answers to its preview checks; nil when nothing is to be asked.
    ///
    /// The checks are asked side by side, each within its own time.
    /// - Parameter prober: Nil where nothing can ask.
    static func preview(
        of operation: OperationRecord, in lane: LaneObservation, by prober: (any Prober)?,
        now: Moment
    ) async -> PreviewAnswer? {
        guard let question = previewQuestion(of: operation, in: lane, now: now) else { return nil }
        guard let endpoint = question.endpoint else {
            return .unaddressed(
                "the provider does not say where slot \(question.slot.short) can be reached")
        }
        guard let prober else { return .unaddressed("nothing here asks slots of its provider") }
        return await withTaskGroup(of: (Int, ProbeAnswer).self) { group in
            for (place, check) in question.checks {
                let probe = Probe(
                    lane: question.lane, slot: question.slot, endpoint: endpoint, check: check)
                group.addTask { (place, await prober.answer(to: probe)) }
            }
            var answers: [Int: ProbeAnswer] = [:]
            for await (place, answer) in group { answers[place] = answer }
            return .answers(answers)
        }
    }
}
