import AirlockHost
import AirlockModel

/// What one `reconcile` came to, as a person reads it.
struct SummaryText {
    let summary: ReconcileSummary
    let ink: Ink

    var text: String {
        var lines: [String] = []
        lines += summary.settled.map { "\(ink.green("settled")) \($0)" }
        lines += summary.repaired.map { "\(ink.green("repaired")) \($0)" }
        lines += (summary.rollbacks ?? []).map { "\(ink.green("rollback")) \($0)" }
        lines += summary.rolledBack.map { "\(ink.red("rolled back")) \($0)" }
        lines += (summary.tested ?? [:]).sorted { $0.key < $1.key }.map { lane, outcome in
            let word = outcome == .passed ? ink.green("tested") : ink.red("tested")
            return "\(word) \(lane): its verify job \(outcome.phrase)"
        }
        let waiting = Set(summary.waiting ?? [])
        lines += told(summary.held.filter { !waiting.contains($0.key) }, as: ink.yellow("held"))
        lines += told(summary.held.filter { waiting.contains($0.key) }, as: ink.cyan("waits"))
        lines += summary.underWay.map { lane in
            let why = summary.failures[lane].map { ": \($0.visible)" } ?? ""
            return "\(ink.cyan("under way")) \(lane)\(why)"
        }
        if !summary.leftOut.isEmpty {
            let names = summary.leftOut.map(\.description).joined(separator: ", ")
            lines.append("\(ink.yellow("left out")) \(names): not among the expected changes")
        }
        lines += summary.diagnostics.prefix(HeadRecord.maximumDiagnostics)
            .map { "\(ink.red("file")) \($0.visible)" }
        let more = summary.diagnostics.count - HeadRecord.maximumDiagnostics
        if more > 0 { lines.append("… and \(more) more; `airlock validate` shows all") }
        lines += summary.faults.map { "\(ink.red("fault")) \($0.visible)" }
        let commit = summary.commit.map { " at \($0.short)" } ?? ""
        let totals = summary.totals ?? summary.bounded.totals
        let rollbacks = Self.rollbacks(totals?.rollbacks)
        let held = (totals?.held ?? 0) - (totals?.waiting ?? 0)
        let counts =
            "\(totals?.settled ?? 0) settled, \(totals?.repaired ?? 0) repaired, "
            + "\(rollbacks)\(totals?.rolledBack ?? 0) rolled back, "
            + "\(held) held, "
            + "\(Self.waiting(totals?.waiting))\(totals?.underWay ?? 0) under way"
        let root = [summary.pinned].compactMap(\.self).map {
            "\(ink.bold("trust root")) \($0): from now on only what descends from it is followed"
        }
        let end =
            lines.isEmpty
            ? ink.green("Nothing to do\(commit): every lane is what git says.")
            : ink.bold("Reconciled\(commit): \(counts).")
        return (root + lines + [end]).joined(separator: "\n")
    }
}

extension SummaryText {
    /// How many rollbacks git made, with the comma after it; empty where it made none, as it seldom does.
    private static func rollbacks(_ count: Int?) -> String {
        guard let count else { return "" }
        return "\(count) \(count == 1 ? "rollback" : "rollbacks") in git, "
    }

    /// How many lanes wait for others, with the comma after it; empty for none.
    private static func waiting(_ count: Int?) -> String { count.map { "\($0) waiting, " } ?? "" }

    /// Lanes with the same reason stand on one line.
    private func told(_ reasons: [LaneID: String], as word: String) -> [String] {
        var lanes: [String: [LaneID]] = [:]
        for (lane, reason) in reasons { lanes[reason, default: []].append(lane) }
        return lanes.mapValues { $0.sorted() }
            .sorted { $0.value.lexicographicallyPrecedes($1.value) }
            .map { reason, lanes in
                let names = lanes.map(\.description).joined(separator: ", ")
                return "\(word) \(names): \(reason.visible)"
            }
    }
}

extension ReconcileSummary {
    /// Whether anything is still to be done without a person.
    var isUnderWay: Bool { !underWay.isEmpty }

    /// What is still under way, in one line.
    var progress: String {
        isUnderWay
            ? "\(settled.count) settled, under way: \(pending)…" : "nothing is under way"
    }

    /// The lanes that are still under way: the first and how many more.
    var pending: String {
        let more = (totals?.underWay ?? underWay.count) - 1
        return (underWay.first?.description ?? "none") + (more > 0 ? " and \(more) more" : "")
    }
}
