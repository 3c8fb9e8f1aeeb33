import AirlockEngine
import AirlockHost
import AirlockModel
import AirlockPorts
import AirlockRollout
import ArgumentParser

extension RolloutCommand {
    /// `airlock rollout status LANE`.
    struct Status: Verb {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Show where the change of a lane stands and what it waits for.",
            discussion: """
                For a canary: its step, its share of the traffic and what the judge says now, with the \
                numbers and the limits that they are held to.
                """)

        @Argument(help: "The lane, such as production/checkout.")
        var lane: LaneID

        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let reading = try await LaneReading(wiring)
            try reading.names.check(.lane(lane))
            let found = reading.lanes.first { $0.record.lane == lane }
            guard let found, let operation = found.operation else {
                try await idle(lane, found, in: reading, wiring)
                return .done
            }
            let view = await RolloutView(
                operation, observed: found.observed, held: found.record.holdReason,
                steering: reading.state.steerings[operation.number],
                group: Self.group(of: operation, in: reading.state),
                signals: try await wiring.signals(of: lane), now: wiring.clock.now())
            switch output.format {
            case .json, .yaml: try Output.value(view, as: output.format)
            case .human: Output.data(view.text)
            }
            return .done
        }

        /// How far the lanes have come that move with an operation's; nil where it moves alone.
        private static func group(
            of operation: OperationRecord, in state: LedgerState
        ) -> GroupProgress? {
            guard let group = state.steerings[operation.number]?.group else { return nil }
            let all = state.operations.values.filter {
                $0.change != nil && $0.lane.environment == operation.lane.environment
                    && state.steerings[$0.number]?.group == group
            }
            return all.count > 1 ? GroupProgress(of: Array(all)) : nil
        }

        /// What a lane without an operation is told as: watched, or nothing.
        private func idle(
            _ lane: LaneID, _ found: LaneReading.Lane?, in reading: LaneReading, _ wiring: Wiring
        ) async throws {
            let told = "Nothing is under way in \(lane)\(Self.why(found, at: lane))."
            guard let watch = reading.state.lanes[lane]?.watch?.value else {
                try Output.outcome(told, as: output.format)
                return
            }
            let view = await WatchView(
                watch, signals: try await wiring.signals(of: lane), by: wiring.clock)
            switch output.format {
            case .json, .yaml: try Output.value(view, as: output.format)
            case .human: Output.data("\(told)\n\(view.text)")
            }
        }

        /// What keeps a lane from moving; empty where nothing is known to.
        private static func why(_ found: LaneReading.Lane?, at lane: LaneID) -> String {
            if let reason = found?.record.holdReason {
                return "; it is held: \(reason.visible) (`airlock explain \(lane)` says whose "
                    + "move is next)"
            }
            guard let quarantine = found?.quarantines.last else { return "" }
            return "; slot \(quarantine.slot.short) is quarantined: \(quarantine.reason.visible) "
                + "(`airlock rollout retry \(lane)` ends that)"
        }
    }
}

/// One operation as `airlock rollout status` shows it.
private struct RolloutView: Encodable {
    let lane: String
    let operation: Int
    let change: String?
    let commit: String?
    let author: String?
    let version: String?
    let strategy: String
    /// The step whose shares are in force, counted from 1; nil for what has no steps.
    private(set) var step: Int?
    private(set) var steps: Int?
    /// What the new slot has of the traffic now, as far as its provider says.
    private(set) var perMille: Int?
    private(set) var heldSeconds: Int?
    private(set) var verdict: String?
    private(set) var evidence: String?
    /// The chance of a false alarm and how it is split over what is compared.
    private(set) var falseAlarms: String?
    /// Why signals are missing, in the words of what measures; nil while none is.
    private(set) var missing: String?
    /// The most of the traffic that git allows, in per mille; nil for all.
    let ceiling: Int?
    /// Why it goes back; nil while it goes forward.
    let back: String?
    /// Why it may not go on.
    let held: String?
    /// What it waits for, or what it does next.
    let next: String

