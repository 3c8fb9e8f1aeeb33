import AirlockModel

/// Lets a callee go before its callers, and callers go before a callee that is removed.
///
/// A caller waits only for a callee that is being changed or has no healthy slot, never for one that
/// merely holds with a serving slot. Services that call each other in a circle go together.
struct DependencyGate {
    private let situations: [LaneID: Situation]
    /// Lanes whose own gates let them change.
    private let movable: Set<LaneID>
    private let coming: CallGraph
    private let running: CallGraph

    init(situations: [Situation], movable: Set<LaneID>) {
        self.situations = Dictionary(uniqueKeysWithValues: situations.map { ($0.lane, $0) })
        self.movable = movable
        var settled: [LaneID: Template] = [:]
        var next: [LaneID: Template] = [:]
        for situation in situations {
            settled[situation.lane] = situation.settled?.slot.template
            next[situation.lane] = situation.settled?.slot.template
            if case .slot(let slot, _, _)? = situation.change?.target {
                next[situation.lane] = slot.template
            }
        }
        coming = CallGraph(templates: next)
        running = CallGraph(templates: settled)
    }

    func verdict(_ situation: Situation) -> GateVerdict? {
        guard let change = situation.change else { return nil }
        if let operation = situation.operation, operation.change?.id == change.id {
            return GateVerdict(gate: .dependencies, answer: .pass, reason: "already under way")
        }
        let reason =
            change.kind == .remove
            ? reasonToKeep(situation.lane) : reasonToWait(situation.lane)
        return GateVerdict(
            gate: .dependencies, answer: reason == nil ? .pass : .wait,
            reason: reason ?? "no callee stands in the way", move: reason == nil ? .nobody : .wait)
    }

    private func reasonToWait(_ lane: LaneID) -> String? {
        for callee in coming.calleesOutsideCircle(of: lane) {
            guard let other = situations[callee] else { continue }
            if movable.contains(callee), other.change?.kind != .remove {
                return "it calls \(callee), which goes first"
            }
            if other.observed.serving.isEmpty {
                return "it calls \(callee), which has no healthy slot"
            }
        }
        return nil
    }

    private func reasonToKeep(_ lane: LaneID) -> String? {
        running.callersOutsideCircle(of: lane).first.map { "\($0) still calls it and goes first" }
    }
}
