package import AirlockModel

/// The durable memory: journal and audit log.
///
/// One process writes at a time; readers never lock.
package protocol Ledger: Sendable {
    /// Which ledger this is and which of its writers.
    var claim: Claim { get }

    /// Gives the audit log its origin, once; before that nothing is published.
    ///
    /// - Throws: ``LedgerError/otherFleet(known:)`` when it has another name already.
    func name(origin: FleetName) async throws(LedgerError)

    /// Everything that decides what happens next.
    func state() async throws(LedgerError) -> LedgerState

    /// Makes a transaction durable, all of it or nothing.
    ///
    /// Returns after the data is on disk. Transactions of several callers may share one flush; they
    /// keep the order of the calls.
    /// - Returns: The sequence numbers of the transaction's entries.
    func commit(_ transaction: LedgerTransaction) async throws(LedgerError) -> [Int]

    /// Returns when a signed checkpoint on disk covers the entry.
    func published(_ sequence: Int) async throws(LedgerError)

    /// Operations, newest first.
    func operations(of lane: LaneID?, limit: Int) async throws(LedgerError) -> [OperationRecord]

    /// How the intents of an operation ended, in the order of their steps; nil for an open one.
    func intents(
        of operation: Int
    ) async throws(LedgerError) -> [(intent: IntentRecord, outcome: IntentOutcome?)]

    /// Audit entries in the order of their sequence numbers.
    func entries(_ filter: AuditFilter) async throws(LedgerError) -> [AuditEntry]
}

/// Why the ledger could not do what was asked.
package enum LedgerError: Error, Hashable, Sendable {
    /// Another process has the lock; `holder` says which.
    case locked(holder: String)
    /// The lock or the epoch was lost; the process must end.
    case fenced
    /// The directory or a file can be read by others.
    case permissions(path: String, mode: String)
    /// The directory belongs to another user, who could not write what this one leaves there.
    case otherOwner(path: String, owner: UInt32, user: UInt32)
    /// A file of the directory is a symbolic link, which can lead out of it.
    case link(path: String)
    /// What is stored is not what was written; nothing is done until a person looks.
    case corrupt(what: String)
    /// The ledger was written by a newer version.
    case newer(found: Int, known: Int)
    /// The ledger belongs to a fleet of another name.
    case otherFleet(known: FleetName)
    /// There is no ledger here yet.
    case missing(path: String)
    /// The disk is full or failed.
    case storage(String)
    /// The transaction contradicts the journal, such as an intent that is open already; a bug of the
    /// caller. Nothing of it was written.
    case contradiction(String)
    /// An entry is larger than ``AuditEntry/maximumBytes``.
    case entryTooLarge(bytes: Int)
}

extension LedgerError: CustomStringConvertible {
    /// One sentence with the next move.
    package var description: String {
        switch self {
        case .locked(let holder): "the ledger is held by \(holder)"
        case .fenced: "another process has taken the ledger; this one must end"
        case .permissions(let path, let mode):
            "\(path) has mode \(mode) and can be read by others; run `chmod go-rwx \(path)`"
        case .otherOwner(let path, let owner, let user):
            "\(path) belongs to uid \(owner), which could not write what uid \(user) leaves there; "
                + "nothing was done"
        case .link(let path):
            "\(path) is a symbolic link; put the file itself there, or give --state the folder "
                + "that it leads to"
        case .corrupt(let what):
            "the ledger is damaged: \(what); nothing is done until a person has looked"
        case .newer(let found, let known):
            "the ledger has schema \(found), this version knows \(known); use a newer airlock"
        case .otherFleet(let known):
            "the ledger belongs to the fleet \(known); give the other fleet its own --state"
        case .missing(let path): "there is no ledger in \(path); `airlock run` makes one"
        case .contradiction(let what): "the journal contradicts itself: \(what); report this"
        case .storage(let why): "the ledger cannot be written: \(why)"
        case .entryTooLarge(let bytes): "an audit entry has \(bytes) bytes"
        }
    }
}
