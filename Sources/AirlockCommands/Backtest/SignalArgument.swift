import AirlockAnalysis
import AirlockManifest
import AirlockModel
import ArgumentParser

/// `NAME=FILE` or `NAME:UNIT=FILE`: a recorded signal and what its values mean.
struct SignalArgument: ExpressibleByArgument, Sendable {
    /// What the values of a file are, in the signal's own unit: parts of one, seconds, bytes.
    private static let units: [String: Double] = [
        "%": 0.01, "s": 1, "ms": 0.001, "us": 0.000_001, "B": 1, "KiB": 1024, "MiB": 1_048_576,
        "GiB": 1_073_741_824,
    ]

    let name: SignalName
    let file: String
    /// The unit that was written; nil for the signal's own.
    private let unit: String?
    /// What a value of the file is in the signal's unit.
    let scale: Double

    init?(argument: String) {
        guard let mark = argument.firstIndex(of: "=") else { return nil }
        let parts = argument[..<mark].split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let name = SignalName(String(first)),
            let scale = parts.count == 2 ? Self.units[String(parts[1])] : 1
        else { return nil }
        unit = parts.count == 2 ? String(parts[1]) : nil
        file = String(argument[argument.index(after: mark)...])
        guard !file.isEmpty else { return nil }
        (self.name, self.scale) = (name, scale)
    }

    /// Why the unit cannot be one of this signal; nil when it can.
    var unitProblem: String? {
        guard let unit, let allowed = name.units, !allowed.contains(unit) else { return nil }
        return "`\(unit)` is no unit of \(name): write \(name):\(allowed[0])=\(file)"
            + (allowed.count > 1
                ? " (or \(allowed.dropFirst().joined(separator: ", ")))."
                : ", or leave the unit out where values are parts of one.")
    }

    /// The recorded values.
    ///
    /// - Throws: ``Failure`` with file, line and column for what cannot be read.
    func series() throws -> RecordedSeries {
        let bytes = try InputFile(file).bytes()
        let series: RecordedSeries
        do throws(SeriesFault) { series = try RecordedSeries(bytes, scale: scale) } catch {
            throw Failure(error.sentences(in: file))
        }
        guard series.points.contains(where: \.value.isFinite) else {
            throw Failure("\(file) has no values", advice: "record `timestamp,value` lines")
        }
        // A process can use more than its limit of CPU for a while; no more requests can fail than there are.
        if name.isShare, series.share(above: 1) > (name.isBoundedByOne ? 0 : 0.1) {
            throw Failure(
                "\(file) has values above 1, and \(name) is a part of one",
                advice: "write --signal \(name):%=\(file)")
        }
        return series
    }
}

/// `[SIGNAL] above|below VALUE [for DURATION]`: a bound to try.
struct BoundArgument: ExpressibleByArgument, Sendable {
    let signal: SignalName?
    let side: HardLimit.Side
    let value: String
    let duration: Duration

    init?(argument: String) {
        var words = argument.split(separator: " ").map(String.init)
        if words.first.map({ HardLimit.Side(rawValue: $0) == nil }) ?? true {
            guard !words.isEmpty, let name = SignalName(words.removeFirst()) else { return nil }
            signal = name
        } else {
            signal = nil
        }
        guard words.count == 2 || words.count == 4 && words[2] == "for",
            let side = HardLimit.Side(rawValue: words[0])
        else { return nil }
        (self.side, value) = (side, words[1])
        guard words.count == 4 else {
            duration = .zero
            return
        }
        guard let time = Quantity.duration(words[3]) else { return nil }
        duration = time
    }

    /// The bound as a limit of one of `signals`.
    ///
    /// - Throws: ``Failure`` where its signal is not among them, or its value does not fit it.
    func limit(among signals: [SignalName]) throws -> HardLimit {
        guard let name = signal ?? (signals.count == 1 ? signals[0] : nil) else {
            throw Failure(
                "`\(side.rawValue) \(value)` names no signal, and there are \(signals.count)",
                advice: "write --against '\(signals[0]) \(side.rawValue) \(value)'")
        }
        guard signals.contains(name) else {
            throw Failure("no values of \(name) were given", advice: "add --signal \(name)=FILE")
        }
        guard side == .above || name.hasLowerBound else {
            throw Failure(
                "\(name) has no lower bound in a release: fewer errors and faster answers are no harm",
                advice: "write --against '\(name) above VALUE for TIME'")
        }
        guard let threshold = name.value(of: value) else {
            throw Failure("`\(value)` is no value of \(name)", advice: "write \(name.example)")
        }
        return HardLimit(signal: name, side: side, threshold: threshold, duration: duration)
    }
}

extension SignalName {
    fileprivate var isBoundedByOne: Bool { known == .errorRate }

    private var known: HardLimit.Known? { HardLimit.Known(rawValue: description) }

    fileprivate var hasLowerBound: Bool { known != .errorRate && known != .latencyP99 }

    /// Whether its values are parts of one.
    var isShare: Bool {
        switch known {
        case .errorRate, .cpu: true
        case .latencyP99, .memory, nil: false
        }
    }

    /// The units in which its values can be recorded, the usual one first; nil for a signal of one's own,
    /// which may be in any.
    fileprivate var units: [String]? {
        switch known {
        case .errorRate, .cpu: ["%"]
        case .latencyP99: ["ms", "us", "s"]
        case .memory: ["MiB", "KiB", "GiB", "B"]
        case nil: nil
        }
    }

    /// A value as people write it; nil when it has another form.
    fileprivate func value(of text: String) -> SignalValue? {
        switch known {
        case .errorRate, .cpu:
            Quantity.share(text).map { SignalValue(millionths: Int64($0.basisPoints) * 100) }
        case .latencyP99:
            Quantity.duration(text).map { SignalValue(millionths: Int64($0.milliseconds) * 1000) }
        case .memory:
            Quantity.memoryBytes(text).map {
                SignalValue(millionths: Int64(min($0, 1 << 42)) * 1_000_000)
            }
        case nil: Double(text).flatMap { SignalValue($0) }
        }
    }

    fileprivate var example: String {
        switch known {
        case .errorRate, .cpu: "2%"
        case .latencyP99: "400ms"
        case .memory: "200Mi"
        case nil: "a number"
        }
    }

    /// A value as people read it: `2.4%`, `412ms`, `210Mi`.
    func text(_ value: SignalValue) -> String {
        let number = Double(value.millionths) / 1_000_000
        return switch known {
        case .errorRate, .cpu: Self.digits(number * 100) + "%"
        case .latencyP99:
            number < 1 ? Self.digits(number * 1000) + "ms" : Self.digits(number) + "s"
        case .memory: Self.digits(number / 1_048_576) + "Mi"
        case nil: Self.digits(number)
        }
    }

    /// At least three digits that count, without trailing zeros.
    private static func digits(_ number: Double) -> String {
        let places = abs(number) >= 100 ? 0 : abs(number) >= 10 ? 1 : abs(number) >= 1 ? 2 : 3
        let power = [1.0, 10, 100, 1000][places]
        let rounded = (number * power).rounded() / power
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}

extension HardLimit {
    /// `error-rate above 2% for 30s`.
    var text: String { "\(signal) \(side.rawValue) \(bound)" }

    /// `2% for 30s`, or `2% at once`.
    var bound: String {
        signal.text(threshold) + (duration == .zero ? " at once" : " for \(duration.spelled)")
    }
}
