import AirlockEngine
import AirlockHost
import AirlockModel
import AirlockPorts
import ArgumentParser
import Foundation

/// `airlock reconcile`: one look at git and the engines, and what follows from it.
struct ReconcileCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Look once and act; while `airlock run` is alive, ask it to.",
        discussion: "Exit 3 when a forward change is held, 4 when --expect is stale.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    @Option(help: "Go on until every lane has settled or holds, at most this long.")
    var wait: DurationArgument?

    @Option(help: "Act only on the change ids of this plan, written by `plan --out`.")
    var expect: String?

    @Option(help: "The commit before which history is not verified (default: the first fetched).")
    var trustRoot: CommitID?

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let expected = try expect.map(Self.changes)
        let request = ReconcileRequest(wait: wait?.duration, expect: expected)
        let holder = Holder(wiring: wiring, trustRoot: trustRoot)
        let result = try await holder.ask(
            .reconcile(request), lasting: wait?.duration ?? .zero
        ) { engine in
            try await ReconcileLoop(engine: engine, clock: wiring.clock).run(request)
        }
        switch result {
        case .reconciled(let summary): return try tell(summary)
        case .stale(let message):
            throw Failure(
                message, advice: "make a new plan with `airlock plan --out`", code: .stale)
        case .failed(let message, let advice): throw Failure(message, advice: advice)
        case .done, .health:
            throw Failure("the running airlock answered something else", advice: "report this")
        }
    }

    private func tell(_ summary: ReconcileSummary) throws -> ExitStatus {
        switch output.format {
        case .human, .markdown: Output.data(SummaryText(summary: summary, ink: common.ink).text)
        case .json, .yaml: try Output.value(summary, as: output.format)
        }
        if !summary.faults.isEmpty || !summary.rolledBack.isEmpty { return .error }
        return summary.heldForward.isEmpty ? .done : .held
    }

    /// The change ids in a plan file.
    private static func changes(in file: String) throws -> Set<ChangeID> {
        let bytes = try InputFile(file).bytes()
        do {
            return try JSONDecoder().decode(PlanView.self, from: Data(bytes)).changes
        } catch {
            throw Failure(
                "\(file) is not a plan", advice: "write one with `airlock plan --out \(file)`")
        }
    }
}

/// Ticks until there is nothing left to do, in a process of its own.
struct ReconcileLoop {
    /// The shortest rest between two ticks.
    private static let shortestRest = Duration.milliseconds(10)
    /// The longest rest between two ticks.
    private static let longestRest = Duration.seconds(1)

    let engine: Engine
    let clock: any AirlockClock

    func run(_ request: ReconcileRequest) async throws -> ControlAnswer.Result {
        if let expect = request.expect {
            let stale = try await engine.stale(expect)
            guard stale.isEmpty else { return .stale(message: Engine.phrase(stale: stale)) }
        }
        let start = clock.now()
        var total = try await engine.tick(expected: request.expect)
        var told = total.underWay
        while let limit = request.wait, total.isUnderWay, clock.now().elapsed(since: start) < limit
        {
            let due = await engine.due().map { $0 - clock.now().wall } ?? Self.longestRest
            try await clock.sleep(for: min(max(due, Self.shortestRest), Self.longestRest))
            total = total.followed(by: try await engine.tick(expected: request.expect))
            guard clock.now().elapsed(since: start) > .seconds(1), total.isUnderWay,
                told != total.underWay
            else {
                continue
            }
            told = total.underWay
            Output.note(total.progress)
        }
        return .reconciled(total)
    }
}
