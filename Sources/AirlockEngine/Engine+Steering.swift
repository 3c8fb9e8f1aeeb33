import AirlockModel
import AirlockPorts
import AirlockRollout

/// What people say about one rollout: durable before it is answered, obeyed by whoever works on the lane.
extension Engine {
    func steer(
        _ lane: LaneID, _ steer: Steer, reason: String, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        await steering.enter()
        defer { steering.leave() }
        // Its group may turn back at the same time, and git's wish be written down.
        await books.steeringTurn.enter()
        defer { books.steeringTurn.leave() }
        guard let operation = await books.operation(openIn: lane), operation.change != nil else {
            return Self.nothingOpen(lane)
        }
        let known = await books.steering(of: operation.number)
        var said = known ?? Steering(operation: operation.number, lane: lane)
        let word = Steering.Word(actor: actor, reason: reason, at: clock.now().wall)
        let message: String
        switch steer {
        case .hold:
            guard case .forward = operation.rollout.direction, said.aborted == nil else {
                return Self.goesBack(lane)
            }
            said.held = word
            message = "\(lane) stays where it is until `airlock rollout resume \(lane)`"
        case .resume:
            guard said.aborted == nil else { return Self.goesBack(lane) }
            guard let resumed = Self.resume(&said, operation, word) else {
                return .failed(
                    message: "\(lane) is not held and waits for no person",
                    advice: "`airlock explain \(lane)` says what it waits for")
            }
            message = resumed
        case .abort:
            // Another's word that it goes back is not taken over: its slot would be at fault then.
            guard case .forward = operation.rollout.direction, said.aborted?.group == nil else {
                return Self.goesBack(lane)
            }
            guard operation.canGoBack else {
                return .failed(
                    message: "\(lane) is being \(operation.change?.kind.rawValue ?? "changed")d, "
                        + "and there is no other slot to go back to",
                    advice: "commit what it shall be instead")
            }
            said.aborted = word
            message = "\(lane) goes back"
        }
        var entry = AuditDraft(
            kind: .decision, time: word.at, actor: actor, lane: lane, commit: operation.commit,
            change: operation.change?.id, operation: operation.number,
            artifact: operation.artifact, outcome: "rollout \(steer.rawValue)")
        entry.detail["reason"] = reason
        if let canary = operation.rollout.canary { entry.detail["step"] = "\(canary.step + 1)" }
        try await books.commit(LedgerTransaction(writes: [.steering(said)], entries: [entry]))
        await wakeAll()
        return await overtaken(steer, operation) ?? .done(message: message)
    }

    /// Why a word that is durable by now changes nothing: whoever works on the lane ended or turned its
    /// operation while the word was written. Nil when it counts.
    private func overtaken(
        _ steer: Steer, _ operation: OperationRecord
    ) async -> ControlAnswer.Result? {
        guard let now = await books.operation(operation.number) else {
            return Self.nothingOpen(operation.lane)
        }
        switch steer {
        case .abort: return nil
        case .hold, .resume:
            guard case .back = now.rollout.direction else { return nil }
            return Self.goesBack(operation.lane)
        }
    }

    private static func nothingOpen(_ lane: LaneID) -> ControlAnswer.Result {
        .failed(
            message: "no change is under way in \(lane)",
            advice: "`airlock freeze \(lane)` stops what comes")
    }

    private static func goesBack(_ lane: LaneID) -> ControlAnswer.Result {
        .failed(
            message: "\(lane) goes back already",
            advice: "`airlock rollout status \(lane)` shows how far it is")
    }

    /// Takes a hold back, or else lets a step go on; nil when neither is there.
    private static func resume(
        _ said: inout Steering, _ operation: OperationRecord, _ word: Steering.Word
    ) -> String? {
        if said.held != nil {
            said.held = nil
            return "\(operation.lane) goes on"
        }
        guard Rollout.takesWord(operation, said), let step = operation.rollout.canary?.step else {
            return nil
        }
        said.passed[step] = word
        return "\(operation.lane) goes on from step \(step + 1)"
    }
}
