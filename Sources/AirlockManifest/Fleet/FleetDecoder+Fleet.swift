import AirlockModel
import HashTreeCollections

/// From documents and lanes to the fleet as a whole.
extension FleetDecoder {
    /// The fleet, or nil when `fleet.yaml` cannot be read, and everything that is wrong.
    func assembleFleet() -> (fleet: Fleet?, diagnostics: [Diagnostic]) {
        var parked = Parked()
        parked.lanes = laneDiagnostics
        for (unit, found) in unitFindings { parked.park(unit, found) }
        for name in index.environments {
            parked.park(name, diagnostics(of: .environment(name)))
        }
        var diagnostics = diagnostics(of: .fleet)
        for (path, refusal) in index.refused.sorted(by: { $0.key < $1.key }) {
            let found = refusal.problem.diagnostic(at: path)
            switch refusal.parks {
            case nil, .fleet, .simulation: diagnostics.append(found)
            case .environment(let name): parked.park(name, [found])
            case .service(let unit):
                parked.units[UnitID(kind: .service, name: unit), default: []].append(found)
            case .release(let unit, let environment):
                parked.lanes[FleetIndex.lane(environment, unit), default: []].append(found)
            }
        }
        guard case .fleet(let document) = value(of: .fleet) else {
            // One that is there and refused, as a link or under a wrong name, is told already.
            let isRefused = index.refused.values.contains { $0.parks == .fleet }
            if index.objects[.fleet] == nil, !isRefused { diagnostics.append(Self.missingFleet) }
            return (nil, diagnostics + parked.all)
        }
        checkOrder(document.order, &parked)
        let fleet = Fleet(
            name: document.name, order: document.order.map(\.value), limits: document.limits,
            environments: environments(), lanes: lanes, parked: parked,
            serviceFileCount: index.serviceFileCount)
        return (fleet, diagnostics + parked.all)
    }

    /// What the simulator is told: nothing of note when `simulation.yaml` is absent, nil when it
    /// is bad.
    func simulation() -> (spec: SimulationSpec?, diagnostics: [Diagnostic]) {
        if case .simulation(let spec) = value(of: .simulation) { return (spec, []) }
        let isRefused = index.refused.values.contains { $0.parks == .simulation }
        let isAbsent = index.objects[.simulation] == nil && !isRefused
        return (isAbsent ? SimulationSpec() : nil, diagnostics(of: .simulation))
    }

    private static var missingFleet: Diagnostic {
        Diagnostic(
            path: Subject.fleet.path, problem: "the file is missing, so this is not a fleet",
            advice: "write it; `airlock init` makes a first one")
    }

    private func environments() -> [EnvironmentName: Environment] {
        var environments: [EnvironmentName: Environment] = [:]
        for name in index.environments {
            if case .environment(let document) = value(of: .environment(name)) {
                environments[name] = Environment(
                    name: name, tier: document.tier.value, provider: document.provider,
                    healing: document.healing, signals: document.signals)
            }
        }
        return environments
    }

    /// `order` names each environment once, every environment has a file, and tiers never go down.
    private func checkOrder(_ order: [Located<EnvironmentName>], _ parked: inout Parked) {
        var highest: (name: EnvironmentName, tier: Tier)?
        let refused = Set(index.refused.values.compactMap(\.parks))
        for entry in order {
            let subject = Subject.environment(entry.value)
            if index.objects[subject] == nil, !refused.contains(subject) {
                let near = NearestName.of(
                    entry.value.description, among: index.environments.map(\.description))
                let problem = Problem(
                    entry.place, "`order` names `\(entry.value)`, and there is no \(subject.path)",
                    near.map { "did you mean `\($0)`? Or add the file" }
                        ?? "add the file, or remove the name")
                parked.park(entry.value, [problem.diagnostic(at: Subject.fleet.path)])
            }
            guard case .environment(let document) = value(of: subject) else { continue }
            let tier = document.tier.value
            if let highest, tier < highest.tier {
                let problem = Problem(
                    entry.place,
                    "`\(entry.value)` (\(tier.rawValue)) stands after `\(highest.name)` (\(highest.tier.rawValue))",
                    "order environments from development to production")
                parked.park(entry.value, [problem.diagnostic(at: Subject.fleet.path)])
            } else {
                highest = (entry.value, tier)
            }
        }
        for name in index.environments.subtracting(order.map(\.value)) {
            let problem = Problem(
                order.last?.place, "`order` does not name the environment `\(name)`",
                "add it where it belongs, or delete environments/\(name).yaml")
            parked.park(name, [problem.diagnostic(at: Subject.fleet.path)])
        }
    }
}

extension Parked {
    fileprivate mutating func park(_ name: EnvironmentName, _ found: [Diagnostic]) {
        if !found.isEmpty { environments[name, default: []].append(contentsOf: found) }
    }

    /// A file of an environment that is not there parks its own lane, and lets none go that has no file.
    fileprivate mutating func park(_ unit: UnitName, _ found: UnitFindings) {
        if !found.whole.isEmpty { units[UnitID(kind: .service, name: unit)] = found.whole }
        for (environment, stray) in found.strays {
            lanes[FleetIndex.lane(environment, unit), default: []].append(stray)
        }
        let strays = found.strays.values.sorted()
        for environment in found.fileless {
            missing[FleetIndex.lane(environment, unit)] = strays
        }
    }
}
