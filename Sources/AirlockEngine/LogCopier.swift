package import AirlockModel
package import AirlockPorts
import Logging

/// Where and how checkpoints of the audit log are copied.
package struct LogCopy: Sendable {
    let log: any SignedLog
    let writer: any BranchWriter
    let author: GitIdentity
    /// Time between two copies; a checkpoint is made with every few entries, and each copy is a commit.
    let interval: Duration

    package init(
        log: any SignedLog, writer: any BranchWriter, author: GitIdentity,
        interval: Duration = .seconds(60)
    ) {
        self.log = log
        self.writer = writer
        self.author = author
        self.interval = interval
    }
}

/// Copies the audit log's checkpoints to a place that this machine does not control.
///
/// Whoever changes the log here afterwards contradicts the copy. A copy that this log does not begin
/// with is told and left alone: one of the two is not the log that it says it is.
actor LogCopier {
    /// Longest wall time of one conversation with the remote.
    private static let limit = Duration.seconds(60)
    /// The same when the process is about to end.
    private static let lastLimit = Duration.seconds(5)

    private let copy: LogCopy
    private let clock: any AirlockClock
    private let logger: Logger
    private var copied: [UInt8]?
    /// Why the last copy was not made; nil when it was.
    private(set) var fault: String?

    init(_ copy: LogCopy, clock: any AirlockClock, logger: Logger) {
        self.copy = copy
        self.clock = clock
        self.logger = logger
    }

    /// Copies until cancelled.
    func run() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: copy.interval) } catch { return }
            await copyNew(limit: Self.limit)
        }
    }

    /// Copies what was signed last, before the process ends.
    func copyLast() async { await copyNew(limit: Self.lastLimit) }

    private func copyNew(limit: Duration) async {
        do {
            guard let note = try await copy.log.checkpoint() else { return }
            guard note != copied else {
                fault = nil
                return
            }
            try await push(note, limit: limit)
        } catch let error as LedgerError {
            tell("the audit log cannot be read: \(error.phrase)")
        } catch let error as SourceError {
            tell(error.phrase)
        } catch {
            tell("\(error)")
        }
    }

    private func push(_ note: [UInt8], limit: Duration) async throws {
        let there = try await copy.writer.remoteCheckpoint(limit: limit)
        if let there, there.note != note {
            if let objection = try await copy.log.objection(to: there.note) {
                return contradict("\(objection) (the copy is \(there.commit.short))")
            }
        }
        if there?.note != note {
            let commit = try await copy.writer.push(
                checkpoint: note, after: there?.commit, by: copy.author, at: clock.now().wall,
                limit: limit)
            logger.info("checkpoint of the audit log copied", metadata: ["commit": "\(commit)"])
        }
        copied = note
        fault = nil
    }

    private func contradict(_ why: String) {
        let text = "the audit log contradicts its copy in git: \(why)"
        if fault != text {
            logger.critical(
                "the audit log contradicts its copy in git; compare both before you trust either",
                metadata: ["reason": "\(why)"])
        }
        fault = text
    }

    private func tell(_ why: String) {
        let text = "the audit log is not copied to git: \(why)"
        if fault != text {
            logger.warning("the audit log is not copied to git", metadata: ["reason": "\(why)"])
        }
        fault = text
    }
}
