/// The name of one run of a job: the digest of (ledger id, operation number).
package struct JobID: DigestIdentity {
    package static let noun = "job id"
    package let digest: Digest
    package init(digest: Digest) { self.digest = digest }

    /// The job that an operation of a ledger runs; each operation runs one at the most.
    package init(ledger: LedgerID, operation: Int) {
        digest = Digest(
            of: .fields([
                "v": .integer(1), "ledger": .text(ledger), "operation": .integer(operation),
            ]))
    }
}

/// What is run once, to its end, with the artifact and the configuration of a slot that runs.
package struct Job: Hashable, Sendable, Codable {
    package let id: JobID
    package let slot: SlotID
    /// The program and its arguments; at least one word.
    package let command: [String]
    /// After this long whoever runs it ends it.
    package let timeout: Duration

    package init(id: JobID, slot: SlotID, command: [String], timeout: Duration) {
        self.id = id
        self.slot = slot
        self.command = command
        self.timeout = timeout
    }

    /// The form that enters the idempotency key and the audit log.
    var canonical: JSONValue {
        .fields([
            "do": .string("run"), "slot": .text(slot), "job": .text(id),
            "command": .array(command.map(JSONValue.string)),
            "timeout": .integer(timeout.milliseconds),
        ])
    }
}

/// One job as the provider sees it.
package struct JobObservation: Hashable, Sendable, Codable {
    package let id: JobID
    /// The slot with whose artifact and configuration it was started.
    package let slot: SlotID
    package let phase: Phase

    package init(id: JobID, slot: SlotID, phase: Phase) {
        self.id = id
        self.slot = slot
        self.phase = phase
    }

    /// What a job can be.
    package enum Phase: String, Hashable, Sendable, Codable {
        /// It has not ended.
        case running
        /// Nobody can tell whether it has ended.
        case unknown
        case passed
        case failed
        /// It was ended because its time was over.
        case timedOut

        /// Whether the job has ended for certain.
        package var isEnd: Bool {
            switch self {
            case .running, .unknown: false
            case .passed, .failed, .timedOut: true
            }
        }
    }
}
