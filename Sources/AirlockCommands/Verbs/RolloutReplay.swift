import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockRollout
import ArgumentParser
import Foundation

extension RolloutCommand {
    /// `airlock rollout replay`.
    struct Replay: Verb {
        static let configuration = CommandConfiguration(
            commandName: "replay",
            abstract: "Judge rollouts again from the audit log alone.",
            discussion: """
                The log is verified first. Then every look that is in it is judged again, and step, \
                verdict, sentences and log-evidence of each transition must be what the log says, byte \
                for byte. Nothing is fetched, asked or written, so that it works on any machine with a \
                copy of the audit folder, a copy of the state directory or a file that `airlock audit \
                export` wrote. Exit code 0 when all is the same, 1 when not.
                """)

        @Argument(
            help: "A lane, for its last judged rollout, or the number of an operation; all without."
        )
        var rollout: RolloutArgument?

        @Option(
            help: "A copied audit folder or state directory, or an export, in place of --state.")
        var from: String?
        @Option(help: "The verifier key of a copied log, as `airlock audit key` prints it.")
        var key: VerifierKey?
        @Option(help: "The `checkpoint` file to which an export is held; needs --key.")
        var checkpoint: String?
        @Option(help: "Draw the evidence over time into this SVG file; needs one rollout.")
        var chart: String?
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func validate() throws {
            if checkpoint != nil, key == nil {
                throw ValidationError("--checkpoint needs --key: who signed it has to be known")
            }
            if checkpoint != nil, from == nil {
                throw ValidationError("--checkpoint holds an export to it: name that with --from")
            }
        }

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let entries = try ReplaySource(from: from, key: key, checkpoint: checkpoint)
                .entries(wiring)
            let replays = try wanted(in: entries).map { RolloutReplay(of: $0, in: entries) }
            if let chart { try draw(replays, into: chart) }
            switch output.format {
            case .json, .yaml:
                try Output.value(["rollouts": replays.map(ReplayView.init)], as: output.format)
            case .human:
                let texts = replays.map { ReplayText(replay: $0, ink: common.ink).text }
                let summary = ReplayText.summary(of: replays, common.ink)
                Output.data((texts + [summary].compactMap(\.self)).joined(separator: "\n\n"))
            }
            return replays.allSatisfy { $0.firstDifference == nil } ? .done : .error
        }

        /// The numbers of the operations that are asked for.
        private func wanted(in entries: [AuditEntry]) throws -> [Int] {
            let judged = RolloutReplay.operations(in: entries)
            let found: [Int]
            switch rollout {
            case nil: found = judged
            case .operation(let number): found = judged.filter { $0 == number }
            case .lane(let lane):
                let ofLane = Set(
                    entries.filter { $0.draft.lane == lane }.compactMap(\.draft.operation))
                found = judged.last(where: ofLane.contains).map { [$0] } ?? []
            }
            let older = RolloutReplay.operationsWithoutPolicy(in: entries).filter { number in
                switch rollout {
                case nil: true
                case .operation(let wanted): number == wanted
                case .lane(let lane):
                    entries.contains { $0.draft.operation == number && $0.draft.lane == lane }
                }
            }
            if !older.isEmpty {
                Output.note(
                    "\(older.count) older: what they were judged by was not kept in the log when they "
                        + "began, so they cannot be judged again")
            }
            if case .operation(let number) = rollout,
                !entries.contains(where: { $0.draft.operation == number })
            {
                throw Failure(
                    "the log has no operation \(number)",
                    advice: "`airlock history` shows the numbers of those that there were")
            }
            guard !found.isEmpty else {
                throw Failure(
                    rollout.map { "no rollout of \($0) was judged" } ?? "no rollout was judged",
                    advice: "`airlock history LANE` shows what there was; allAtOnce is not judged")
            }
            return found
        }

        private func draw(_ replays: [RolloutReplay], into path: String) throws {
            guard replays.count == 1, let chart = EvidenceChart(replays[0]) else {
                throw Failure(
                    "there is no single judged rollout to draw", advice: "name an operation")
            }
            try OutputFile.write(chart.svg.utf8, to: path, option: "--chart")
        }
    }
}

/// Which rollout is meant.
enum RolloutArgument: ExpressibleByArgument, CustomStringConvertible {
    case lane(LaneID)
    case operation(Int)

    init?(argument: String) {
        if let number = Int(argument), number > 0 {
            self = .operation(number)
        } else if let lane = LaneID(argument) {
            self = .lane(lane)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .lane(let lane): lane.description
        case .operation(let number): "operation \(number)"
        }
    }
}

/// Where the entries of a replay come from.
private struct ReplaySource {
    let from: String?
    let key: VerifierKey?
    let checkpoint: String?

    /// All a replay needs.
    private static let filter = AuditFilter(kinds: [.decision, .evidence, .quarantined])

    /// The entries, after the log was held to its hashes.
    func entries(_ wiring: Wiring) throws -> [AuditEntry] {
        guard let from else { return try Self.entries(of: AuditLog(wiring.state), key) }
        var isFolder: ObjCBool = false
        let files = FileManager.default
        guard files.fileExists(atPath: from, isDirectory: &isFolder) else {
            throw Failure("there is nothing at \(from)", advice: "check the path")
        }
        guard isFolder.boolValue else { return try entries(ofExport: from) }
        if checkpoint != nil {
            throw Failure(
                "\(from) is a folder, and --checkpoint is for an export",
                advice: "a folder has a checkpoint of its own; leave --checkpoint out")
        }
        if files.fileExists(atPath: "\(from)/checkpoint") {
            return try Self.entries(of: AuditLog(copy: from), key)
        }
        let state = StateDirectory(path: from)
        let hasKey = files.fileExists(atPath: state.auditKey)
        return try Self.entries(of: hasKey ? AuditLog(state) : AuditLog(copy: state.audit), key)
    }

    private static func entries(
        of log: AuditLog, _ key: VerifierKey?
    ) throws -> [AuditEntry] {
        _ = try log.verify(key: key)
        return try log.entries(filter, key: key)
    }

    private func entries(ofExport file: String) throws -> [AuditEntry] {
        let export = try AuditExport(bytes: try InputFile(file).bytes())
        if key != nil, checkpoint == nil {
            throw Failure(
                "an export has no signature that --key could check",
                advice: "give the file audit/checkpoint of the same moment as --checkpoint")
        }
        if let checkpoint, let key {
            try export.check(against: try InputFile(checkpoint).bytes(), key: key)
        } else {
            Output.note(
                "an export has no signature; the root of its \(export.entries.count) entries is "
                    + "\(Base64.encode(export.root.bytes)), and --checkpoint with --key compares it"
            )
        }
        return export.entries.filter { Self.filter.matches($0.draft) }
    }
}
