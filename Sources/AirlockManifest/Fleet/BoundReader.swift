import AirlockAnalysis
import AirlockModel

/// Turns the bounds of a release, its `rollback`, into limits.
enum BoundReader {
    /// In the order of ``HardLimit/Known`` and then by name, the upper bound of a signal before the lower,
    /// so that the same bounds are the same strategy; none where nothing is given.
    static func bounds(_ given: Document.Value?) throws(Problem) -> [HardLimit] {
        guard let given else { return [] }
        var limits: [HardLimit] = []
        for known in HardLimit.Known.allCases {
            guard let bound = given[known.key] else { continue }
            limits += try sides(of: bound, known.name, known.key, known.millionths)
        }
        let keys = Set(HardLimit.Known.allCases.map(\.key))
        let others = given.pairs.filter { !keys.contains($0.key) }.sorted { $0.key < $1.key }
        for pair in others {
            let name = try DocumentReader.need(SignalName(pair.key), pair.key, pair.value)
            if let known = HardLimit.Known(rawValue: pair.key) {
                throw Problem(
                    pair.place, "`\(pair.key)` is called `\(known.key)` here",
                    "write \(known.key): {above: …}")
            }
            limits += try sides(of: pair.value, name, pair.key, Quantity.millionths)
        }
        if limits.count > JudgePolicy.mostSignals {
            throw Problem(
                given.place,
                "`rollback` has \(limits.count) bounds, and \(JudgePolicy.mostSignals) are the most",
                "keep those that users would notice")
        }
        return limits
    }

    private static func sides(
        of bound: Document.Value, _ signal: SignalName, _ key: String,
        _ parse: (String) -> Int64?
    ) throws(Problem) -> [HardLimit] {
        let high = try DocumentReader.read(parse, "above", of: bound)
        let low = try DocumentReader.read(parse, "below", of: bound)
        if let high, let low, low > high {
            throw Problem(
                bound["below"]?.place ?? bound.place,
                "no value of `\(key)` keeps both bounds: `below` is greater than `above`",
                "write the least that is allowed under `below`, the most under `above`")
        }
        let duration = try DocumentReader.read(Quantity.duration, "for", of: bound) ?? .zero
        let sides: [(HardLimit.Side, Int64?)] = [(.above, high), (.below, low)]
        return sides.compactMap { side, millionths in
            millionths.map {
                HardLimit(
                    signal: signal, side: side, threshold: SignalValue(millionths: $0),
                    duration: duration)
            }
        }
    }
}

extension HardLimit.Known {
    /// Its name in a release.
    var key: String {
        switch self {
        case .errorRate: "errorRate"
        case .latencyP99: "latencyP99"
        case .cpu: "cpu"
        case .memory: "memory"
        }
    }

    /// Whether a slot without requests has no value of it.
    var isOfRequests: Bool {
        switch self {
        case .errorRate, .latencyP99: true
        case .cpu, .memory: false
        }
    }

    /// A threshold as a release writes it, in millionths of the signal's unit; nil for another form.
    fileprivate func millionths(_ text: String) -> Int64? {
        switch self {
        case .errorRate, .cpu: Quantity.share(text).map { Int64($0.basisPoints) * 100 }
        case .latencyP99: Quantity.duration(text).map { Int64($0.milliseconds) * 1000 }
        case .memory: Quantity.memoryBytes(text).map { Int64(min($0, 1 << 42)) * 1_000_000 }
        }
    }
}
