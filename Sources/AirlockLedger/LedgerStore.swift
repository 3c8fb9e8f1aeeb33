package import AirlockModel
package import AirlockPorts
import Synchronization

/// The ledger on disk: journal in SQLite, audit log in tiles; one writer at a time.
package final class LedgerStore: Ledger, SignedLog {
    package let claim: Claim
    /// The same ledger for reading.
    package let reader: LedgerReader

    private let lock: LedgerLock
    private let journal: Journal
    private let commits: GroupCommit
    private let publisher: Publisher
    private let key: SigningKey
    private let mended = Mutex((relaid: 0, hadNoCheckpoint: false))

    /// Entries whose tiles were missing at the start and were laid anew from the journal.
    package var relaid: Int { mended.withLock(\.relaid) }
    /// Whether the signed checkpoint was missing at the start, and was put back from the journal.
    package var hadNoCheckpoint: Bool { mended.withLock(\.hadNoCheckpoint) }

    /// How often a standby tries to take the lock.
    private static let lockPoll = Duration.milliseconds(200)

    /// Takes the lock of a state directory, makes what is missing and begins a new epoch.
    ///
    /// - Parameter waitForLock: Waits as a standby instead of failing at once.
    /// - Throws: ``LedgerError/locked(holder:)``, ``LedgerError/permissions(path:mode:)``,
    ///   ``LedgerError/otherOwner(path:owner:user:)``, ``LedgerError/newer(found:known:)``, or
    ///   ``LedgerError/corrupt(what:)`` when journal and audit log disagree.
    package static func openForWriting(
        _ directory: StateDirectory, clock: any AirlockClock, waitForLock: Bool = false
    ) async throws(LedgerError) -> LedgerStore {
        try await openForWriting(
            directory, clock: clock, waitForLock: waitForLock, schema: .current)
    }

    /// The same with another schema, which tests of migrations need.
    package static func openForWriting(
        _ directory: StateDirectory, clock: any AirlockClock, waitForLock: Bool = false,
        schema: Schema
    ) async throws(LedgerError) -> LedgerStore {
        if let refusal = try directory.otherOwner() {
            // Another user's writer is found without its lock, so that root can speak to it.
            if !waitForLock, let holder = LockHolder.current(in: directory) {
                throw .locked(holder: holder.description)
            }
            throw refusal
        }
        try directory.prepare()
        try directory.checkJournal()
        while true {
            let lock: LedgerLock
            do throws(LedgerError) {
                let holder = LockHolder(since: clock.now().wall)
                lock = try LedgerLock(path: directory.lock, holder: holder)
            } catch .locked(let holder) where waitForLock {
                do {
                    try await clock.sleep(for: lockPoll)
                } catch {
                    throw .locked(holder: holder)
                }
                continue
            }
            return try LedgerStore(directory, lock: lock, schema: schema, now: clock.now().wall)
        }
    }

    private init(
        _ directory: StateDirectory, lock: LedgerLock, schema: Schema, now: Timestamp
    ) throws(LedgerError) {
        self.lock = lock
        journal = try Journal(directory: directory, lock: lock, schema: schema, now: now)
        claim = journal.claim
        let reading = try JournalReading(path: directory.ledger, schema: schema)
        reader = LedgerReader(reading: reading, directory: directory)
        key = try SigningKey.ofLedger(directory, journal)
        commits = GroupCommit(journal: journal)
        let (count, origin) = try reading.readNow { db in
            (try StoredEntry.count(db), try JournalMeta.origin.get(FleetName.self, in: db))
        }
        publisher = Publisher(committed: count)
        if let origin { try startPublishing(origin) }
        try directory.check()
    }

    private func startPublishing(_ origin: FleetName) throws(LedgerError) {
        var writer = AuditWriter(
            directory: reader.directory, journal: journal, reading: reader.reading, key: key,
            origin: origin)
        let found = try writer.recover()
        mended.withLock { $0 = found }
        publisher.start(writer)
    }

    package func commit(
        _ transaction: LedgerTransaction
    ) async throws(LedgerError) -> [Int] {
        let numbers = try await commits.commit(transaction)
        if let last = numbers.last { publisher.committed(last + 1) }
        return numbers
    }

    /// Gives the audit log its name, once and for all; from then on entries are published.
    ///
    /// - Throws: ``LedgerError/otherFleet(known:)`` when it has another name.
    package func name(origin: FleetName) async throws(LedgerError) {
        let known = try journal.write { db -> FleetName? in
            let known = try JournalMeta.origin.get(FleetName.self, in: db)
            if known == nil { try JournalMeta.origin.put(origin, in: db) }
            return known
        }
        guard let known else { return try startPublishing(origin) }
        guard known == origin else {
            throw .otherFleet(known: known)
        }
    }

    package func published(_ sequence: Int) async throws(LedgerError) {
        try await publisher.published(sequence)
    }

    /// Publishes what is committed and gives the lock back; nothing can be written or read after it.
    ///
    /// - Throws: Also why what was written last is not signed; the next start signs it.
    package func close() async throws(LedgerError) {
        commits.end()
        let unsigned = await publisher.end()
        try reader.reading.close()
        try journal.close()
        lock.release()
        if let unsigned { throw unsigned }
    }

    /// What was written since the ledger was opened.
    package var counters: LedgerCounters {
        var counters = commits.counters
        counters.checkpoints = publisher.checkpoints
        return counters
    }

    package func state() async throws(LedgerError) -> LedgerState { try await reader.state() }

    package func operations(
        of lane: LaneID?, limit: Int
    ) async throws(LedgerError) -> [OperationRecord] {
        try await reader.operations(of: lane, limit: limit)
    }

    package func intents(
        of operation: Int
    ) async throws(LedgerError) -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        try await reader.intents(of: operation)
    }

    package func entries(_ filter: AuditFilter) async throws(LedgerError) -> [AuditEntry] {
        try await reader.entries(filter)
    }

    package func checkpoint() async throws(LedgerError) -> [UInt8]? {
        try await publisher.drain()
        do { return try AuditLog(reader.directory).checkpointBytes() } catch {
            if case .missing = error { return nil }
            throw .storage("\(error)")
        }
    }

    package func objection(to note: [UInt8]) async throws(LedgerError) -> String? {
        do {
            _ = try AuditLog(reader.directory).extends(note)
            return nil
        } catch {
            switch error {
            case .missing, .unreadable: throw .storage("\(error)")
            // Only a tile of this log can be elsewhere: the two checkpoints cannot be compared then.
            case .damaged(let place, _) where place != "audit/checkpoint":
                throw .corrupt(what: "\(error)")
            case .damaged, .cutShort, .refused: return "\(error)"
            }
        }
    }
}

