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

    /// Makes the folder itself where there is none, and nothing in it.
    package func make() throws(LedgerError) {
        for parent in try DurableFile.makeFolder(path) { try DurableFile.sync(folder: parent) }
        var status = stat()
        // A link that leads nowhere is in the way of a folder and is none.
        guard stat(path, &status) == 0 else { throw DurableFile.fault("open", path) }
        try checkFolder()
    }

    /// Refuses another kind of file in its place.
    private func checkFolder() throws(LedgerError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return }
        throw .storage("\(path) is not a folder")
    }

    /// Makes what is missing and refuses what others can read.
    package func prepare() throws(LedgerError) {
        for folder in [path, audit, keys] {
            for parent in try DurableFile.makeFolder(folder) {
                try DurableFile.sync(folder: parent)
            }
        }
        try check()
    }

    /// Why this user may not write here: the directory or its journal is another user's.
    ///
    /// Root can write everywhere, and what it makes the other user cannot write any more. To read is no
    /// harm. Nil where nothing is there yet.
    func otherOwner() throws(LedgerError) -> LedgerError? {
        let user = geteuid()
        // A journal is whose it is, whoever has the folder, as in a container with a folder of its host.
        for file in [ledger, path] {
            var status = stat()
            guard stat(file, &status) == 0 else {
                if errno == ENOENT || errno == ENOTDIR { continue }
                throw DurableFile.fault("inspect", file)
            }
            return status.st_uid == user
                ? nil : .otherOwner(path: file, owner: status.st_uid, user: user)
        }
        return nil
    }

    /// Refuses a folder or a file that others can read, and a link in place of a file.
    ///
    /// The directory itself may be reached through a link, as systemd makes one for a service with
    /// `DynamicUser`; what counts is the folder that it leads to.
    /// - Throws: ``LedgerError/missing(path:)``, ``LedgerError/permissions(path:mode:)`` or
    ///   ``LedgerError/link(path:)``.
    package func check() throws(LedgerError) {
        try checkFolder()
        guard try isPrivate(path, throughLink: true) else { throw .missing(path: path) }
        let files = [
            lock, ledger, "\(ledger)-wal", "\(ledger)-shm", audit, checkpoint,
            "\(audit)/tile", keys, auditKey,
        ]
        for file in files { _ = try isPrivate(file) }
    }

    /// Whether there is a journal; an empty file is none.
    var hasJournal: Bool { DurableFile.exists(ledger) && !DurableFile.exists(ledger, bytes: 0) }

    /// Refuses a state directory that lost its journal: a new one would contradict what was signed.
    ///
    /// - Throws: ``LedgerError/corrupt(what:)``.
    func checkJournal() throws(LedgerError) {
        guard access(checkpoint, F_OK) == 0, !hasJournal else { return }
        throw .corrupt(
            what:
                "\(ledger) is \(DurableFile.exists(ledger) ? "empty" : "gone") and the audit log that it wrote is there; put both back from one "
                + "backup, or begin anew in another state directory")
    }

    /// Whether it exists; throws when others can read or write it.
    private func isPrivate(
        _ file: String, throughLink: Bool = false
    ) throws(LedgerError) -> Bool {
        var status = stat()
        guard (throughLink ? stat(file, &status) : lstat(file, &status)) == 0 else {
            if errno == ENOENT { return false }
            throw DurableFile.fault("inspect", file)
        }
        guard status.st_mode & S_IFMT != S_IFLNK else { throw .link(path: file) }
        let mode = status.st_mode & 0o7777
        guard mode & 0o077 == 0 else {
            let digits = String(mode, radix: 8)
            throw .permissions(
                path: file, mode: String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
        }
        return true
    }
}
