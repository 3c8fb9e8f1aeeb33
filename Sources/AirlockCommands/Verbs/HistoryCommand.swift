import AirlockLedger
import AirlockModel
import ArgumentParser

/// `airlock history LANE`: the operations of a lane, the newest first.
struct HistoryCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show the operations of a lane, the newest first.")

    @Argument(help: "The lane, such as production/checkout (default: all lanes).")
    var lane: LaneID?

    @Option(help: "At most that many.") var limit = 20
    @Option(
        help: "Only what this commit caused; at least 7 digits.",
        transform: { try CommitArgument($0) })
    var commit: CommitArgument?
    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    /// The newest operations among which those of a commit are looked for.
    private static let searchLimit = 20_000

    func validate() throws {
        guard limit > 0 else {
            throw ValidationError("--limit is at least 1, not \(limit); leave it out for 20")
        }
    }

    /// One operation for JSON and YAML.
    private struct View: Encodable {
        let operation: Int
        let lane: String
        let kind: String
        let outcome: String
        let reason: String?
        let opened: String
        let ended: String?
        let commit: String?
        let author: String?
        let change: String?
        let artifact: String?
        let version: String?
    }

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
        if let lane { try await KnownNames(reader).check(lane) }
        let operations = try await operations(reader, wiring)
        switch output.format {
        case .json, .yaml:
            try Output.value(["operations": operations.map(Self.view)], as: output.format)
        case .human: Output.data(text(operations))
        }
        return .done
    }

    private func operations(
        _ reader: LedgerReader, _ wiring: Wiring
    ) async throws -> [OperationRecord] {
        guard let commit else { return try await reader.operations(of: lane, limit: limit) }
        let wanted = try await KnownCommits.find(commit, wiring)
        let newest = try await reader.operations(of: lane, limit: Self.searchLimit)
        return Array(newest.filter { $0.commit == wanted }.prefix(limit))
    }

    private func text(_ operations: [OperationRecord]) -> String {
        let ink = common.ink
        var table = Table([
            "op", "opened", "lane", "what", "version", "outcome", "took", "commit", "by",
        ])
        for operation in operations {
            let view = Self.view(operation)
            let took = operation.ended.map { ($0 - operation.opened).brief } ?? "-"
            table.add([
                Table.Cell(String(operation.number), .dim), Table.Cell(operation.opened.local),
                Table.Cell(view.lane), Table.Cell(view.kind), Table.Cell(view.version ?? "-"),
                Table.Cell(operation.outcome?.words ?? "under way", paint(operation.outcome)),
                Table.Cell(took),
                Table.Cell(operation.commit?.short ?? "-", .dim),
                Table.Cell(view.author ?? "airlock"),
            ])
        }
        let reasons = operations.compactMap { operation -> String? in
            guard case .rolledBack(let reason)? = operation.outcome else { return nil }
            return ink.red("operation \(operation.number) was rolled back: \(reason)")
        }
        return ([table.isEmpty ? "No operations." : table.text(ink)] + reasons)
            .joined(separator: "\n")
    }

    private func paint(_ outcome: OperationRecord.Outcome?) -> Ink.Shade {
        switch outcome {
        case .settled: .green
        case .rolledBack, .verified(.failed), .verified(.timedOut): .red
        case .verified(.passed): .green
        case .superseded, .expired: .dim
        case nil: .cyan
        }
    }

    private static func view(_ operation: OperationRecord) -> View {
        var reason: String?
        if case .rolledBack(let why)? = operation.outcome { reason = why }
        var version: String?
        if case .slot(_, let shown, _)? = operation.change?.target { version = shown }
        return View(
            operation: operation.number, lane: operation.lane.description,
            kind: operation.kind,
            outcome: operation.outcome?.word ?? "under way", reason: reason,
            opened: operation.opened.rfc3339, ended: operation.ended?.rfc3339,
            commit: operation.commit?.description, author: operation.author,
            change: operation.change?.id.description,
            artifact: operation.artifact?.description, version: version)
    }
}

extension OperationRecord {
    /// One word for what it carries out.
    fileprivate var kind: String {
        switch work {
        case .change(let change): change.kind.rawValue
        case .repair(let repair): repair.isRollback ? "rollback" : "repair"
        case .heal: "heal"
        case .verify: "verify"
        }
    }
}

extension OperationRecord.Outcome {
    /// The words for people.
    fileprivate var words: String {
        switch self {
        case .rolledBack: "rolled back"
        case .verified(let outcome): outcome == .timedOut ? "timed out" : word
        case .settled, .superseded, .expired: word
        }
    }
}
