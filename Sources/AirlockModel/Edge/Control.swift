/// What a verb asks of the process that holds the ledger.
package struct ControlRequest: Hashable, Sendable, Codable {
    /// The version of the protocol; another one is refused.
    package static let version = 1
    /// The largest request or answer in bytes.
    package static let maximumBytes = 1 << 20

    package let v: Int
    /// Made by the asker, so that a request which is sent twice is carried out once.
    package let id: String
    package let call: Call

    package init(id: String, call: Call) {
        v = Self.version
        self.id = id
        self.call = call
    }

    /// What can be asked.
    package enum Call: Hashable, Sendable, Codable {
        case reconcile(ReconcileRequest)
        case freeze(Freeze.Scope, reason: String, lasting: Duration?)
        case thaw(Freeze.Scope)
        /// Stops the whole fleet, automatic rollback included.
        case freezeAll(reason: String, lasting: Duration?)
        case thawAll
        /// Ends the quarantine of whatever slot git asks for in the lane.
        case retry(LaneID)
        /// Says how what is under way in the lane goes on.
        case steer(LaneID, Steer, reason: String)
        /// Takes a rewritten head for staging and production too.
        case acceptRewrite(CommitID)
        /// Who holds the ledger and how it is.
        case health
    }
}

/// What a person can say about what is under way in a lane.
package enum Steer: String, Hashable, Sendable, Codable {
    /// Stay where it is.
    case hold
    /// Go on: takes a hold back, or lets a step go on that waits for a person.
    case resume
    /// Go back.
    case abort
}

/// One look at git and the engines, and what follows from it.
package struct ReconcileRequest: Hashable, Sendable, Codable {
    /// How long to go on until every lane has settled or holds; nil for one tick.
    package var wait: Duration?
    /// Change ids that a person has seen; others are not carried out.
    package var expect: Set<ChangeID>?
    /// The trust root that the caller named; another one than the ledger's is refused.
    package var trustRoot: CommitID?
    /// What the caller said that is followed; another branch than the holder's is refused.
    package var follows: FollowedBranch?

    package init(
        wait: Duration? = nil, expect: Set<ChangeID>? = nil, trustRoot: CommitID? = nil,
        follows: FollowedBranch? = nil
    ) {
        self.wait = wait
        self.expect = expect
        self.trustRoot = trustRoot
        self.follows = follows
    }
}

/// The branch of a repository that a holder follows, or that a caller means.
package struct FollowedBranch: Hashable, Sendable, Codable, CustomStringConvertible {
    /// A path or a URL without credentials, spelled so that two processes can compare it; nil where the
    /// caller did not say it.
    package var repo: String?
    /// Nil where the caller did not say it.
    package var branch: String?
    /// A folder as it was said, where a link may lead elsewhere by now; nil for none.
    package var spelled: String?

    package init(repo: String? = nil, branch: String? = nil, spelled: String? = nil) {
        self.repo = repo
        self.branch = branch
        self.spelled = spelled
    }

    package var description: String {
        [repo, branch].compactMap(\.self).joined(separator: " ")
    }

    /// Whether this is what `asked` says, as far as it says anything.
    package func fits(_ asked: FollowedBranch) -> Bool {
        let isSaidAlike = spelled != nil && asked.spelled == spelled
        return (asked.repo == nil || asked.repo == repo || isSaidAlike)
            && (asked.branch == nil || asked.branch == branch)
    }
}

/// What the holder of the ledger answers.
package struct ControlAnswer: Hashable, Sendable, Codable {
    package let v: Int
    package let id: String
    package let result: Result

    package init(id: String, result: Result) {
        v = ControlRequest.version
        self.id = id
        self.result = result
    }

    /// How a request ended.
    package enum Result: Hashable, Sendable, Codable {
        case done(message: String)
        case reconciled(ReconcileSummary)
        /// The ids differ from those expected; nothing was done.
        case stale(message: String)
        case failed(message: String, advice: String)
        case health(HolderHealth)
    }
}

