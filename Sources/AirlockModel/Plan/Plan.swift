/// The pure answer to (desired, observed, facts, now).
package struct Plan: Hashable, Sendable {
    package var fleet: FleetName
    package var commit: CommitID?
    /// Sorted by place in the promotion order, then by lane.
    package var lanes: [LanePlan]
    /// What concerns the fleet as a whole, such as "nothing is removed: services/ is lost".
    package var notices: [String]
    /// Why the plan lacks observation or facts; such a plan has no ids and cannot be approved.
    package var incomplete: String?
    /// When the answer may turn without any input changing.
    package var until: Timestamp?

    package init(
        fleet: FleetName, commit: CommitID?, lanes: [LanePlan] = [], notices: [String] = [],
        incomplete: String? = nil, until: Timestamp? = nil
    ) {
        self.fleet = fleet
        self.commit = commit
        self.lanes = lanes
        self.notices = notices
        self.incomplete = incomplete
        self.until = until
    }

    /// The changes that would be carried out or are held, in order.
    package var changes: [Change] { lanes.compactMap(\.change) }

    /// Whether nothing differs: every lane ends in `leave`.
    package var isEmpty: Bool {
        lanes.allSatisfy { if case .leave = $0.disposition { true } else { false } }
    }
}

/// What happens to one lane and what every gate said.
package struct LanePlan: Hashable, Sendable {
    package let lane: LaneID
    package let disposition: Disposition
    /// The change that is carried out or held; nil for a repair or a lane that is left.
    package let change: Change?
    /// The verdict of every gate, also after one refused; empty where no gate binds.
    package let verdicts: [GateVerdict]
    /// What differs from what the lane settled on, whether or not it is repaired now.
    package let drift: [Drift]
    /// How long the steps of the change need; nil where nothing is judged or nobody measures.
    package let forecast: DecisionForecast?
    /// What the rollout under way stays where it is for; nil where it goes on by itself.
    package let waits: RolloutWait?

    package init(
        lane: LaneID, disposition: Disposition, change: Change? = nil,
        verdicts: [GateVerdict] = [], drift: [Drift] = [], forecast: DecisionForecast? = nil,
        waits: RolloutWait? = nil
    ) {
        self.lane = lane
        self.disposition = disposition
        self.change = change
        self.verdicts = verdicts
        self.drift = drift
        self.forecast = forecast
        self.waits = waits
    }
}

/// How a lane ends in a plan.
package enum Disposition: Hashable, Sendable {
    /// Go forward; the number is that of the operation which is open for it.
    case change(Change, operation: Int?)
    case repair(Repair, operation: Int?)
    /// Finish a heal that is open.
    case heal(Heal, operation: Int)
    /// Run the test job against what the lane settled on; the number is that of the operation which is
    /// open for it.
    case verify(Verification, operation: Int?)
    /// Finish going back: a change that failed.
    case back(operation: Int)
    case hold(HoldReason)
    case leave(LeaveReason)
}

/// Why a lane is left alone.
package enum LeaveReason: String, Hashable, Sendable, Codable {
    /// It is what git says.
    case converged
    /// Neither git nor the provider nor the ledger knows it any more.
    case absent
}

/// Why a lane that differs is not moved.
package enum HoldReason: Hashable, Sendable {
    /// At least one gate did not pass.
    case gates([GateVerdict])
    /// The provider's state is unknown.
    case unobserved(String)
    /// The files that describe it cannot be read.
    case parked([Diagnostic])
    /// A secret has no version.
    case secretUnknown([SecretName])
    /// The fleet as a whole looks like an outage, so nothing is removed; with whose move is next.
    case outage(String, move: NextMove)
    /// The engine belongs to another ledger.
    case claimed(by: Claim)
    /// Its environment is not described any more.
    case environmentRemoved
    /// It does not follow the commit that was planned; with whose move is next.
    case notFollowed(String, move: NextMove)
}

/// What one gate says of one change.
package struct GateVerdict: Hashable, Sendable, Codable {
    package let gate: GateName
    package let answer: Answer
    /// One phrase, without a full stop.
    package let reason: String
    /// Who can turn the answer.
    package let move: NextMove
    /// The instant at which the answer may turn by itself, or nil.
    package let until: Timestamp?

    package init(
        gate: GateName, answer: Answer, reason: String, move: NextMove = .nobody,
        until: Timestamp? = nil
    ) {
        self.gate = gate
        self.answer = answer
        self.reason = reason
        self.move = move
        self.until = until
    }

    /// What a gate can say.
    package enum Answer: String, Hashable, Sendable, Codable {
        case pass
        case wait
        case refuse
    }
}

/// The gates, in the order in which they are shown.
package enum GateName: String, Hashable, Sendable, Codable, CaseIterable {
    case freeze
    case clock
    case quarantine
    case rollout
    case capability
    case decisionTime
    case verification
    case group
    case blastRadius
    case dependencies
}

/// Whose move is next.
package enum NextMove: Hashable, Sendable, Codable {
    case nobody
    /// It turns by itself.
    case wait
    /// A person runs this.
    case run(String)
    /// A person changes the repository.
    case commit(String)
}
