import AirlockModel

/// Lets a callee go before its callers, and callers go before a callee that is removed.
///
/// A caller waits only for a callee that is being changed or has no healthy slot, never for one that
/// merely holds with a serving slot. Services that call each other in a circle go together.
struct DependencyGate {
    private let open: [LaneID: Situation]
    private let looking: Looking
    /// Lanes that change now or as soon as what they wait for has changed.
    private var moving: Set<LaneID> = []
    private let coming: CallGraph
    private let running: CallGraph

    /// - Parameter movable: Lanes whose own gates let them change.
    init(open: [Situation], movable: [Situation], callers: CallerTable, looking: Looking) {
        let open = Dictionary(uniqueKeysWithValues: open.map { ($0.lane, $0) })
        self.open = open
        self.looking = looking
        func situation(_ lane: LaneID) -> Situation? {
            open[lane] ?? looking.knownSituation(of: lane)
        }
        let leaving = Set(movable.filter { $0.change?.kind == .remove }.map(\.lane))
        let staying = Set(movable.map(\.lane)).subtracting(leaving)
        coming = CallGraph(
            lanes: open.values.filter { $0.change != nil }.map(\.lane), going: staying,
            callees: { situation($0)?.comingCalls ?? [] }, callers: { _ in [] })
        running = CallGraph(
            lanes: open.values.filter { $0.change?.kind == .remove }.map(\.lane), going: leaving,
            callees: { situation($0)?.settledCalls ?? [] }, callers: callers.callers)
        for lane in coming.calleesFirst where staying.contains(lane) && deadCallee(of: lane) == nil
        {
            moving.insert(lane)
        }
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
            reason: reason ?? "nothing stands in the way", move: reason == nil ? .nobody : .wait)
    }

    private func reasonToWait(_ lane: LaneID) -> String? {
        func called(_ callee: LaneID) -> String {
            let caller = coming.calls(lane, callee) ? "it" : "a service of its circle"
            return "\(caller) calls \(callee)"
        }
        if let callee = coming.calleesOutsideCircle(of: lane).first(where: moving.contains) {
            return "\(called(callee)), which goes first"
        }
        return deadCallee(of: lane).map { "\(called($0)), which has no healthy slot" }
    }

    /// A callee that neither serves nor is about to; one that the environment does not have is the
    /// decoder's business.
    private func deadCallee(of lane: LaneID) -> LaneID? {
        coming.calleesOutsideCircle(of: lane).first { callee in
            guard !moving.contains(callee),
                let other = open[callee] ?? looking.knownSituation(of: callee)
            else { return false }
            return other.observed.serving.isEmpty
        }
    }

    private func reasonToKeep(_ lane: LaneID) -> String? {
        running.callersOutsideCircle(of: lane).first.map { caller in
            let callee = running.calls(caller, lane) ? "it" : "a service of its circle"
            return "\(caller) still calls \(callee) and goes first"
        }
    }
}
