package import AirlockPorts
import Glibc

/// The folder in which a reconciler keeps everything: mode 0700, files 0600.
package struct StateDirectory: Hashable, Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// The file whose lock makes its holder the writer.
    package var lock: String { "\(path)/lock" }
    /// The journal.
    package var ledger: String { "\(path)/ledger.sqlite" }
    /// The audit log.
    package var audit: String { "\(path)/audit" }
    /// The signed head of the audit log.
    package var checkpoint: String { "\(audit)/checkpoint" }
    /// The folder of private keys.
    package var keys: String { "\(path)/keys" }
    /// The private key that signs checkpoints.
    package var auditKey: String { "\(keys)/audit" }

    /// Makes what is missing and refuses what others can read.
    package func prepare() throws(LedgerError) {
        for folder in [path, audit, keys] {
            for parent in try DurableFile.makeFolder(folder) {
                try DurableFile.sync(folder: parent)
            }
        }
        try check()
    }

    /// Refuses a folder or a file that others can read.
    /// - Throws: ``LedgerError/missing(path:)`` or ``LedgerError/permissions(path:mode:)``.
    package func check() throws(LedgerError) {
        guard try isPrivate(path) else { throw .missing(path: path) }
        let files = [
            lock, ledger, "\(ledger)-wal", "\(ledger)-shm", audit, checkpoint,
            "\(audit)/tile", keys, auditKey,
        ]
        for file in files { _ = try isPrivate(file) }
    }

    /// Refuses a state directory that lost its journal: a new one would contradict what was signed.
    ///
    /// - Throws: ``LedgerError/corrupt(what:)``.
    func checkJournal() throws(LedgerError) {
        guard DurableFile.exists(checkpoint), !DurableFile.exists(ledger) else { return }
        throw .corrupt(
            what:
                "\(ledger) is gone and the audit log that it wrote is there; put both back from one "
                + "backup, or begin anew in another state directory")
    }

    /// Whether it exists; throws when others can read or write it.
    private func isPrivate(_ file: String) throws(LedgerError) -> Bool {
        var status = stat()
        guard lstat(file, &status) == 0 else {
            if errno == ENOENT { return false }
            throw DurableFile.fault("inspect", file)
        }
        let mode = status.st_mode & 0o7777
        guard mode & 0o077 == 0, status.st_mode & S_IFMT != S_IFLNK else {
            let digits = String(mode, radix: 8)
            throw .permissions(
                path: file, mode: String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
        }
        return true
    }
}
