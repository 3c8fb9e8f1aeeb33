import AirlockModel
import AirlockPlan

/// What is known of one environment after its last pass.
struct EnvironmentStatus: Sendable {
    /// How an operation ended, and what it was.
    struct Ending: Sendable {
        /// Counts the endings of the environment since the start.
        let number: Int
        let outcome: OperationRecord.Outcome
        let work: EndedWork
    }

    /// Whether something happened since the last pass.
    var isStale = true
    /// Lanes that are not simply left, sorted.
    private(set) var lanes: [LanePlan] = []
    /// Why the environment could not be observed or claimed; nil when it could.
    var fault: String?
    /// Since when there is a fault.
    private(set) var faultSince: Timestamp?
    /// How the last operation of each lane that brought something ended since the start.
    private(set) var endings: [LaneID: Ending] = [:]
    /// How the last test job of each lane came out since the start, and its ending's number.
    private(set) var tests: [LaneID: (number: Int, outcome: VerificationOutcome)] = [:]
    private(set) var endingCount = 0
    /// Lanes with work that this process was not asked for.
    private(set) var leftOut: Set<LaneID> = []
    /// Why lanes rest, since their last success.
    private(set) var failures: [LaneID: String] = [:]
    /// Since when they failed every time.
    private(set) var failingSince: [LaneID: Timestamp] = [:]
    /// Monotonic milliseconds at which lanes are to be looked at again; a clock that is set moves none.
    var rests: [LaneID: Int] = [:]
    /// Monotonic milliseconds at which instances are looked at again; nil where nothing is healed.
    var nextLook: Int?
    private var until: Timestamp?
    private var lookAgain: Int?

    /// How soon an environment that could not be observed is tried again.
    private static let retry = Duration.seconds(2)

    /// Notes how an operation ended.
    mutating func note(
        _ outcome: OperationRecord.Outcome, of work: EndedWork, in lane: LaneID
    ) {
        endingCount += 1
        if case .test = work {
            // It takes the place of nothing; one without a result is run again.
            if case .verified(let result) = outcome { tests[lane] = (endingCount, result) }
            return
        }
        endings[lane] = Ending(number: endingCount, outcome: outcome, work: work)
    }

    /// Notes why a lane rests, or that it does not fail any more.
    mutating func note(failure: String?, of lane: LaneID, at now: Moment) {
        failures[lane] = failure
        failingSince[lane] = failure == nil ? nil : failingSince[lane] ?? now.wall
    }

    /// Takes what a pass came to.
    mutating func take(
        _ lanes: [LanePlan], until: Timestamp?, leavingOut leftOut: Set<LaneID>, at now: Moment
    ) {
        self.lanes = lanes
        self.leftOut = leftOut
        self.until = until
        lookAgain =
            fault == nil ? nil : now.monotonicMilliseconds + Self.retry.milliseconds
        let moving = Set(lanes.filter(\.isMoving).map(\.lane))
        failures = failures.filter { moving.contains($0.key) }
        failingSince = failingSince.filter { moving.contains($0.key) }
        faultSince = fault == nil ? nil : faultSince ?? now.wall
        rests = rests.filter { moving.contains($0.key) }
    }

    /// The instant at which something may turn by itself; nil when nothing will.
    func due(at now: Moment) -> Timestamp? {
        let next = ([lookAgain, nextLook] + rests.values.map(Optional.some)).compactMap(\.self)
            .min()
        let rest = next.map { now.wall + .milliseconds($0 - now.monotonicMilliseconds) }
        return [until, rest].compactMap(\.self).min()
    }

    /// Whether the answer of a gate may have turned, or the provider is to be asked again.
    func isPassDue(at now: Moment) -> Bool {
        (until.map { $0 <= now.wall } ?? false)
            || (lookAgain.map { $0 <= now.monotonicMilliseconds } ?? false)
            || (nextLook.map { $0 <= now.monotonicMilliseconds } ?? false)
    }

    /// Lanes whose rest is over, sorted.
    func rested(at now: Moment) -> [LaneID] {
        rests.filter { $0.value <= now.monotonicMilliseconds }.keys.sorted()
    }

    /// Whether lanes are being moved or wait to be looked at again.
    ///
    /// - Parameter waits: What operations stay where they are for, by their changes.
    func isUnderWay(_ waits: [ChangeID: RolloutWait]) -> Bool {
        lanes.contains {
            $0.isMoving && !leftOut.contains($0.lane) && $0.wait(among: waits) == nil
        }
    }
}

/// What an operation that ended was, as a summary counts it.
enum EndedWork: Sendable {
    case change
    /// A repair of drift, or a heal: the lane stays what it settled on.
    case repair
    /// A test job, which comes right after what it tests.
    case test
    /// Git does not ask any more for what was under way.
    case rollback

    init(_ work: OperationRecord.Work) {
        switch work {
        case .change: self = .change
        case .repair(let repair): self = repair.isRollback ? .rollback : .repair
        case .heal: self = .repair
        case .verify: self = .test
        }
    }
}

extension LanePlan {
    /// Whether the plan wants something done in the lane.
    var isMoving: Bool {
        switch disposition {
        case .change, .repair, .heal, .verify, .back: true
        case .hold, .leave: false
        }
    }

    /// Whether it wants an open operation of the lane to go on.
    func goesOn(_ operation: OperationRecord) -> Bool {
        switch disposition {
        case .change(let change, _): operation.change?.id == change.id
        case .back(let number): operation.number == number
        case .repair(let repair, _): operation.work == .repair(repair)
        case .heal(_, let number): operation.number == number
        case .verify(let work, _): operation.work == .verify(work)
        case .hold, .leave: false
        }
    }

    /// What the change that goes on stays where it is for. The plan may be older than the wait, and than
    /// the operation.
    func wait(among waits: [ChangeID: RolloutWait]) -> RolloutWait? {
        guard case .change(let change, _) = disposition else { return nil }
        return waits[change.id]
    }
}

/// What the standing plan of an environment was made from.
struct PlanMemo: Sendable {
    let fleet: Int
    let observation: ProviderRevision?
    /// What changed in the journal, by environment, its own first: a sum of them could come to the same again.
    let books: [Int]
    /// Whether a test result of another environment could turn it.
    var isBound = true
    let secrets: [SecretName: String]
    let clockFault: String?
    /// When it was made: at an earlier time, which a clock that was set back shows again, a freeze that
    /// had ended is in force.
    let made: Timestamp

    /// Whether the plan still stands: its input is the same, and no answer may have turned by itself.
    ///
    /// - Parameter now: What a plan would be made from now.
    func holds(for now: PlanMemo, until: Timestamp?) -> Bool {
        let isSameBooks = isBound ? now.books == books : now.books.first == books.first
        return now.fleet == fleet && now.observation == observation && isSameBooks
            && now.secrets == secrets && now.clockFault == clockFault
            && now.made >= made && until.map { now.made < $0 } ?? true
    }
}
