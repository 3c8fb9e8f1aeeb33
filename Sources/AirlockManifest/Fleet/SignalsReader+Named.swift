import AirlockAnalysis
import AirlockModel

extension SignalsReader {
    /// The signals that a service names itself.
    static func named(of given: Document.Value) throws(Problem) -> [SignalQueries.Named] {
        let pairs = given["named"]?.pairs ?? []
        if pairs.count > SignalQueries.mostNamed {
            throw Problem(
                given["named"]?.place ?? given.place,
                "a service names \(SignalQueries.mostNamed) signals at most, and here are \(pairs.count)",
                "keep those that a release bounds")
        }
        var named: [SignalQueries.Named] = []
        for pair in pairs {
            named.append(
                SignalQueries.Named(
                    name: try name(pair), query: try query(pair.value, called: pair.key)))
        }
        return named
    }

    /// A course of each signal in `simulation.yaml`, sorted by name; nil for none.
    static func courses(of given: Document.Value?) throws(Problem) -> [NamedCourse]? {
        var courses: [NamedCourse] = []
        for pair in given?.pairs ?? [] {
            let value = try DocumentReader.read(Quantity.millionths, "value", of: pair.value)
            let growth = try DocumentReader.read(Quantity.millionths, "perMinute", of: pair.value)
            courses.append(
                NamedCourse(
                    try name(pair),
                    value: SignalValue(
                        millionths: try DocumentReader.need(value, "value", pair.value)),
                    perMinute: SignalValue(millionths: growth ?? 0)))
        }
        return courses.isEmpty ? nil : courses.sorted { $0.signal < $1.signal }
    }

    /// A name that is free: a bound on one of Airlock's own means what Airlock measures.
    private static func name(_ pair: Document.Pair) throws(Problem) -> SignalName {
        let name = try DocumentReader.need(SignalName(pair.key), pair.key, pair.value)
        guard HardLimit.Known(rawValue: pair.key) == nil else {
            throw Problem(
                pair.place, "`\(pair.key)` is a signal that every service has",
                "give yours another name, such as app-\(pair.key)")
        }
        return name
    }

    private static func query(
        _ value: Document.Value, called name: String
    ) throws(Problem) -> SignalQuery {
        let text = try DocumentReader.need(value.text, name, value)
        let query: SignalQuery
        do throws(SignalQuery.Fault) { query = try SignalQuery(text) } catch {
            throw problem(error, name, value.place)
        }
        guard
            query.pieces.contains(.variable(.slot)) || query.pieces.contains(.variable(.shortSlot))
        else {
            throw Problem(
                value.place, "`\(name)` asks for the same series whichever slot is judged",
                "name the slot in it, such as queue_length{slot=\"$slot\"}")
        }
        return query
    }
}

extension FleetDecoder {
    /// Bounds of a release on names that its service gives no signal: nothing could ever tell them, wherever
    /// the service runs.
    func undefinedBounds(of lane: DesiredLane) -> [Diagnostic] {
        let limits: [HardLimit] =
            switch lane.release.strategy {
            case .allAtOnce: []
            case .canary(let plan): plan.limits
            case .blueGreen(let plan): plan.limits
            }
        let (unit, environment) = (lane.lane.unit.name, lane.lane.environment)
        let defined = lane.signals?.named.map(\.name.description) ?? []
        let bounded = limits.map(\.signal.description)
        let unknown = Set(bounded).subtracting(defined).filter {
            HardLimit.Known(rawValue: $0) == nil
        }
        let meant = defined + HardLimit.Known.allCases.map(\.key)
        return unknown.sorted().map { name in
            Diagnostic(
                path: Subject.release(unit, environment).path,
                problem: "`rollback` bounds `\(name)`, and the service has no such signal",
                advice: NearestName.of(name, among: meant).map { "did you mean `\($0)`?" }
                    ?? "add signals: {named: {\(name): '…'}} to \(Subject.service(unit).path)")
        }
    }
}
