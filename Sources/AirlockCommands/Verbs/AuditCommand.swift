import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import ArgumentParser
import Foundation

/// `airlock audit`: the log of every decision and effect.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show, verify, prove and export the audit log.",
        subcommands: [
            Show.self, Verify.self, Key.self, Prove.self, CheckProof.self, Export.self, Replay.self,
        ])

    /// `airlock audit show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show entries, the newest last.")

        @Option(help: "Only this lane.") var lane: LaneID?
        @Option(help: "Only this environment.") var env: EnvironmentName?
        @Option(
            help: "Only what this commit caused; at least 7 digits.",
            transform: { try CommitArgument($0) })
        var commit: CommitArgument?
        @Option(help: "Only this kind, such as decision or settled; may be given again.")
        var kind: [AuditKind] = []
        @Option(help: "Only this actor, such as uid:1000 or ada@shop.example.") var actor: String?
        @Option(help: "Only from then on: RFC 3339, or a time ago such as 2h.")
        var since: TimeArgument?
        @Option(help: "Only until then.") var until: TimeArgument?
        @Option(help: "The newest that many; 0 for all.") var last = 50
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let now = wiring.clock.now().wall
            var filter = AuditFilter(
                lane: lane, environment: env, actor: actor, kinds: Set(kind),
                since: since?.timestamp(now: now), until: until?.timestamp(now: now),
                last: last == 0 ? nil : last)
            guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
            let names = try await KnownNames(reader)
            if let lane { try names.check(lane) }
            if let env { try names.check(env) }
            if let commit { filter.commit = try await KnownCommits.find(commit, wiring) }
            let entries = try await reader.entries(filter)
            switch output.format {
            case .json, .yaml:
                try Output.value(["entries": entries.map(EntryView.init)], as: output.format)
            case .human: Output.data(AuditText(entries: entries, ink: common.ink).text)
            }
            return .done
        }
    }

    /// `airlock audit verify`.
    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Recompute the whole log and name the first place that differs.")

        @Option(help: "Check against this key, kept elsewhere; `airlock audit key` prints one.")
        var key: VerifierKey?
        @Option(help: "An older `checkpoint` file, kept elsewhere: the log must begin with it.")
        var against: String?
        @Flag(help: "The log must begin with what refs/airlock/log of the repository says.")
        var remote = false
        @Option(help: "A copy of the audit folder instead of the state directory's own.")
        var copy: String?
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        /// Longest wait for the repository.
        private static let limit = Duration.seconds(30)

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let log = copy.map { AuditLog(copy: $0) } ?? AuditLog(wiring.state)
            let start = wiring.clock.now()
            var told = start
            let result = try log.verify(key: key) { done, total in
                let now = wiring.clock.now()
                guard now.elapsed(since: told) > .seconds(1) else { return }
                told = now
                Output.note("verified \(done) of \(total) entries…")
            }
            if copy == nil { try await hold(result.checkpoint, to: try wiring.reader()) }
            if let against {
                let older = try log.extends(try checkpoint(against, of: log), key: key)
                Output.note("the log begins with the \(older.size) entries of \(against)")
            }
            if remote {
                guard let kept = try await wiring.source().remoteCheckpoint(limit: Self.limit)
                else {
                    throw Failure(
                        "the repository has no refs/airlock/log",
                        advice: "docs/remotes.md says what Airlock needs to write it")
                }
                let older = try log.extends(kept.note, key: key)
                Output.note(
                    "the log begins with the \(older.size) entries that \(kept.commit.short) of "
                        + "refs/airlock/log covers")
            }
            let root = Base64.encode(result.checkpoint.root.bytes)
            try Output.outcome(
                "\(result.checkpoint.size) entries in \(result.files) files agree with the signed "
                    + "checkpoint; root \(root)",
                facts: View(
                    entries: result.checkpoint.size, files: result.files, root: root),
                as: output.format)
            return .done
        }

        /// Holds what was signed to the journal, every row of which must fit its hash.
        private func hold(_ checkpoint: Checkpoint, to reader: LedgerReader?) async throws {
            guard let reader else { return }
            try await Progress.around("holding the journal's rows to their hashes") {
                try await reader.check()
            }
            let count = try await reader.entryCount()
            guard count >= checkpoint.size else {
                throw Failure.cutJournal(count, signed: checkpoint.size)
            }
        }

        /// The bytes of an older checkpoint.
        ///
        /// The signature is checked here, where it is known that a misfit is the file's and not the
        /// log's, which has just been verified.
        private func checkpoint(_ file: String, of log: AuditLog) throws -> [UInt8] {
            let bytes = try InputFile(file).bytes()
            let signer = if let key { key } else { try log.verifierKey() }
            do { _ = try Checkpoint(note: bytes, key: signer) } catch {
                throw Failure(
                    "\(file) is no checkpoint that \(signer) signed: \(error)",
                    advice: "the log agrees with its own checkpoint; compare with another copy of "
                        + "the older one")
            }
            return bytes
        }

        private struct View: Encodable {
            let entries: Int
            let files: Int
            let root: String
        }
    }

    /// `airlock audit key`.
    struct Key: Verb {
        static let configuration = CommandConfiguration(
            commandName: "key", abstract: "Print the verifier key; keep a copy elsewhere.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let key = try AuditLog(wiring.state).verifierKey().description
            switch output.format {
            case .json, .yaml: try Output.value(["key": key], as: output.format)
            case .human: Output.data(key)
            }
            return .done
        }
    }

    /// `airlock audit prove SEQ`.
    struct Prove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "prove",
            abstract: "Print a proof that needs no log: keep it as FILE.tlog-proof.")
        @Argument(help: "The number of the entry, from 0.") var sequence: Int
        @OptionGroup var common: CommonOptions

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let proof = try AuditLog(wiring.state).prove(sequence)
            Output.document(proof.hasSuffix("\n") ? String(proof.dropLast()) : proof)
            return .done
        }
    }

    /// `airlock audit check-proof`.
    struct CheckProof: Verb {
        static let configuration = CommandConfiguration(
            commandName: "check-proof", abstract: "Check a proof against an entry and a key.")
        @Argument(help: "The .tlog-proof file.") var proof: String
        @Option(help: "A file with the entry, one line of JSON as `audit export` writes it.")
        var entry: String
        @Option(help: "The verifier key, as `airlock audit key` prints it.") var key: VerifierKey
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let text = String(decoding: try InputFile(proof).bytes(), as: UTF8.self)
            var bytes = try InputFile(entry).bytes()
            while bytes.last == 0x0A { bytes.removeLast() }
            let found = try AuditLog.verifyProof(
                text, entry: bytes, key: key)
            try Output.outcome(
                "entry \(found.sequence) is in the log of \(found.checkpoint.size) entries that "
                    + "the key signed",
                facts: ["seq": found.sequence, "entries": found.checkpoint.size], as: output.format)
            return .done
        }
    }

    /// `airlock audit export`.
    struct Export: Verb {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write every entry as a line of JSON.")
        @OptionGroup var common: CommonOptions

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            try AuditLog(wiring.state).export { line throws(AuditFault) in
                Output.document(String(decoding: line.dropLast(), as: UTF8.self))
            }
            return .done
        }
    }
}

extension VerifierKey: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension AuditKind: ExpressibleByArgument {}

extension Failure {
    /// The journal lacks entries that were signed.
    static func cutJournal(_ count: Int, signed: Int) -> Failure {
        Failure(
            "the checkpoint covers \(signed) entries, and the journal holds \(count)",
            advice: "put ledger.sqlite and audit/ back from one backup")
    }

    /// Nothing was ever recorded in this state directory.
    static func noLedger(_ wiring: Wiring) -> Failure {
        Failure(
            "there is no ledger in \(wiring.settings[.state])",
            advice: "`airlock run` or `airlock reconcile` makes one")
    }
}