extension SigningKey {
    /// The key that was made with the ledger; it is made at the first start.
    ///
    /// - Throws: ``LedgerError/corrupt(what:)`` when the file is lost or not the one of this ledger.
    fileprivate static func ofLedger(
        _ directory: StateDirectory, _ journal: Journal
    ) throws(LedgerError) -> SigningKey {
        let path = directory.auditKey
        let known = try journal.write { db in
            try JournalMeta.auditKey.get(String.self, in: db)
        }
        guard let file = try DurableFile.read(path, limit: 4096) else {
            guard known == nil else {
                throw .corrupt(what: "keys/audit is lost: restore it from a backup")
            }
            let key = SigningKey()
            try DurableFile.replace(path, with: key.fileBytes(), draft: "\(path).new")
            try DurableFile.sync(folder: directory.keys)
            return try key.remembered(as: known, by: journal)
        }
        guard let key = SigningKey(file: file) else {
            throw .corrupt(what: "keys/audit is not a key")
        }
        return try key.remembered(as: known, by: journal)
    }

    private func remembered(
        as known: String?, by journal: Journal
    ) throws(LedgerError) -> SigningKey {
        let spelled = Base64.encode(publicKey)
        if known == nil {
            try journal.write { db in try JournalMeta.auditKey.put(spelled, in: db) }
        } else if known != spelled {
            throw .corrupt(what: "keys/audit is not the key of this ledger")
        }
        return self
    }
}
