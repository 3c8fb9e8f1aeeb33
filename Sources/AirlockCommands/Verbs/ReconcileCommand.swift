import AirlockControl
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
        discussion: """
            Exit 1 also when --wait is over with lanes under way or rewritten history waits for a person,
            3 when a forward change is held or waits for one, 4 when --expect is stale. SIGTERM or one interrupt finishes or parks what is under way and exits 130,
            a second one does not wait; while `airlock run` is alive, that goes on with its work.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    @Option(help: "Go on until every lane has settled or holds, at most this long.")
    var wait: DurationArgument?

    @Option(help: "Act only on the change ids of this plan, written by `plan --out`.")
    var expect: String?

    @Option(
        help: "The commit before which history is not verified (default: the first fetched).",
        transform: { try CommitArgument.whole($0) })
    var trustRoot: CommitID?

    @Option(
        help: "Let staging and production follow this head, which dropped commits they are on.",
        transform: { try CommitArgument($0) })
    var acceptRewrite: CommitArgument?

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let expected = try expect.map(Self.changes)
        let request = ReconcileRequest(
            wait: wait?.duration, expect: expected, trustRoot: trustRoot,
            follows: wiring.settings.asked)
        let holder = Holder(wiring: wiring) { [trustRoot] settings in
            settings.trustRoot = trustRoot
            settings.expected = expected
        }
        if let acceptRewrite {
            let commit = try await KnownCommits.find(acceptRewrite, wiring)
            let status = try await holder.carryOut(.acceptRewrite(commit), as: .human)
            guard status == .done else { return status }
        }
        var isInterrupted = false
        let start = wiring.clock.now()
        let result = try await holder.ask(
            .reconcile(request), lasting: wait?.duration ?? .zero
        ) { engine in
            let end = try await ReconcileLoop(engine: engine, wiring: wiring).run(request)
            isInterrupted = end.isInterrupted
            return end.result
        }
        switch result {
        case .reconciled(let summary):
            let took = wiring.clock.now().elapsed(since: start)
            return try tell(summary, after: took, isInterrupted: isInterrupted)
        case .stale(let message):
            throw Failure(
                message, advice: "make a new plan with `airlock plan --out`", code: .stale)
        case .failed(let message, let advice):
            throw Failure(
                message.visible, advice: advice, code: isInterrupted ? .interrupted : .error)
        case .done, .health:
            throw Failure("the running airlock answered something else", advice: "report this")
        }
    }

    private func tell(
        _ summary: ReconcileSummary, after took: Duration, isInterrupted: Bool
    ) throws -> ExitStatus {
        switch output.format {
        case .human: Output.data(SummaryText(summary: summary, ink: common.ink).text)
        case .json, .yaml: try Output.value(summary, as: output.format)
        }
        if isInterrupted { return .interrupted }
        let failures = summary.faults + summary.diagnostics
        if let wait, summary.isUnderWay {
            // The answer of a process that was told to end comes before its time.
            let why =
                took < wait.duration
                ? "the running airlock ended before the time of --wait"
                : "the time of --wait (\(wait.duration.brief)) is up"
            Output.note(
                "error: \(why), still under way: \(summary.pending)\n"
                    + "  → `airlock reconcile --wait` goes on, `airlock status` shows how far it is"
            )
            return .error
        }
        if !failures.isEmpty || !summary.rolledBack.isEmpty || summary.hasFailedTest {
            return .error
        }
        return summary.heldForward.isEmpty ? .done : .held
    }

    /// The change ids in a plan file.
    private static func changes(in file: String) throws -> Set<ChangeID> {
        let bytes = try Data(InputFile(file).bytes())
        // Not to this one: it may be anything.
        let advice = "give the file that `airlock plan --out FILE` wrote"
        let version: String
        do { version = try JSONForm.statedVersion(of: bytes) } catch {
            throw Failure("\(file) is not a plan", advice: advice)
        }
        guard JSONForm.isRead(version) else {
            throw Failure(
                "\(file) has format_version \(version.visible), and this airlock reads "
                    + JSONForm.version, advice: advice)
        }
        do { return try JSONDecoder().decode(PlanView.self, from: bytes).changes } catch {
            throw Failure("\(file) is not a plan", advice: advice)
        }
    }
}

/// The engine in a process of its own, until there is nothing left to do.
struct ReconcileLoop {
    /// How often is told what is still under way.
    private static let progress = Duration.seconds(1)

    let engine: Engine
    let wiring: Wiring

    /// Runs the same loops as `airlock run`, hears other verbs like it, and asks the loops to come to
    /// rest; a signal ends them before that.
    func run(
        _ request: ReconcileRequest
    ) async throws -> (result: ControlAnswer.Result, isInterrupted: Bool) {
        let engine = engine
        let (result, isInterrupted) = try await InterruptWatch.around(
            stop: { engine.stop() }, work: { try await answer(request) })
        if case .failed(let message, _) = result {
            // The advice of an engine is to read the log of a process that keeps one.
            let advice = "`airlock doctor` names what is wrong and whose move is next"
            return (.failed(message: message, advice: advice), isInterrupted)
        }
        guard isInterrupted, case .reconciled(let first) = result else {
            return (result, isInterrupted)
        }
        // The loops may have finished or parked a lane after the answer was made.
        var last = await engine.summary().bounded
        last.pinned = first.pinned
        return (.reconciled(last), true)
    }

    private func answer(_ request: ReconcileRequest) async throws -> ControlAnswer.Result {
        let peer = ControlPeer(
            uid: wiring.user.uid, pid: ProcessInfo.processInfo.processIdentifier)
        let ask = ControlRequest(id: RandomIdentity.make(), call: .reconcile(request))
        let listener = ControlListener(path: try wiring.controlSocket(), handler: engine)
        async let _ = tellProgress()
        async let _ = listener.run()
        return try await withThrowingTaskGroup(of: ControlAnswer.Result?.self) { group in
            group.addTask {
                try await engine.run()
                return nil
            }
            group.addTask { await engine.handle(ask, from: peer).result }
            var answer: ControlAnswer.Result?
            while answer == nil, let next = try await group.next() {
                // Loops that ended first were told to, and nothing more will come to rest.
                if next == nil { group.cancelAll() }
                answer = next
            }
            engine.stop()
            for try await _ in group {}
            guard let answer else { throw CancellationError() }
            return answer
        }
    }

    private func tellProgress() async {
        while true {
            do { try await wiring.clock.sleep(for: Self.progress) } catch { return }
            let summary = await engine.summary()
            if summary.isUnderWay { Output.note(summary.progress) }
        }
    }
}
