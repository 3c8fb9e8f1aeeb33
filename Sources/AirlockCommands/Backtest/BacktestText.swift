import AirlockAnalysis
import AirlockHost
import AirlockModel

/// A backtest as a person reads it on a terminal.
struct BacktestText {
    /// The most times of one bound that are listed; the rest is counted.
    private static let longestList = 20

    let backtest: Backtest
    let ink: Ink

    var text: String {
        let report = backtest.report
        return zip(backtest.replayed, report.signals).map { replayed, signal in
            ([heading(replayed)]
                + zip(replayed.limits, signal.limits).flatMap { block($0, $1, replayed) }
                + learned(signal, replayed)).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private func heading(_ one: Backtest.Replayed) -> String {
        let (first, last) = (one.series.points.first?.at ?? 0, one.series.points.last?.at ?? 0)
        let step = one.series.step.map { ", one each \(Duration.milliseconds($0).spelled)" } ?? ""
        let known =
            one.incidents.isEmpty
            ? "no incidents are known in this time"
            : "\(one.incidents.count) known incidents"
        return ink.bold("\(one.name)  \(one.file)") + "\n"
            + ink.dim(
                "\(one.series.points.count) values from "
                    + "\(Timestamp(milliseconds: first).local) to "
                    + "\(Timestamp(milliseconds: last).local)\(step); \(known)")
    }

    private func block(
        _ replay: LimitReplay, _ report: BacktestReport.LimitReport, _ one: Backtest.Replayed
    ) -> [String] {
        var lines = ["", "rolled back by \(ink.bold(replay.limit.text)): \(count(report, one))"]
        var table = Table(["time", "value", "after", "incident"])
        for action in replay.actions.prefix(Self.longestList) {
            let incident = one.incidents.first { $0.contains(action.at) }
            let after = incident.map { Duration.milliseconds(action.at - $0.start).phrase }
            table.add([
                .init(Timestamp(milliseconds: action.at).local),
                .init(one.name.text(action.value)), .init(after ?? ""),
                incident.map { .init($0.title, .green) }
                    ?? .init(one.incidents.isEmpty ? "" : "false alarm", .yellow),
            ])
        }
        if !table.isEmpty { lines.append(table.text(ink)) }
        if replay.actions.count > Self.longestList {
            lines.append("… \(replay.actions.count - Self.longestList) more (-o json has all)")
        }
        let missed = one.incidents.filter { incident in
            !replay.actions.contains { incident.contains($0.at) }
        }
        lines += missed.map { ink.red("missed: \($0.title)") }
        return lines + ["", "the same with other bounds:", neighbours(report, one)]
    }

    private func count(
        _ report: BacktestReport.LimitReport, _ one: Backtest.Replayed
    ) -> String {
        let times = report.actions.count == 1 ? "once" : "\(report.actions.count) times"
        guard !one.incidents.isEmpty else { return "\(times)\(perDay(report.score))" }
        return "\(times), \(report.score.found) of \(report.score.incidents) incidents found, "
            + "\(report.score.falseAlarms) false "
            + "alarm\(report.score.falseAlarms == 1 ? "" : "s")\(perDay(report.score))"
    }

    private func perDay(_ score: BacktestReport.ScoreView) -> String {
        score.falseAlarmsPerDay.map { ", \(Self.short($0)) a day" } ?? ""
    }

    private func neighbours(
        _ report: BacktestReport.LimitReport, _ one: Backtest.Replayed
    ) -> String {
        var table = Table(["", "bound"] + Self.scoreHead(one))
        for neighbour in report.neighbours {
            let shade: Ink.Shade = neighbour.isAsked ? .bold : .plain
            table.add(
                [.init(neighbour.isAsked ? "→" : "", shade), .init(neighbour.limit, shade)]
                    + cells(neighbour.score, one, shade))
        }
        return table.text(ink)
    }

    private func learned(
        _ signal: BacktestReport.SignalReport, _ one: Backtest.Replayed
    ) -> [String] {
        var table = Table(["sensitivity"] + Self.scoreHead(one))
        for learned in signal.learned {
            table.add([.init("\(learned.sensitivity)")] + cells(learned.score, one, .plain))
        }
        return ["", "the learned detector (`airlock detect`), without any bound:", table.text(ink)]
    }

    private static func scoreHead(_ one: Backtest.Replayed) -> [String] {
        one.incidents.isEmpty ? ["times", "a day"] : ["found", "after", "false", "false a day"]
    }

    private func cells(
        _ score: BacktestReport.ScoreView, _ one: Backtest.Replayed, _ shade: Ink.Shade
    ) -> [Table.Cell] {
        let perDay = score.falseAlarmsPerDay.map(Self.short) ?? ""
        guard !one.incidents.isEmpty else {
            return [.init("\(score.falseAlarms)", shade), .init(perDay, shade)]
        }
        let after = score.medianDelayMilliseconds.map { Duration.milliseconds($0).phrase }
        return [
            .init("\(score.found) of \(score.incidents)", shade), .init(after ?? "–", shade),
            .init("\(score.falseAlarms)", shade), .init(perDay, shade),
        ]
    }

    /// One digit after the point, or whole from ten up.
    private static func short(_ number: Double) -> String {
        number >= 10 || number == 0
            ? "\(Int(number.rounded()))" : "\((number * 100).rounded() / 100)"
    }
}
