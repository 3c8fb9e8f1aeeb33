import AirlockAnalysis
import AirlockModel

/// Turns what files say about signals into values.
enum SignalsReader {
    static func server(_ given: Document.Value?) throws(Problem) -> MetricsServer? {
        guard let given = given?["prometheus"] else { return nil }
        let address = try DocumentReader.read(HTTPAddress.init, "url", of: given)
        let every = try DocumentReader.read(Quantity.duration, "every", of: given)
        if let every, !MetricsServer.allowed.contains(every) || every.milliseconds % 1000 != 0 {
            throw Problem(
                given["every"]?.place ?? given.place,
                "`every` is the time between two scrapes in whole seconds, 1s to 30s",
                "scrape the service at least every 30s; a canary is judged by the second")
        }
        return MetricsServer(
            address: try DocumentReader.need(address, "url", given),
            every: every ?? .seconds(15))
    }

    static func queries(_ given: Document.Value?) throws(Problem) -> SignalQueries? {
        guard let given else { return nil }
        var others: [SignalQueries.Signal: SignalQuery] = [:]
        for signal in SignalQueries.Signal.allCases where signal != .requests && signal != .errors {
            others[signal] = try query(signal, of: given)
        }
        return SignalQueries(
            requests: try DocumentReader.need(query(.requests, of: given), "requests", given),
            errors: try DocumentReader.need(query(.errors, of: given), "errors", given),
            areErrorsSeparate: given["errorsPer"]?.text == "client",
            instance: try instance(of: given), others: others, named: try named(of: given))
    }

    /// The label that names the instance of a series.
    private static func instance(of given: Document.Value) throws(Problem) -> String {
        guard let value = given["instance"], let text = value.text else {
            return SignalQueries.scrapedInstance
        }
        guard SignalQueries.isLabel(text), !["airlock", "le"].contains(text) else {
            throw Problem(
                value.place, "`instance` is the name of a label, and `\(text)` is none",
                "write the label whose value is the instance's id at the provider, such as "
                    + "`instance: task`")
        }
        return text
    }

    private static func query(
        _ signal: SignalQueries.Signal, of given: Document.Value
    ) throws(Problem) -> SignalQuery? {
        guard let value = given[signal.rawValue], let text = value.text else { return nil }
        let query: SignalQuery
        do throws(SignalQuery.Fault) { query = try SignalQuery(text) } catch {
            throw problem(error, signal.rawValue, value.place)
        }
        try check(query, signal, value.place)
        return query
    }

    static func problem(
        _ fault: SignalQuery.Fault, _ name: String, _ place: Document.Place
    ) -> Problem {
        switch fault {
        case .tooLong(let bytes):
            return Problem(
                place, "`\(name)` has \(bytes) bytes",
                "a query has at most \(SignalQuery.maximumBytes); use a recording rule")
        case .unknownVariable(let found):
            let known = SignalQuery.Variable.allCases.map { "$\($0.rawValue)" }
            let near = NearestName.of(
                found, among: SignalQuery.Variable.allCases.map(\.rawValue))
            return Problem(
                place, "`\(name)` has the variable `$\(found)`, which does not exist",
                near.map { "did you mean `$\($0)`?" }
                    ?? "use \(known.joined(separator: ", "))")
        case .mayBeStale:
            return Problem(
                place, "`\(name)` could count values that are long gone",
                "write a plain selector such as requests_total{slot=\"$slot\"}, or bound every "
                    + "selector: sum by (instance) (last_over_time(requests_total[$window]))")
        }
    }
}

extension FleetDecoder {
    /// What a release wants judged and nothing could ever tell: it would wait for ever.
    func signalDiagnostics(of id: LaneID) -> [Diagnostic] {
        guard let lane = lanes[id] else { return [] }
        var found = undefinedBounds(of: lane)
        guard case .environment(let environment) = value(of: .environment(id.environment)),
            environment.signals != nil, let needed = lane.release.strategy.neededSignals
        else { return found }
        let path = Subject.service(id.unit.name).path
        guard let queries = lane.signals else {
            found.append(
                Diagnostic(
                    path: path,
                    problem:
                        "\(id) is judged by the server of environments/\(id.environment).yaml, and "
                        + "nothing says how its signals are asked for",
                    advice: "add signals: \(FormatTable.queriesExample)"))
            return found
        }
        for signal in needed where queries[signal] == nil {
            found.append(
                Diagnostic(
                    path: path,
                    problem: "\(id) needs the signal `\(signal.rawValue)`, and `signals` has none",
                    advice: "add signals: {\(signal.rawValue): …}, or remove what needs it from "
                        + "the release"))
        }
        return found
    }
}

extension Strategy {
    /// The signals by which it judges; nil when it judges nothing.
    fileprivate var neededSignals: [SignalQueries.Signal]? {
        switch self {
        case .allAtOnce: nil
        case .canary(let plan):
            plan.limits.signalsNeeded
                + ((plan.compare ?? []).contains { $0.signal.quantile != nil }
                    ? [.latencyBuckets] : [])
        case .blueGreen(let plan):
            plan.limits.isEmpty ? nil : plan.limits.signalsNeeded
        }
    }
}

extension [HardLimit] {
    /// The queries behind the limits, each once.
    fileprivate var signalsNeeded: [SignalQueries.Signal] {
        let needed = Set(compactMap(\.signalNeeded))
        return SignalQueries.Signal.allCases.filter(needed.contains)
    }
}

extension HardLimit {
    /// The query behind the limit; nil for the share of errors, which every service has.
    fileprivate var signalNeeded: SignalQueries.Signal? {
        switch Known(rawValue: signal.description) {
        case .latencyP99: .latencyP99
        case .cpu: .cpu
        case .memory: .memory
        case .errorRate, nil: nil
        }
    }
}