/// What one `reconcile` came to.
package struct ReconcileSummary: Hashable, Sendable, Codable {
    package var commit: CommitID?
    /// The trust root, when this look pinned it. Nil for none, and in answers of a holder from before this
    /// was told.
    package var pinned: CommitID?
    package var settled: [LaneID]
    package var rolledBack: [LaneID]
    package var repaired: [LaneID]
    /// Lanes in which git took back what was under way. That is no failure, unlike ``rolledBack``. Nil for
    /// none, and in answers of a holder from before this was told.
    package var rollbacks: [LaneID]?
    /// How test jobs came out that ended. Nil for none, and in answers of a holder from before this was told.
    package var tested: [LaneID: VerificationOutcome]?
    /// Lanes that are held or wait, with the reason.
    package var held: [LaneID: String]
    /// Those of ``held`` that go on by themselves after what is under way. Nil for none, and in answers of a
    /// holder from before this was told.
    package var waiting: [LaneID]?
    /// Lanes in which a forward change is held; one that goes on after what is under way is not.
    package var heldForward: [LaneID]
    /// Lanes still under way when the time was over.
    package var underWay: [LaneID]
    /// Why the last action in a lane under way failed.
    package var failures: [LaneID: String]
    /// Lanes with work that was not among the expected changes.
    package var leftOut: [LaneID]
    /// What is wrong with files of the commit in force.
    package var diagnostics: [String]
    /// Environments whose provider did not answer, and other faults that stopped part of the work.
    package var faults: [String]
    /// How many lanes there are of each kind; the lists hold the first ``maximumLanes`` of them.
    package var totals: Totals?

    /// The most lanes in one list of an answer, so that it fits into one.
    package static let maximumLanes = 2_000
    /// The most characters of one reason in an answer.
    package static let maximumReason = 200

    /// How many lanes ended in which way.
    package struct Totals: Hashable, Sendable, Codable {
        package let settled: Int
        package let rolledBack: Int
        package let repaired: Int
        /// Nil for none.
        package let rollbacks: Int?
        package let held: Int
        /// How many of those that are held wait; nil for none.
        package let waiting: Int?
        package let underWay: Int
        package let leftOut: Int
    }

    /// The same with the totals, and lists that are cut to ``maximumLanes``.
    package var bounded: ReconcileSummary {
        var summary = self
        let limit = Self.maximumLanes
        summary.totals = Totals(
            settled: settled.count, rolledBack: rolledBack.count, repaired: repaired.count,
            rollbacks: rollbacks?.count, held: held.count,
            waiting: waiting?.count,
            underWay: underWay.count, leftOut: leftOut.count)
        summary.settled = Array(settled.prefix(limit))
        summary.rolledBack = Array(rolledBack.prefix(limit))
        summary.repaired = Array(repaired.prefix(limit))
        summary.rollbacks = rollbacks.map { Array($0.prefix(limit)) }
        summary.waiting = waiting.map { Array($0.prefix(limit)) }
        summary.heldForward = Array(heldForward.prefix(limit))
        summary.underWay = Array(underWay.prefix(limit))
        summary.leftOut = Array(leftOut.prefix(limit))
        // Those that failed are not cut off.
        let tests = (tested ?? [:]).sorted {
            ($0.value == .passed ? 1 : 0, $0.key) < ($1.value == .passed ? 1 : 0, $1.key)
        }
        summary.tested = tested.map { _ in
            Dictionary(uniqueKeysWithValues: tests.prefix(limit).map { ($0.key, $0.value) })
        }
        summary.held = Self.cut(held)
        summary.failures = Self.cut(failures)
        summary.diagnostics = diagnostics.prefix(limit).map {
            String($0.prefix(Self.maximumReason))
        }
        return summary
    }

    private static func cut(_ reasons: [LaneID: String]) -> [LaneID: String] {
        let first = reasons.sorted { $0.key < $1.key }.prefix(maximumLanes)
        return Dictionary(
            uniqueKeysWithValues: first.map { ($0.key, String($0.value.prefix(maximumReason))) })
    }

    /// Whether a test job that ended did not pass.
    package var hasFailedTest: Bool { tested?.values.contains { $0 != .passed } == true }

    package init(
        commit: CommitID? = nil, settled: [LaneID] = [], rolledBack: [LaneID] = [],
        repaired: [LaneID] = [], held: [LaneID: String] = [:], heldForward: [LaneID] = [],
        underWay: [LaneID] = [], failures: [LaneID: String] = [:], leftOut: [LaneID] = [],
        diagnostics: [String] = [],
        faults: [String] = []
    ) {
        self.commit = commit
        self.settled = settled
        self.rolledBack = rolledBack
        self.repaired = repaired
        self.held = held
        self.heldForward = heldForward
        self.underWay = underWay
        self.failures = failures
        self.leftOut = leftOut
        self.diagnostics = diagnostics
        self.faults = faults
    }
}

/// How the holder of the ledger is.
package struct HolderHealth: Hashable, Sendable, Codable {
    package let pid: Int
    package let since: Timestamp
    package let lastTick: Timestamp?
    package let head: CommitID?
    package let fetched: Timestamp?
    package let faults: [String]

    package init(
        pid: Int, since: Timestamp, lastTick: Timestamp?, head: CommitID?, fetched: Timestamp?,
        faults: [String]
    ) {
        self.pid = pid
        self.since = since
        self.lastTick = lastTick
        self.head = head
        self.fetched = fetched
        self.faults = faults
    }
}

/// Who sent a control request, as the kernel says.
package struct ControlPeer: Hashable, Sendable {
    package let uid: UInt32
    package let pid: Int32

    package init(uid: UInt32, pid: Int32) {
        self.uid = uid
        self.pid = pid
    }

    /// The peer as an actor of the audit log.
    package var actor: Actor { Actor(id: "uid:\(uid)", kind: .local) }
}
