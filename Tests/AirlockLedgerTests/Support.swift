import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

/// A folder of a test's own, removed with its last owner.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "airlock-ledger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) was not removed: \(error)")
        }
    }

    var state: StateDirectory { StateDirectory(path: "\(path)/state") }

    func open(waitForLock: Bool = false) async throws -> LedgerStore {
        try await LedgerStore.openForWriting(
            state, clock: ManualClock(), waitForLock: waitForLock)
    }

    /// The regular files below the audit folder, sorted.
    func auditFiles() throws -> [String] {
        try #require(FileManager.default.subpaths(atPath: state.audit)).sorted().filter {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: "\(state.audit)/\($0)", isDirectory: &isFolder)
            return !isFolder.boolValue
        }
    }

    func read(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)")))
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }

    /// A ledger with a log of `count` entries, of which half are effects and their ends; closed.
    func writeLog(of count: Int, batches: Int = 1) async throws {
        let store = try await open()
        try await store.name(origin: Build.fleetName())
        var next = try await store.entries(AuditFilter(last: 1)).last.map { $0.sequence + 1 } ?? 0
        for batch in 0..<batches {
            let size = count * (batch + 1) / batches
            let drafts = (next..<max(next, size)).map { sequence in
                var draft = LedgerSample.draft(
                    [.intended, .settled, .decision, .drift][sequence % 4], at: sequence,
                    lane: LedgerSample.lane(sequence % 10))
                if draft.kind == .settled {
                    draft.about = sequence - 1
                    draft.outcome = "done"
                }
                return draft
            }
            let numbers = try await store.commit(LedgerTransaction(entries: drafts))
            next = max(next, size)
            if let last = numbers.last { try await store.published(last) }
        }
        try await store.close()
    }
}
