import AirlockLedger
import AirlockPorts
import Foundation
import Testing

/// Whose the state directory must be, and how it may be reached.
@Suite struct StateDirectoryTests {
    private func chmod(_ path: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("a directory behind a link is that folder, and a link in place of a file is named as one")
    func links() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 1)
        let link = StateDirectory(path: "\(folder.path)/link")
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: folder.state.path)
        #expect(try await LedgerReader.open(link).entryCount() > 0)
        try chmod(folder.state.path, 0o750)
        #expect(throws: LedgerError.permissions(path: link.path, mode: "0750")) {
            try LedgerReader.open(link)
        }
        try chmod(folder.state.path, 0o700)
        let key = folder.state.auditKey
        try FileManager.default.moveItem(atPath: key, toPath: "\(folder.path)/key")
        try FileManager.default.createSymbolicLink(
            atPath: key, withDestinationPath: "\(folder.path)/key")
        #expect(throws: LedgerError.link(path: key)) { try LedgerReader.open(folder.state) }
    }

    @Test(
        "root leaves nothing in another user's directory, and reads it",
        .enabled(if: geteuid() == 0, "only root can give files away"))
    func otherOwner() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 1)
        let state = folder.state
        let holder = try await folder.open()
        let journal = "\(state.path)/ledger.sqlite"
        for file in [state.path, journal] { #expect(chown(file, 12_345, 12_345) == 0) }
        // Who writes is still told, so that root can speak to the running one.
        do {
            _ = try await folder.open()
            Issue.record("two writers")
        } catch LedgerError.locked(let holder) {
            #expect(holder.contains("uid 0"))
        }
        try await holder.close()
        let before = try folder.auditFiles()
        let refused = LedgerError.otherOwner(path: journal, owner: 12_345, user: 0)
        await #expect(throws: refused) { try await folder.open() }
        await #expect(throws: refused) { try await folder.open(waitForLock: true) }
        #expect(try folder.auditFiles() == before)
        #expect(try await LedgerReader.open(state).entryCount() > 0)
        // A journal of its own in a folder of somebody else, as a container has it, is its own.
        #expect(chown(journal, 0, 0) == 0)
        try await folder.open().close()
        #expect(chown(state.path, 0, 0) == 0)
        try await folder.open().close()
    }

    @Test("who holds the ledger is known without a try at its lock")
    func holder() async throws {
        let folder = try Folder()
        #expect(LockHolder.current(in: folder.state) == nil)
        let store = try await folder.open()
        let pid = Int(ProcessInfo.processInfo.processIdentifier)
        #expect(LockHolder.current(in: folder.state)?.pid == pid)
        try await store.close()
        #expect(LockHolder.current(in: folder.state) == nil)
    }

    @Test("a file in place of the directory is named as one")
    func notAFolder() throws {
        let folder = try Folder()
        try folder.write([], to: "state")
        let expected = LedgerError.storage("\(folder.state.path) is not a folder")
        #expect(throws: expected) { try folder.state.make() }
        #expect(throws: expected) { try LedgerReader.open(folder.state) }
    }
}
