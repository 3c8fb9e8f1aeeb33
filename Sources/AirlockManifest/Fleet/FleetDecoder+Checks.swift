import AirlockModel
import HashTreeCollections

/// What no file can say alone: whether the files of a service fit the rest.
extension FleetDecoder {
    /// Checks the services that moved, or all of them when a name came or went.
    ///
    /// - Returns: Whether something else is wrong with a service now.
    mutating func checkUnits(_ impact: FleetIndex.Impact) -> Bool {
        var names = KnownNames(index)
        if case .fleet(let fleet) = value(of: .fleet) { names.add(fleet.order.map(\.value)) }
        if impact.movesNames || impact.subjects.contains(.fleet) {
            unitFindings = [:]
            for unit in index.entries.keys { _ = checkUnit(unit, &names) }
            return true
        }
        var isMoved = false
        for subject in impact.subjects {
            switch subject {
            case .service(let unit), .release(let unit, _):
                if checkUnit(unit, &names) { isMoved = true }
            case .fleet, .simulation, .environment: break
            }
        }
        return isMoved
    }

    private mutating func checkUnit(_ unit: UnitName, _ names: inout KnownNames) -> Bool {
        var found = UnitFindings(
            whole: diagnostics(of: unit, &names), strays: strays(of: unit, &names))
        if !found.strays.isEmpty {
            found.fileless = names.environments.subtracting(index.releases[unit] ?? [])
        }
        let old = unitFindings.removeValue(forKey: unit)
        if !found.isEmpty { unitFindings[unit] = found }
        return old != unitFindings[unit]
    }

    private func diagnostics(of unit: UnitName, _ names: inout KnownNames) -> [Diagnostic] {
        guard index.entries[unit] != nil else { return [] }
        let subject = Subject.service(unit)
        var found = diagnostics(of: subject)
        if index.objects[subject] == nil, !names.refusedServices.contains(unit) {
            found.append(
                Diagnostic(
                    path: subject.path, problem: "the service has releases and no description",
                    advice: "write \(subject.path); `airlock schema service` shows its form"))
        }
        if case .service(let service) = value(of: subject) {
            for call in service.calls where !names.has(call.value) {
                let problem = Problem(
                    call.place, "the fleet has no service `\(call.value)`",
                    names.nearestService(call.value).map { "did you mean `\($0)`?" }
                        ?? "add services/\(call.value)/service.yaml, or remove the call")
                found.append(problem.diagnostic(at: subject.path))
            }
        }
        return found.sorted()
    }

    /// The files of the service for environments that are not there.
    private func strays(
        of unit: UnitName, _ names: inout KnownNames
    ) -> [EnvironmentName: Diagnostic] {
        var found: [EnvironmentName: Diagnostic] = [:]
        for environment in index.releases[unit] ?? []
        where !names.environments.contains(environment) {
            found[environment] = Diagnostic(
                path: Subject.release(unit, environment).path,
                problem: "the fleet has no environment `\(environment)`",
                advice: names.nearestEnvironment(environment).map { "did you mean `\($0)`?" }
                    ?? "add environments/\(environment).yaml, or delete this file")
        }
        return found
    }

    /// What is wrong with the file of `subject` itself.
    func diagnostics(of subject: Subject) -> [Diagnostic] {
        guard index.objects[subject] != nil else { return [] }
        guard let document = document(of: subject) else {
            return [
                Diagnostic(
                    path: subject.path, problem: "the contents could not be read",
                    advice: "a file may have at most \(ManifestLimits.bytes) bytes")
            ]
        }
        return document.problems.map { $0.diagnostic(at: subject.path) }
    }
}

/// What is wrong with a service beyond what each of its files says alone.
struct UnitFindings: Equatable, Sendable {
    /// Wrong with the service everywhere.
    let whole: [Diagnostic]
    /// Its files for environments that are not there.
    let strays: [EnvironmentName: Diagnostic]
    /// The environments for which it has no file, where one of the strays may be meant for them.
    var fileless: Set<EnvironmentName> = []

    var isEmpty: Bool { whole.isEmpty && strays.isEmpty }
}

/// The names that files may use, with what was probably meant by others.
private struct KnownNames {
    /// Environments that have a file, good or refused, or that `order` names.
    private(set) var environments: Set<EnvironmentName>
    /// Services whose description is there and refused by its path.
    let refusedServices: Set<UnitName>
    private let services: TreeDictionary<UnitName, Int>
    /// Answers given before: many services may call the same absent one.
    private var nearest: [String: String?] = [:]

    init(_ index: FleetIndex) {
        environments = index.environments
        services = index.entries
        var refusedServices: Set<UnitName> = []
        for refusal in index.refused.values {
            switch refusal.parks {
            case .environment(let name): environments.insert(name)
            case .service(let name): refusedServices.insert(name)
            case nil, .fleet, .simulation, .release: break
            }
        }
        self.refusedServices = refusedServices
    }

    /// Whether the fleet has the service, readable or not.
    func has(_ service: UnitName) -> Bool {
        services[service] != nil || refusedServices.contains(service)
    }

    mutating func add(_ names: [EnvironmentName]) { environments.formUnion(names) }

    mutating func nearestService(_ name: UnitName) -> String? {
        find("service", name.description, among: services.keys.lazy.map(\.description))
    }

    mutating func nearestEnvironment(_ name: EnvironmentName) -> String? {
        find("environment", name.description, among: environments.lazy.map(\.description))
    }

    private mutating func find(
        _ noun: String, _ name: String, among names: some Sequence<String>
    ) -> String? {
        let key = "\(noun) \(name)"
        if let known = nearest[key] { return known }
        let found = NearestName.of(name, among: names)
        nearest[key] = .some(found)
        return found
    }
}
