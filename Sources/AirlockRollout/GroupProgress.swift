package import AirlockModel

/// How far the rollouts of services that move together have come, in their order.
///
/// A step is entered when every other one passed the step before and those ahead have it in force; the
/// old slots go when all have the last one.
package struct GroupProgress: Hashable, Sendable {
    /// One lane of the group and its rollout; nil before it began.
    package struct Member: Hashable, Sendable {
        package let lane: LaneID
        package let operation: OperationRecord?

        package init(lane: LaneID, operation: OperationRecord?) {
            self.lane = lane
            self.operation = operation
        }

        private var isForward: Bool {
            if case .forward? = operation?.rollout.direction { true } else { false }
        }

        /// Whether nothing but the others keeps it from that step.
        fileprivate func isReady(for step: Int) -> Bool {
            guard isForward else { return false }
            let canary = operation?.rollout.canary
            let own = canary?.step ?? 0
            return own >= step || (own == step - 1 && canary?.isReady == true)
        }

        /// Whether that step's share is in force.
        fileprivate func hasReached(_ step: Int) -> Bool {
            guard isForward, let canary = operation?.rollout.canary else { return false }
            if canary.step > step { return true }
            guard canary.step == step, let shares = operation?.change?.strategy.steps else {
                return false
            }
            // Where there is no traffic there is nothing to wait for.
            return canary.inForce == step || shares[step] == 0
        }
    }

    /// Those ahead first: callees before their callers.
    package let members: [Member]

    package init(members: [Member]) { self.members = members }

    /// How far changes that move together have come, as the journal alone tells it.
    package init(of operations: [OperationRecord]) {
        let calls = operations.reduce(into: [LaneID: [LaneID]]()) { calls, operation in
            guard case .slot(let slot, _, _)? = operation.change?.target else { return }
            calls[operation.lane] = slot.template.callees(of: operation.lane)
        }
        let order = operations.map(\.lane).calleesFirst { calls[$0] ?? [] }
        members = order.map { lane in
            Member(lane: lane, operation: operations.first { $0.lane == lane })
        }
    }

    /// The furthest step that a lane may be at, and whom it waits for beyond; below zero for none.
    func step(of lane: LaneID, among count: Int) -> (step: Int, waitsFor: LaneID?) {
        let place = members.firstIndex { $0.lane == lane } ?? members.endIndex
        for step in 0..<count {
            for (index, member) in members.enumerated() where index != place {
                let isWaitedFor =
                    !member.isReady(for: step) || (index < place && !member.hasReached(step))
                if isWaitedFor { return (step - 1, member.lane) }
            }
        }
        return (count - 1, nil)
    }

    /// Who is not at its last step yet, so that a way back has to stay open for all.
    func straggler(beside lane: LaneID, among count: Int) -> LaneID? {
        members.first { $0.lane != lane && !$0.hasReached(count - 1) }?.lane
    }
}

extension Course {
    /// Binds a lane to the lanes that move with it.
    ///
    /// - Parameter own: Where it stands. What it has entered it is not taken out of for the others' sake.
    package mutating func join(
        _ group: GroupProgress, as lane: LaneID, steps: [Int], at own: CanaryState?
    ) {
        let (step, waitsFor) = group.step(of: lane, among: steps.count)
        let entered = own.map { $0.step > 0 || $0.inForce != nil ? $0.step : -1 } ?? -1
        let last = max(step, entered)
        let allowed = last < 0 ? -1 : steps[last]
        if let waitsFor, allowed < ceiling {
            ceiling = allowed
            ceilingBy = "its group, which waits for \(waitsFor),"
        }
        straggler = group.straggler(beside: lane, among: steps.count)
    }
}
