import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import Foundation

/// What a disk gives a ledger: the same store and log as in use, in a folder that goes afterwards.
struct DiskMeasurement: Encodable {
    /// Entries that were written in batches.
    let entries: Int
    /// Entries a second until a signed checkpoint on disk covered them.
    let entriesPerSecond: Int
    /// Milliseconds for one entry that production waits for, until a signed checkpoint covers it.
    let waitP50: Double
    let waitP99: Double
    /// Milliseconds until a ledger of that size is open for writing, its right edge checked.
    let open: Double
    /// Milliseconds of one proof that an entry is in the log; the worst of some.
    let proof: Double

    /// Entries of one transaction, as of a busy environment.
    private static let batch = 50
    /// Transactions that wait for the disk at the same time.
    private static let writers = 32
    /// Single entries that are timed.
    private static let singles = 500
    private static let proofs = 100

    /// Writes `entries` entries into a ledger beside the state directory.
    static func run(entries: Int, in wiring: Wiring) async throws -> DiskMeasurement {
        let folder = wiring.settings[.state] + "-disk-check-\(UUID().uuidString.prefix(8))"
        let directory = StateDirectory(path: folder)
        do {
            let found = try await run(entries: entries, directory, wiring.clock)
            try FileManager.default.removeItem(atPath: folder)
            return found
        } catch {
            if FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.removeItem(atPath: folder)
            }
            throw error
        }
    }

    private static func run(
        entries: Int, _ directory: StateDirectory, _ clock: SystemClock
    ) async throws -> DiskMeasurement {
        guard let fleet = FleetName("disk-check") else { throw Failure("no name for the check") }
        var store = try await LedgerStore.openForWriting(directory, clock: clock)
        try await store.name(origin: fleet)
        let rate = try await fill(store, entries: entries, clock)
        try await store.close()
        let opening = ContinuousClock.now
        store = try await LedgerStore.openForWriting(directory, clock: clock)
        let open = ContinuousClock.now - opening
        var waits: [Duration] = []
        for number in 0..<singles {
            let start = ContinuousClock.now
            let numbers = try await store.commit(
                LedgerTransaction(entries: [try entry(number, at: clock.now().wall)]))
            if let last = numbers.last { try await store.published(last) }
            waits.append(ContinuousClock.now - start)
        }
        try await store.close()
        let log = AuditLog(directory)
        var slowest = Duration.zero
        for number in 0..<proofs {
            let start = ContinuousClock.now
            _ = try log.prove(number * (entries / proofs))
            slowest = max(slowest, ContinuousClock.now - start)
        }
        waits.sort()
        return DiskMeasurement(
            entries: entries, entriesPerSecond: rate, waitP50: milliseconds(waits[singles / 2]),
            waitP99: milliseconds(waits[singles * 99 / 100]), open: milliseconds(open),
            proof: milliseconds(slowest))
    }

    /// - Returns: Entries a second.
    private static func fill(
        _ store: LedgerStore, entries: Int, _ clock: SystemClock
    ) async throws -> Int {
        let time = clock.now().wall
        // Made before: it is the ledger that is measured.
        let samples = try (0..<1_000).map { try entry($0, at: time) }
        let start = ContinuousClock.now
        let batches = (entries + batch - 1) / batch
        let last = try await withThrowingTaskGroup(of: Int?.self) { group in
            var (next, last) = (0, 0)
            func add() {
                guard next < batches else { return }
                let first = next * batch
                next += 1
                group.addTask {
                    let drafts = (first..<min(first + batch, entries)).map { number in
                        var draft = samples[number % samples.count]
                        draft.operation = number
                        return draft
                    }
                    return try await store.commit(LedgerTransaction(entries: drafts)).last
                }
            }
            for _ in 0..<writers { add() }
            while let sequence = try await group.next() {
                last = max(last, sequence ?? 0)
                add()
            }
            return last
        }
        try await store.published(last)
        let seconds = milliseconds(ContinuousClock.now - start) / 1000
        return Int(Double(entries) / max(seconds, 0.001))
    }

    /// An entry as an effect in production makes it.
    private static func entry(_ number: Int, at time: Timestamp) throws -> AuditDraft {
        let digest = Digest(of: "entry \(number)".utf8).description
        guard let lane = LaneID("production/service-\(number % 1_000)"),
            let commit = CommitID(String(digest.prefix(40))),
            let artifact = ArtifactReference("registry.example/service@sha256:\(digest)")
        else { throw Failure("no entry for the check") }
        return AuditDraft(
            kind: .settled, time: time, lane: lane, commit: commit, operation: number,
            artifact: artifact, outcome: "done",
            detail: ["key": digest, "action": "start", "slot": digest, "replicas": "3"])
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) * 1000 + Double(parts.attoseconds) / 1e15
    }
}

extension Double {
    /// With two decimals.
    var shown: String { String(format: "%.2f", self) }
}
