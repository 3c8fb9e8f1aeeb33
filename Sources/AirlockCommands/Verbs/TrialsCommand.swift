import AirlockAnalysis
import AirlockModel
import AirlockRehearsal
import AirlockRollout
import ArgumentParser

/// `airlock sim trials`: how often the judge and the detector are right, on seeded traffic.
struct TrialsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "trials",
        abstract: "Measure false alarms and time to detect, of the judge and of the detector.",
        discussion: """
            harm: bad releases and healthy ones, beside a fixed threshold and a Mann-Whitney judge. \
            rollouts: healthy rollouts through every step. nameless: errors where the source knows no \
            keys. latency: slow releases. counting: clients that retry. delivery: requests that rollouts \
            and rollbacks cost, with the engine itself in simulated worlds. watch: the learned watch on \
            one sample a second, or every --spacing seconds, at the --sensitivity of a release. detector: \
            labelled series, beside simple baselines.

            Equal seeds give equal tables.
            """)

    /// A table of figures.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case harm
        case rollouts
        case nameless
        case latency
        case counting
        case delivery
        case watch
        case detector
    }

    @Argument(help: "Which table.") var table: Kind
    @Option(help: "Runs of each cell; series of each family for `detector`.") var runs: Int?
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Seconds between two samples, for `watch` (default: 1).") var spacing: Int?
    @Option(help: "How readily an alarm is raised, for `watch` (default: normal).")
    var sensitivity: WatchPlan.Sensitivity?

    func validate() throws {
        guard runs.map({ $0 > 0 }) ?? true else { throw ValidationError("--runs is at least 1") }
        guard (1...PromotionWatch.longestSpacing).contains(spacing ?? 1) else {
            throw ValidationError("--spacing is 1 to \(PromotionWatch.longestSpacing)")
        }
        guard table == .watch || (spacing == nil && sensitivity == nil) else {
            let option = spacing == nil ? "--sensitivity" : "--spacing"
            throw ValidationError("\(option) is for the table `watch`, not for `\(table.rawValue)`")
        }
    }

    func perform() async throws -> ExitStatus {
        Output.note("\(table.rawValue): seeds from \(seed); this can take some minutes")
        let rows =
            switch table {
            case .harm: JudgementTable.detection(runs: runs ?? 2_000, seed: seed)
            case .rollouts: JudgementTable.healthyRollouts(runs: runs ?? 2_000, seed: seed)
            case .nameless: JudgementTable.namelessDetection(runs: runs ?? 500, seed: seed)
            case .latency: JudgementTable.latency(runs: runs ?? 60, seed: seed)
            case .counting: JudgementTable.counting(runs: runs ?? 200, seed: seed)
            case .delivery: try await Self.delivery(runs: runs ?? 1_000, seed: Int(clamping: seed))
            case .watch: watch(runs: UInt64(runs ?? 100))
            case .detector: Self.detector(perFamily: runs ?? 24)
            }
        Output.document(rows.joined(separator: "\n"))
        return .done
    }

    private static func delivery(runs: Int, seed: Int) async throws -> [String] {
        try await DeliveryTable.losses(runs: runs, seed: seed) + [""]
            + DeliveryTable.breaches(runs: max(1, runs / 5), seed: seed) + [""]
            + DeliveryTable.detection(runs: max(1, runs / 10), seed: seed)
    }

    private func watch(runs: UInt64) -> [String] {
        let distance = spacing ?? 1
        let reach = (sensitivity ?? .normal).value
        let rows = WatchSignal.allCases.map { signal in
            let trial = WatchTrial(
                signal, seeds: seed..<(seed + runs), spacing: distance, sensitivity: reach)
            let target = distance == 1 ? "\(signal.target) s" : "–"
            return "| \(signal): \(signal.fault) | \(trial.medianDelay) s | \(target) "
                + "| \(Self.hundredths(trial.falseAlarmsPerDay)) "
                + "| \(trial.falseAlarms.max() ?? 0) |"
        }
        return [
            "| signal | found, median | to reach | false alarms per series and day | worst series |",
            "|---|---|---|---|---|",
        ] + rows
    }

    private static func detector(perFamily: Int) -> [String] {
        let rows = DetectionTrials.rows(perFamily: perFamily).map { row in
            let cells = row.scores.map {
                "\(hundredths($0.normalised)) (\($0.found)/\($0.windows), \($0.falseAlarms))"
            }
            return "| \(row.name) | \(cells.joined(separator: " | ")) |"
        }
        let names = DetectionTrials.Collection.allCases.map(\.rawValue)
        return [
            "| score (found/windows, false) | \(names.joined(separator: " | ")) |",
            "|---|---|---|---|",
        ] + rows
    }

    private static func hundredths(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths.magnitude % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension WatchPlan.Sensitivity: ExpressibleByArgument {}
