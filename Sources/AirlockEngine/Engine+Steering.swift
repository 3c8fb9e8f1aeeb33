import AirlockModel
import AirlockPlan
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
            return await nothingOpen(lane, for: steer)
        }
        let isStopped = await books.stop?.isInForce(at: clock.now().wall) == true
        var said = await books.words(of: operation)
        let word = Steering.Word(actor: actor, reason: reason, at: clock.now().wall)
        let message: String
        switch steer {
        case .hold:
            guard case .forward = operation.rollout.direction, said.aborted == nil else {
                return Self.goesBack(lane, isStopped: isStopped)
            }
            said.held = word
            message = "\(lane) stays where it is until `airlock rollout resume \(lane)`"
        case .resume:
            guard said.aborted == nil else { return Self.goesBack(lane, isStopped: isStopped) }
            guard let resumed = Self.resume(&said, operation, word) else {
                return await takesNoWord(operation, said)
            }
            let held = await gitHolds(operation, said).map {
                "; git still holds it: rollout: \($0.text)"
            }
            message = resumed + (held ?? "")
        case .abort:
            if let refusal = Self.abort(&said, operation, word, isStopped: isStopped) {
                return refusal
            }
            message = "\(lane) goes back" + (isStopped ? ", and nothing else moves" : "")
        }
        var entry = AuditDraft(
            kind: .decision, time: word.at, actor: actor, lane: lane, commit: operation.commit,
            change: operation.change?.id, operation: operation.number,
            artifact: operation.artifact, outcome: "rollout \(steer.rawValue)")
        entry.detail["reason"] = reason
        if let canary = operation.rollout.canary { entry.detail["step"] = "\(canary.step + 1)" }
        var writes: [JournalWrite] = [.steering(said)]
        if isStopped, steer == .abort {
            writes += await books.orderBack(groupOf: lane, by: word)
        }
        try await books.commit(LedgerTransaction(writes: writes, entries: [entry]))
        await wakeAll()
        return await overtaken(steer, operation) ?? .done(message: message)
    }

    /// Why a word that is durable by now changes nothing: whoever works on the lane ended or turned its
    /// operation while the word was written. Nil when it counts.
    private func overtaken(
        _ steer: Steer, _ operation: OperationRecord
    ) async -> ControlAnswer.Result? {
        guard let now = await books.operation(operation.number) else {
            return await nothingOpen(operation.lane, for: steer)
        }
        switch steer {
        case .abort: return nil
        case .hold, .resume:
            guard case .back = now.rollout.direction else { return nil }
            return Self.goesBack(operation.lane, isStopped: false)
        }
    }

    private func nothingOpen(_ lane: LaneID, for steer: Steer) async -> ControlAnswer.Result {
        let isDesired = await keeper.fleet(for: lane.environment)?.fleet.lanes[lane] != nil
        let isKnown = await books.state.lanes[lane] != nil
        guard isDesired || isKnown else {
            return .failed(
                message: "there is no lane \(lane)",
                advice: "`airlock status` names those there are")
        }
        let message = "no change is under way in \(lane)"
        switch steer {
        case .hold:
            return .failed(
                message: message, advice: "`airlock freeze \(lane)` stops what comes")
        case .resume, .abort:
            guard let reason = await books.record(of: lane).holdReason else {
                return .failed(
                    message: message, advice: "`airlock explain \(lane)` says how it stands")
            }
            return .failed(
                message: message,
                advice: "what git asks for is held: \(reason); `airlock explain \(lane)` says what "
                    + "ends that")
        }
    }

    private static func goesBack(_ lane: LaneID, isStopped: Bool) -> ControlAnswer.Result {
        isStopped
            ? .failed(
                message: "\(lane) is to go back already, and everything is stopped",
                advice: "`airlock thaw --all` lets it")
            : .failed(
                message: "\(lane) goes back already",
                advice: "`airlock rollout status \(lane)` shows how far it is")
    }

    /// Has an operation go back; a refusal where that says nothing new, or there is no way back.
    private static func abort(
        _ said: inout Steering, _ operation: OperationRecord, _ word: Steering.Word,
        isStopped: Bool
    ) -> ControlAnswer.Result? {
        if let known = said.aborted, known.group != nil {
            // What turned with its group is stopped, too, until a person orders it back. Another's word is not
            // taken over: its slot would be at fault then.
            let isOrdered = said.isOrderedBack
            guard isStopped, !isOrdered else {
                return goesBack(operation.lane, isStopped: isStopped && !isOrdered)
            }
            said.aborted = known.ordered(by: word)
            return nil
        }
        if case .back = operation.rollout.direction {
            // What goes back by itself is stopped; a person's order is not.
            guard isStopped, said.aborted == nil else {
                return goesBack(operation.lane, isStopped: false)
            }
        } else if !operation.canGoBack {
            return .failed(
                message: "\(operation.lane) is being "
                    + "\(operation.change?.kind.rawValue ?? "change")d, "
                    + "and there is no other slot to go back to",
                advice: "commit what it shall be instead")
        }
        said.aborted = word
        return nil
    }

    /// What git says, where that keeps an operation from going on; as far as anybody can read it.
    private func gitHolds(_ operation: OperationRecord, _ said: Steering) async -> RolloutWish? {
        let lane = operation.lane
        let slice = await keeper.fleet(for: lane.environment)?.slices[lane.environment]
        let wish = slice?.readable(lane)?.release.rollout ?? said.wish
        let isBound =
            operation.rollout.isBound == true
            && wish == operation.rollout.ceiling.map(RolloutWish.upTo)
        return wish == .hold || isBound ? wish : nil
    }

    /// Why no word lets an operation go on.
    private func takesNoWord(
        _ operation: OperationRecord, _ said: Steering
    ) async -> ControlAnswer.Result {
        let lane = operation.lane
        if let wish = await gitHolds(operation, said) {
            return .failed(
                message: "git holds the rollout of \(lane): rollout: \(wish.text)",
                advice: "a person's word does not end that: commit services/\(lane.unit.name)/"
                    + "\(lane.environment).yaml without it")
        }
        guard let evidence = Rollout.staysOpen(operation, said) else {
            return .failed(
                message: "\(lane) is not held and waits for no person",
                advice: "`airlock explain \(lane)` says what it waits for")
        }
        return .failed(
            message: "no word of a person decides the step of \(lane): \(evidence)",
            advice: "mend what it names, or `airlock rollout abort \(lane)`")
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
        let isDue = operation.waitsForPerson(said) != nil
        said.passed[step] = word
        return "\(operation.lane) goes on from step \(step + 1)"
            + (isDue ? "" : " once the rest that it waits for there is over")
    }
}
