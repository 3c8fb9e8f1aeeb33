package import AirlockAnalysis

/// A signal on which the new slot is compared with the one that serves the rest.
package struct ComparedSignal: Hashable, Sendable, Codable {
    package let signal: Signal
    /// Its part of the chance of a false alarm, relative to the others; 1 to 100.
    package let weight: Int

    package init(_ signal: Signal, weight: Int = 1) {
        self.signal = signal
        self.weight = weight
    }

    /// What can be compared; the spelling is that of a release.
    package enum Signal: String, Hashable, Sendable, Codable, CaseIterable {
        case errors
        /// Requests slower than half of the stable slot's earlier ones.
        case latencyP50
        case latencyP90
        case latencyP99

        /// The quantile of the stable slot's latency; nil for errors.
        package var quantile: Quantile? {
            switch self {
            case .errors: nil
            case .latencyP50: Quantile(thousandths: 500)
            case .latencyP90: Quantile(thousandths: 900)
            case .latencyP99: Quantile(thousandths: 990)
            }
        }

        /// Its name in evidence.
        package var name: SignalName {
            switch self {
            case .errors: return HardLimit.Known.errorRate.name
            case .latencyP50, .latencyP90, .latencyP99:
                let text = "latency-p\(rawValue.suffix(2))"
                guard let name = SignalName(text) else { preconditionFailure("it is a name") }
                return name
            }
        }
    }

    /// Errors alone, with the whole of the chance.
    package static let errorsAlone = [ComparedSignal(.errors)]

    var canonical: JSONValue {
        .fields(["signal": .string(signal.rawValue), "weight": .integer(weight)])
    }
}