    /// Asks the pure rollout what it would do now; nothing is written and nothing is done.
    init(
        _ operation: OperationRecord, observed: LaneObservation?, held: String?,
        steering: Steering?, group: GroupProgress?, signals: (any SignalSource)?, now: Moment
    ) async {
        self.held = held
        if case .back(let reason) = operation.rollout.direction {
            back = reason
        } else {
            back = nil
        }
        ceiling = operation.rollout.ceiling
        var course = Course(
            ceiling.map(RolloutWish.upTo) ?? .proceed, steering, isRead: steering?.isUnread != true)
        course.isHeld = held != nil
        if let group, let steps = operation.change?.strategy.steps {
            course.join(group, as: operation.lane, steps: steps, at: operation.rollout.canary)
        }
        lane = operation.lane.description
        self.operation = operation.number
        change = operation.change?.id.description
        commit = operation.commit?.description
        author = operation.author
        guard case .slot(_, let version, _)? = operation.change?.target else {
            self.version = nil
            strategy = operation.workWord
            next = Self.next(operation, observed, nil, course, SignalTraits(), now).words
            return
        }
        self.version = version
        let answer = await Rollout.answer(for: operation, from: signals, now: now)
        let traits = signals?.traits ?? SignalTraits()
        let (state, words) = Self.next(operation, observed, answer, course, traits, now)
        next = words
        strategy = operation.workWord
        guard let shares = operation.change?.strategy.steps, let canary = state.canary else {
            return
        }
        missing = canary.silence?.reason
        if case .down(let reason)? = answer { missing = reason }
        let bounds = state.preview?.bounds?.told.map { "bounds: \($0)" }
        guard operation.change?.kind == .replace else {
            // A slot with none beside it has no steps.
            evidence = canary.toldOfBounds ?? bounds
            return
        }
        // What the next look would want is not there yet, and while it is held will not come.
        let inForce = canary.inForce ?? canary.step
        step = inForce + 1
        steps = shares.count
        if let observed, let slot = operation.change?.target.slot {
            perMille = observed.weights[slot, default: 0]
        } else {
            perMille = shares[inForce]
        }
        heldSeconds = canary.held.milliseconds / 1000
        verdict = canary.word
        guard operation.change?.isReturn != true else {
            (verdict, evidence) = ("none", Change.returnPhrase)
            return
        }
        guard case .canary? = operation.change?.strategy else {
            // Nothing serves beside the new slot that it could be compared with.
            evidence = canary.toldOfBounds ?? (canary.inForce == nil ? bounds : nil)
            return
        }
        falseAlarms = canary.falseAlarms
        // Before the router has taken the step's share there is nothing to tell.
        evidence = canary.judgedTo == nil ? nil : canary.told
    }

    private static func next(
        _ operation: OperationRecord, _ observed: LaneObservation?, _ answer: SignalAnswer?,
        _ course: Course, _ traits: SignalTraits, _ now: Moment
    ) -> (state: RolloutState, words: String) {
        guard let observed else {
            return (operation.rollout, "its provider does not say what is there")
        }
        let step = Rollout.advance(
            operation, in: observed, answer: answer, course: course, traits: traits, now: now)
        switch step.next {
        case .act(let action): return (step.state, "\(action.capability.rawValue) is next")
        case .wait(let what, _): return (step.state, what)
        case .end(let outcome): return (step.state, outcome.word)
        }
    }

    var text: String {
        var lines = [
            "\(lane)\(version.map { "  \($0.visible)" } ?? "")  operation \(operation), \(strategy)"
        ]
        if let commit {
            lines.append("commit   \(commit.prefix(10))\(author.map { "  \($0.visible)" } ?? "")")
        }
        if let step, let steps, let perMille, let heldSeconds, let verdict {
            lines.append(
                "step     \(step) of \(steps): \(Share(perMille: perMille).text) of the traffic, "
                    + "for \(heldSeconds) s")
            // What was excluded stays so for the step, whatever the numbers below do.
            lines.append(
                "verdict  \(verdict)"
                    + (verdict == "acceptable" ? ", which stands for this step" : ""))
            if let falseAlarms { lines.append("alarms   at most \(falseAlarms)") }
        }
        if let back { lines.append("back     \(back.visible)") }
        // What the last line says is not said twice; of what is held it is not shown.
        let last = held == nil ? next : ""
        if let evidence, !evidence.isEmpty, !last.contains(evidence) {
            lines.append("         \(evidence.visible)")
        }
        if let missing, !last.contains(missing), evidence?.contains(missing) != true {
            lines.append("missing  \(missing.visible)")
        }
        if let held {
            lines.append("held     \(held.visible)")
        } else {
            lines.append("next     \(next.visible)")
        }
        return lines.joined(separator: "\n")
    }
}

extension OperationRecord {
    /// What it is, in a word: the strategy of a change, or what else is done.
    fileprivate var workWord: String {
        switch work {
        case .change(let change): change.kind == .remove ? "removal" : change.strategy.word
        case .repair(let repair): repair.isRollback ? "rollback" : "repair"
        case .heal: "heal"
        case .verify: "test job"
        }
    }
}
