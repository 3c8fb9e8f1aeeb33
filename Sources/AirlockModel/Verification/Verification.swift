/// The test job of a service: what is run, and for how long at most.
package struct VerifyJob: Hashable, Sendable, Codable {
    /// How long it may take where the service does not say.
    package static let usualTimeout = Duration.seconds(600)

    /// The program and its arguments, run in the service's own artifact; at least one word.
    package let run: [String]
    package let timeout: Duration

    package init(run: [String], timeout: Duration = Self.usualTimeout) {
        self.run = run
        self.timeout = timeout
    }
}

/// Running the test job of a service against the build that a lane settled on.
package struct Verification: Hashable, Sendable, Codable {
    package let lane: LaneID
    /// The slot that serves in the lane.
    package let slot: SlotID
    /// What the result is bound to.
    package let build: BuildID
    package let artifact: ArtifactReference
    package let job: VerifyJob
    /// Whose job it is; nil in a plan that is only shown.
    package let ledger: LedgerID?

    package init(
        lane: LaneID, slot: SlotSpec, job: VerifyJob, ledger: LedgerID?
    ) {
        self.lane = lane
        self.slot = slot.id
        build = slot.build
        artifact = slot.artifact
        self.job = job
        self.ledger = ledger
    }

    /// One phrase for tables, logs and audit entries.
    package var phrase: String { "verify build \(build.short)" }
}

/// How a verification came out.
package enum VerificationOutcome: String, Hashable, Sendable, Codable, CaseIterable {
    case passed
    case failed
    case timedOut

    /// What is said of the job, after "its verify job".
    package var phrase: String {
        switch self {
        case .passed: "passed"
        case .failed: "failed"
        case .timedOut: "did not end in time"
        }
    }
}

/// The result of one test job, bound to the build and to the job as git asked for it.
package struct VerificationResult: Hashable, Sendable, Codable {
    package let build: BuildID
    package let job: VerifyJob
    package let outcome: VerificationOutcome
    /// The operation that ran it.
    package let operation: Int
    package let at: Timestamp

    package init(
        build: BuildID, job: VerifyJob, outcome: VerificationOutcome, operation: Int, at: Timestamp
    ) {
        self.build = build
        self.job = job
        self.outcome = outcome
        self.operation = operation
        self.at = at
    }
}

/// The results that the journal keeps of one lane.
package struct VerificationRecord: Hashable, Sendable, Codable {
    /// The most results of one lane; the oldest goes first.
    package static let maximumResults = 16

    package let lane: LaneID
    /// The oldest first; at most one of each build.
    package private(set) var results: [VerificationResult]

    package init(lane: LaneID, results: [VerificationResult] = []) {
        self.lane = lane
        self.results = results
    }

    /// The result of a build; nil where its job has not ended, or was another one.
    package func result(of build: BuildID, for job: VerifyJob) -> VerificationResult? {
        results.last { $0.build == build && $0.job == job }
    }

    /// Takes a result over; it stands in place of an older one of the same build.
    package mutating func note(_ result: VerificationResult) {
        results.removeAll { $0.build == result.build }
        results = (results + [result]).suffix(Self.maximumResults)
    }

    /// Forgets the result of a build, so that its job runs again.
    package mutating func forget(_ build: BuildID) { results.removeAll { $0.build == build } }
}

extension OperationRecord {
    /// What it verifies; nil for a change, a repair or a heal.
    package var verification: Verification? {
        switch work {
        case .verify(let verification): verification
        case .change, .repair, .heal: nil
        }
    }
}
