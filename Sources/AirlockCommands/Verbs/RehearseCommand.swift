import AirlockRehearsal
import ArgumentParser
import BuildCommit

/// `airlock sim rehearse`: many lives of a fleet, until one breaks the promise.
struct RehearseCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Live many simulated lives and look for a broken promise.",
        discussion: """
            A life is decided by its seed: merges, faults of the provider and of git, clocks that are
            set, kills within writes. Nothing may be lost or done twice. The first life in which
            something is ends the rehearsal; `airlock sim replay --seed N` shows it again.
            """)

    @Option(help: "How many lives.") var seeds = 1_000
    @Option(help: "The first seed.") var from = 0
    @Option(name: .customLong("at-once"), help: "Lives at the same time.") var atOnce = 2
    @OptionGroup var output: FormatOption

    private struct View: Encodable {
        var commit = Build.commit
        let lives: Int
        let effects: Int
        let restarts: Int
        let seconds: Int
        let failedSeed: Int?
        let violations: [String]
    }

    func perform() async throws -> ExitStatus {
        guard seeds > 0, from >= 0, (1...64).contains(atOnce), from <= Int.max - seeds else {
            throw Failure("--seeds is at least 1, --from at least 0, --at-once 1 to 64")
        }
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = try await Rehearsal(seeds: from..<(from + seeds)).play(atOnce: atOnce) {
            Output.note("\($0) lives in \((clock.now - start).components.seconds) s")
        }
        let spent = clock.now - start
        let failure = outcome.failure
        let view = View(
            lives: outcome.lives, effects: outcome.effects, restarts: outcome.restarts,
            seconds: Int(spent.components.seconds), failedSeed: failure?.seed,
            violations: failure?.violations ?? [])
        switch output.format {
        case .json, .yaml: try Output.value(view, as: output.format)
        case .human:
            Output.data(Self.text(view, rate: Double(outcome.lives) / (spent / .seconds(1))))
        }
        return failure == nil ? .done : .error
    }

    private static func text(_ view: View, rate: Double) -> String {
        let head =
            "\(view.lives) lives in \(view.seconds) s (\(Int(rate)) seeds/s), \(view.effects) effects, "
            + "\(view.restarts) restarts"
        guard let seed = view.failedSeed else { return head + ": the promise held in each." }
        return """
            \(head)
            seed \(seed) broke the promise at commit \(view.commit):
            \(view.violations.map { "  " + $0 }.joined(separator: "\n"))
            See it again with: airlock sim replay --seed \(seed) --verbose
            """
    }
}

/// `airlock sim replay`: one life again, line by line.
struct ReplayCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Show one simulated life again, line by line.",
        discussion: """
            The same seed and the same commit of Airlock tell the same story. Exit code 0 when the
            promise held, 1 when it was broken.
            """)

    @Option(help: "The seed of the life.") var seed: Int
    @Flag(help: "Tell every order and look too.") var verbose = false
    @OptionGroup var output: FormatOption

    private struct View: Encodable {
        var commit = Build.commit
        let seed: Int
        let story: [String]
        let effects: Int
        let restarts: Int
        let violations: [String]
    }

    func perform() async throws -> ExitStatus {
        guard seed >= 0 else { throw Failure("a seed is at least 0") }
        let report = try await SeededRun.live(seed: seed, isVerbose: verbose)
        let view = View(
            seed: seed, story: report.story, effects: report.effects, restarts: report.restarts,
            violations: report.violations)
        switch output.format {
        case .json, .yaml: try Output.value(view, as: output.format)
        case .human: Output.data(Self.text(view))
        }
        return report.violations.isEmpty ? .done : .error
    }

    private static func text(_ view: View) -> String {
        let verdict =
            view.violations.isEmpty
            ? ["The promise held: nothing was lost, nothing was done twice."]
            : ["The promise was broken:"] + view.violations.map { "  " + $0 }
        let end =
            "Seed \(view.seed) at commit \(view.commit): \(view.effects) effects, "
            + "\(view.restarts) restarts."
        return (view.story + [end] + verdict).joined(separator: "\n")
    }
}
