import AirlockAnalysis
import AirlockManifest
import AirlockModel
import ArgumentParser
import Foundation

/// What `airlock detect --backtest` is asked for.
struct BacktestOptions: ParsableArguments {
    @Argument(
        help:
            "With --backtest: the release whose bounds are replayed, such as services/api/production.yaml."
    )
    var release: String?

    @Option(
        help: ArgumentHelp(
            "With --backtest: a recorded signal as NAME=FILE of `timestamp,value` lines; NAME:UNIT=FILE where its values are %, ms, us, KiB, MiB or GiB; may be given again for another signal.",
            valueName: "name=file"))
    var signal: [SignalArgument] = []

    @Option(
        help: ArgumentHelp(
            "With --backtest: another bound, in place of the release's for that signal, such as 'error-rate above 2% for 30s'; may be given again.",
            valueName: "bound"))
    var against: [BoundArgument] = []

    @Option(
        help:
            "With --backtest: `start,end,name` lines of what is known to have been wrong.")
    var incidents: String?

    @Option(help: "With --backtest: also draw it to this file, as SVG.")
    var chart: String?

    @OptionGroup var output: FormatOption
    @Flag(help: "No colour, as with NO_COLOR.")
    var noColor = false

    /// The first of them that was given; nil for none.
    var firstGiven: String? {
        if release != nil { return "the release" }
        if !signal.isEmpty { return "--signal" }
        if !against.isEmpty { return "--against" }
        if incidents != nil { return "--incidents" }
        return chart == nil ? nil : "--chart"
    }

    /// Replays and tells.
    func perform() throws -> ExitStatus {
        let tried = try against.map { try $0.limit(among: signal.map(\.name)) }
        var given: Set<SignalName> = []
        if let twice = signal.map(\.name).first(where: { !given.insert($0).inserted }) {
            throw Failure(
                "--signal \(twice) was given twice", advice: "give one file for each signal")
        }
        let own = try release.map(limits) ?? []
        let kept = own.filter { limit in !tried.contains { $0.signal == limit.signal } }
        let unmeasured = kept.filter { limit in !signal.contains { $0.name == limit.signal } }
        for limit in unmeasured {
            Output.note("\(limit.text): no values were given (--signal \(limit.signal)=FILE)")
        }
        let backtest = try Backtest(
            release: release, signals: signal, limits: kept + tried, incidents: known())
        try checkBounds(of: backtest, stated: own)
        if let chart {
            try OutputFile.write(
                BacktestChart(backtest: backtest).svg.utf8, to: chart, option: "--chart")
        }
        switch output.format {
        case .human:
            let ink = Ink.ofStdout(noColor: noColor)
            Output.data(BacktestText(backtest: backtest, ink: ink).text)
        case .json, .yaml: try Output.value(backtest.report, as: output.format)
        }
        return .done
    }

    /// Tells of signals over which no bound was replayed; with none at all there was no backtest.
    private func checkBounds(of backtest: Backtest, stated: [HardLimit]) throws {
        let unbound = backtest.replayed.filter(\.limits.isEmpty)
        guard let first = unbound.first else { return }
        guard unbound.count == backtest.replayed.count else {
            for one in unbound {
                Output.note("\(one.name): no bound was given (--against '\(one.name) above VALUE')")
            }
            return
        }
        let names = Set(stated.map(\.signal)).sorted().map(\.description)
        throw Failure(
            "no bound was replayed: there is none of "
                + unbound.map(\.name.description).joined(separator: ", "),
            advice: "add --against '\(first.name) above VALUE for TIME'"
                + (names.isEmpty
                    ? "" : ", or give a signal of the release: \(names.joined(separator: ", "))"))
    }

    /// The bounds that a release states.
    private func limits(of path: String) throws -> [HardLimit] {
        let (value, problems) = DecodedDocument.read(try InputFile(path).bytes(), as: .release)
        guard case .release(let release)? = value else {
            let lines = problems.map { "  " + $0.diagnostic(at: path).description }
            throw Failure(
                "\(path) cannot be read:\n" + lines.joined(separator: "\n"),
                advice: "mend what is named")
        }
        switch release.strategy {
        case .canary(let plan): return plan.limits
        case .blueGreen(let plan): return plan.limits
        case .allAtOnce:
            throw Failure(
                "\(path) has no bounds: allAtOnce keeps no slot to go back to",
                advice: "give some with --against, such as 'error-rate above 2% for 30s'")
        }
    }

    private func known() throws -> [KnownIncident] {
        guard let incidents else { return [] }
        let bytes = try InputFile(incidents).bytes()
        do throws(SeriesFault) { return try KnownIncident.read(bytes) } catch {
            throw Failure(error.sentences(in: incidents))
        }
    }
}
