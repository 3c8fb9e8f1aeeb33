import AirlockAnalysis
import ArgumentParser
import Glibc

/// `airlock detect`: scores a recorded series line by line.
struct DetectCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract:
            "Score each line of a recorded signal: how unusual is it, by all lines before it?",
        discussion: """
            Reads `timestamp,value` lines from stdin, with or without a header, and writes \
            `timestamp,value,score`. A score of 0.5 and more is an alarm; it depends on the line and \
            those before it alone. The first 150 lines are for learning.

            With --backtest it replays recorded signals against the bounds of a release, and tells when \
            it would have been rolled back, how soon after what people know to have been wrong, and how \
            often for nothing: airlock detect --backtest services/checkout/production.yaml \
            --signal error-rate=errors.csv --incidents incidents.csv
            """)

    @Flag(help: "Replay recorded signals against the `rollback` bounds of RELEASE.")
    var backtest = false

    @OptionGroup var replay: BacktestOptions

    @Option(
        help:
            "0 to 1: how early to alarm; 0.25 for paging, 0.75 to look for causes (default: 0.5)."
    )
    var sensitivity: Sensitivity?

    /// Bytes that are read in one go.
    private static let pieceBytes = 65_536

    func validate() throws {
        if backtest, replay.signal.isEmpty {
            throw ValidationError(
                "There is nothing to replay: add --signal error-rate=FILE with `timestamp,value` lines."
            )
        }
        if !backtest, let option = replay.firstGiven {
            throw ValidationError("\(option) belongs to a backtest: add --backtest.")
        }
        if backtest, sensitivity != nil {
            throw ValidationError(
                "--sensitivity is for scoring stdin: a backtest shows the detector at 0.25, 0.5 and 0.75."
            )
        }
        for signal in replay.signal {
            if let problem = signal.unitProblem { throw ValidationError(problem) }
        }
    }

    func perform() async throws -> ExitStatus {
        if backtest { return try replay.perform() }
        if isatty(STDIN_FILENO) == 1 {
            Output.note("reading `timestamp,value` lines; end them with Ctrl-D")
        }
        var series = ScoredSeries(sensitivity: sensitivity ?? .standard)
        var scored: [UInt8] = []
        do throws(SeriesFault) {
            while let piece = Self.read() {
                try series.feed(piece, into: &scored)
                guard Self.write(&scored) else { return .done }
            }
            try series.finish(into: &scored)
        } catch {
            // The lines before the one that cannot be read are scored all the same.
            _ = Self.write(&scored)
            throw Failure("stdin: \(error.sentences)")
        }
        _ = Self.write(&scored)
        return .done
    }

    /// The next piece of stdin; nil at its end.
    private static func read() -> [UInt8]? {
        while true {
            var count = 0
            let piece = [UInt8](unsafeUninitializedCapacity: pieceBytes) { buffer, initialized in
                count = Glibc.read(STDIN_FILENO, buffer.baseAddress, pieceBytes)
                initialized = max(0, count)
            }
            if count < 0, errno == EINTR { continue }
            return count > 0 ? piece : nil
        }
    }

    /// Writes and empties `bytes`; false when nobody reads any more.
    private static func write(_ bytes: inout [UInt8]) -> Bool {
        defer { bytes.removeAll(keepingCapacity: true) }
        return Output.bytes(bytes)
    }
}

extension Sensitivity: ExpressibleByArgument {
    /// Reads a number from 0 to 1.
    public init?(argument: String) {
        guard let number = Double(argument), let value = Sensitivity(number) else { return nil }
        self = value
    }
}
