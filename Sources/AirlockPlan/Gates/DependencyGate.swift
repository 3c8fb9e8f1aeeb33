import AirlockModel

/// Lets a callee go before its callers, and callers go before a callee that is removed.
///
/// A caller waits only for a callee that is being changed or has no healthy slot, never for one that
/// merely holds with a serving slot. Services that call each other in a circle go together.
struct DependencyGate {
    private let open: [LaneID: Situation]
    private let looking: Looking
    /// What the gates that look at one lane alone say of each change.
    private let own: [LaneID: [GateVerdict]]
    /// Lanes that change now or as soon as what they wait for has changed.
    private var moving: Set<LaneID> = []
    private let coming: CallGraph
    private let running: CallGraph

    /// - Parameters:
    ///   - movable: Lanes whose own gates let them change.
    ///   - own: The verdicts of those gates.
    init(
        open: [Situation], movable: [Situation], own: [LaneID: [GateVerdict]],
        callers: CallerTable, looking: Looking, groups: GroupGate
    ) {
        let open = Dictionary(uniqueKeysWithValues: open.map { ($0.lane, $0) })
        self.open = open
        self.looking = looking
        self.own = own
        func situation(_ lane: LaneID) -> Situation? {
            open[lane] ?? looking.knownSituation(of: lane)
        }
        let leaving = Set(movable.filter { $0.change?.kind == .remove }.map(\.lane))
        let staying = Set(movable.map(\.lane)).subtracting(leaving)
        coming = CallGraph(
            lanes: open.values.filter { $0.change != nil }.map(\.lane), going: staying,
            callees: { lane in
                guard let found = situation(lane) else { return [] }
                // What moves together is a circle: it gets its places together.
                return found.comingCalls + groups.others(of: found).map(\.lane)
            }, callers: { _ in [] })
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
        if situation.isUnderWay {
            return GateVerdict(gate: .dependencies, answer: .pass, reason: "already under way")
        }
        let obstacle =
            change.kind == .remove
            ? reasonToKeep(situation.lane)
            : reasonToWait(situation.lane).map { Obstacle(reason: $0, move: .wait) }
        return GateVerdict(
            gate: .dependencies, answer: obstacle == nil ? .pass : .wait,
            reason: obstacle?.reason ?? "nothing stands in the way",
            move: obstacle?.move ?? .nobody)
    }

    /// What stands in the way of a change, and whose move is next.
    private struct Obstacle {
        let reason: String
        let move: NextMove
    }

    /// What goes together with others of the same answer: its circle, for removals another than else.
    func circle(of situation: Situation) -> Int? {
        situation.change?.kind == .remove
            ? running.circle(of: situation.lane).map { -1 - $0 }
            : coming.circle(of: situation.lane)
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

    /// Names a caller that does not go by itself before one that does: the removal waits for it.
    private func reasonToKeep(_ lane: LaneID) -> Obstacle? {
        let callers = running.callersOutsideCircle(of: lane)
        let held = callers.lazy.compactMap { obstacle(of: $0, keeping: lane) }.first
        return held
            ?? callers.first.map {
                Obstacle(reason: "\(calling($0, lane)) and goes first", move: .wait)
            }
    }

    private func calling(_ caller: LaneID, _ lane: LaneID) -> String {
        "\(caller) still calls \(running.calls(caller, lane) ? "it" : "a service of its circle")"
    }

    /// Why a caller keeps calling `lane` until somebody does something; nil when it goes by itself or
    /// waits for others in its turn, which their own verdicts tell.
    private func obstacle(of caller: LaneID, keeping lane: LaneID) -> Obstacle? {
        guard let situation = open[caller] ?? looking.knownSituation(of: caller) else { return nil }
        let hold: HoldReason
        switch situation.wish {
        case .change:
            let failed = (own[caller] ?? []).filter { $0.answer != .pass }
            guard !failed.isEmpty else { return nil }
            hold = .gates(failed)
        case .secretUnknown(let names): hold = .secretUnknown(names)
        case .nothing where !situation.parked.isEmpty: hold = .parked(situation.parked)
        case .nothing:
            // An operation that is under way ends first, and only what git says is left then.
            guard situation.operation == nil, running.calls(caller, lane) else { return nil }
            let unit = lane.unit.name
            return Obstacle(
                reason: "\(calling(caller, lane)), and git has it call on",
                move: .commit(
                    "take \(unit) out of calls in services/\(caller.unit.name)/service.yaml")
            )
        }
        return hold.moves(in: caller).first.map {
            Obstacle(
                reason: "\(calling(caller, lane)) and goes first, but is held: \(hold.phrase)",
                move: $0)
        }
    }
}
