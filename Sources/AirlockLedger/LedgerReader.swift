package import AirlockModel
package import AirlockPorts

/// Reads a ledger beside its writer or without one; never locks.
package struct LedgerReader: Sendable {
    let reading: JournalReading
    /// The state directory.
    package let directory: StateDirectory

    /// Opens the ledger of a state directory.
    ///
    /// - Throws: ``LedgerError/missing(path:)`` where there is none, ``LedgerError/newer(found:known:)``,
    ///   ``LedgerError/permissions(path:mode:)``.
    package static func open(
        _ directory: StateDirectory
    ) throws(LedgerError) -> LedgerReader {
        try directory.check()
        try directory.checkJournal()
        let reading = try JournalReading(path: directory.ledger, schema: .current)
        return LedgerReader(reading: reading, directory: directory)
    }

    /// Which ledger it is and its last writer.
    package func claim() async throws(LedgerError) -> Claim {
        try await reading.read(JournalMeta.claim)
    }

    /// The fleet's name; nil until the first commit was accepted.
    package func origin() async throws(LedgerError) -> FleetName? {
        try await reading.read { db in try JournalMeta.origin.get(FleetName.self, in: db) }
    }

    /// Everything that decides what happens next.
    package func state() async throws(LedgerError) -> LedgerState {
        try await reading.read(JournalReading.state)
    }

    /// Operations, newest first.
    package func operations(
        of lane: LaneID?, limit: Int
    ) async throws(LedgerError) -> [OperationRecord] {
        try await reading.read { db in
            try JournalReading.operations(of: lane, limit: limit, in: db)
        }
    }

    /// The intents of an operation in the order of their steps; nil for an open one.
    package func intents(
        of operation: Int
    ) async throws(LedgerError) -> [(intent: IntentRecord, outcome: IntentOutcome?)] {
        try await reading.read { db in try JournalReading.intents(of: operation, in: db) }
    }

    /// Audit entries in the order of their sequence numbers.
    package func entries(_ filter: AuditFilter) async throws(LedgerError) -> [AuditEntry] {
        try await reading.read { db in try JournalReading.entries(filter, in: db) }
    }

    /// How many entries the journal holds.
    package func entryCount() async throws(LedgerError) -> Int {
        try await reading.read(StoredEntry.count)
    }

    /// Reads every row; a row whose hash does not fit is ``LedgerError/corrupt(what:)``.
    package func check() async throws(LedgerError) {
        try await reading.read(JournalReading.check)
    }
}
