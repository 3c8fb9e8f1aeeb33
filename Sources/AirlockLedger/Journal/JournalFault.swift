import AirlockPorts
import GRDB

/// Translates what SQLite and the coders throw into the words of the port; the only place that does.
enum JournalFault {
    /// The error of the port for any error of a journal access.
    static func translate(_ error: any Error) -> LedgerError {
        if let error = error as? LedgerError { return error }
        guard let error = error as? DatabaseError else {
            return .storage("the journal failed: \(error)")
        }
        let text = "ledger.sqlite: \(error.message ?? "error \(error.extendedResultCode)")"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt(what: text)
        case .SQLITE_CANTOPEN: return .storage("cannot open \(text)")
        case .SQLITE_IOERR where writing.contains(error.extendedResultCode):
            // A full disk under what SQLite maps is no other error than one that fails.
            return .storage(
                "\(text) \(error.extendedResultCode.rawValue): the disk fails, or is full")
        default: return .storage(text)
        }
    }

    /// The errors of a write, and of what makes it durable.
    private static let writing: [ResultCode] = [
        .SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_TRUNCATE,
        .SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_SHMOPEN,
    ]

    /// Whether the writer must not go on: after a failed sync nobody knows what is on disk, so that
    /// only a new start, which reads the disk, is safe. A full disk is no such fault.
    static func endsWriter(_ error: any Error) -> Bool {
        if let error = error as? LedgerError {
            switch error {
            case .fenced, .corrupt, .newer, .permissions, .otherOwner, .link, .missing, .locked:
                return true
            case .storage, .contradiction, .entryTooLarge, .otherFleet: return false
            }
        }
        guard let error = error as? DatabaseError else { return false }
        return switch error.resultCode {
        case .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CANTOPEN: true
        default: false
        }
    }
}
