/// The signed head of the audit log, and how another head stands to it.
package protocol SignedLog: Sendable {
    /// A checkpoint over all that is durable now, a signed note; nil when the log has no name yet.
    ///
    /// - Throws: ``LedgerError/storage(_:)`` when it cannot be read.
    func checkpoint() async throws(LedgerError) -> [UInt8]?

    /// Whether the log begins with what a checkpoint that was kept elsewhere covers.
    ///
    /// - Returns: Nil when it does; else why not: another log, another key, or more entries than are here.
    /// - Throws: ``LedgerError/storage(_:)`` when the log cannot be read.
    func objection(to note: [UInt8]) async throws(LedgerError) -> String?
}
