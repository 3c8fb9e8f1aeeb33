import AirlockModel

/// Turns a document that has the shape of its kind into its value.
///
/// What remains to be found here is what a shape cannot say: that two numbers fit each other.
enum DocumentReader {
    static func value(
        of root: Document.Value, as kind: ManifestKind
    ) throws(Problem) -> DocumentValue {
        switch kind {
        case .fleet: .fleet(try fleet(root))
        case .environment: .environment(try environment(root))
        case .service: .service(try service(root))
        case .release: .release(try release(root))
        case .simulation: .simulation(try SimulationReader.simulation(root))
        }
    }

    /// Reads the text of `key` with `parse`; nil when the key is absent.
    static func read<Result>(
        _ parse: (String) -> Result?, _ key: String, of value: Document.Value
    ) throws(Problem) -> Result? {
        guard let found = value[key] else { return nil }
        return try need(found.text.flatMap(parse), key, found)
    }

    /// The shape was checked before, so a nil is a difference between shape and reader.
    static func need<Result>(
        _ result: Result?, _ key: String, _ value: Document.Value
    ) throws(Problem) -> Result {
        guard let result else {
            throw Problem(value.place, "`\(key)` has a form that cannot be read", nil)
        }
        return result
    }

    static func integer(_ text: String) -> Int? { Int(text) }

    private static func fleet(_ root: Document.Value) throws(Problem) -> FleetDocument {
        var limits = Limits()
        if let given = root["limits"] {
            if let removals = given["removals"] { limits.removals = try bound(removals) }
            if let changing = given["changing"] { limits.changing = try bound(changing) }
        }
        return FleetDocument(
            name: try need(read(FleetName.init, "name", of: root), "name", root),
            order: try names("order", of: root), limits: limits)
    }

    private static func bound(_ value: Document.Value) throws(Problem) -> Limits.Bound {
        Limits.Bound(
            count: try read(integer, "count", of: value),
            share: try read(Quantity.share, "share", of: value))
    }

    private static func names<Identity: TextIdentity>(
        _ key: String, of value: Document.Value
    ) throws(Problem) -> [Located<Identity>] {
        var names: [Located<Identity>] = []
        for item in value[key]?.items ?? [] {
            let name = try need(item.text.flatMap { Identity($0) }, key, item)
            names.append(Located(value: name, place: item.place))
        }
        return names
    }

    private static func environment(
        _ root: Document.Value
    ) throws(Problem) -> EnvironmentDocument {
        let tier = try need(read(Tier.init(rawValue:), "tier", of: root), "tier", root)
        let place = root["tier"]?.place ?? root.place
        return EnvironmentDocument(
            tier: Located(value: tier, place: place), provider: .simulated,
            healing: try root["healing"].flatMap { given throws(Problem) in
                try HealingReader.policy(of: given)
            },
            signals: try SignalsReader.server(root["signals"]))
    }

    private static func service(_ root: Document.Value) throws(Problem) -> ServiceDocument {
        let calls: [Located<UnitName>] = try names("calls", of: root)
        var health: HealthCheck?
        if let given = root["health"] {
            health = HealthCheck(
                path: try need(given["path"]?.text, "path", given),
                every: try need(read(Quantity.duration, "every", of: given), "every", given))
        }
        var resources = Resources()
        if let given = root["resources"] {
            resources.milliCPU = try read(Quantity.milliCPU, "cpu", of: given)
            resources.memoryBytes = try read(Quantity.memoryBytes, "memory", of: given)
        }
        let template = Template(
            port: try need(read(integer, "port", of: root), "port", root), health: health,
            resources: resources, calls: calls.map(\.value).sorted(),
            stopGrace: try read(Quantity.duration, "stopGrace", of: root))
        return ServiceDocument(
            owner: root["owner"]?.text, group: try read({ UnitName($0) }, "group", of: root),
            template: template, calls: calls,
            signals: try SignalsReader.queries(root["signals"]), verify: try verify(root["verify"]))
    }

    private static func verify(_ given: Document.Value?) throws(Problem) -> VerifyJob? {
        guard let given else { return nil }
        let words = given["run"]?.items.compactMap(\.text) ?? []
        return VerifyJob(
            run: try need(words.isEmpty ? nil : words, "run", given),
            timeout: try read(Quantity.duration, "timeout", of: given) ?? VerifyJob.usualTimeout)
    }

    private static func release(_ root: Document.Value) throws(Problem) -> Release {
        var config: [String: DesiredConfigValue] = [:]
        for pair in root["config"]?.pairs ?? [] {
            if let text = pair.value.text {
                config[pair.key] = .plain(text)
            } else {
                let name = try read(SecretName.init, "secret", of: pair.value)
                config[pair.key] = .secret(try need(name, "secret", pair.value))
            }
        }
        let artifact = try read(ArtifactReference.init, "artifact", of: root)
        return Release(
            artifact: try need(artifact, "artifact", root), version: root["version"]?.text,
            replicas: try replicas(need(root["replicas"], "replicas", root)), config: config,
            strategy: try StrategyReader.strategy(of: root),
            rollout: try StrategyReader.rollout(of: root), watch: try watch(of: root))
    }

    /// How the lane is watched after a change.
    private static func watch(of root: Document.Value) throws(Problem) -> WatchPlan? {
        guard let given = root["watch"] else { return nil }
        if given.text != nil {
            return WatchPlan(time: try watchTime("watch", of: root))
        }
        return WatchPlan(
            time: try watchTime("for", of: given),
            onAlarm: try read(WatchPlan.OnAlarm.init(rawValue:), "onAlarm", of: given) ?? .alert,
            sensitivity: try read(
                WatchPlan.Sensitivity.init(rawValue:), "sensitivity", of: given))
    }

    private static func watchTime(
        _ key: String, of value: Document.Value
    ) throws(Problem) -> Duration {
        let time = try need(read(Quantity.duration, key, of: value), key, value)
        guard time <= WatchPlan.longest else {
            throw Problem(
                value[key]?.place ?? value.place, "a lane is watched for at most 7d",
                "write 7d or less; what it does later is for the alerts of the service itself")
        }
        return time
    }

    private static func replicas(_ value: Document.Value) throws(Problem) -> Replicas {
        if let text = value.text {
            return try need(integer(text).flatMap { Replicas($0) }, "replicas", value)
        }
        let minimum = try need(read(integer, "min", of: value), "min", value)
        let maximum = try need(read(integer, "max", of: value), "max", value)
        guard let replicas = Replicas(minimum: minimum, maximum: maximum) else {
            throw Problem(
                value.place, "`min` is \(minimum) and above `max`, which is \(maximum)",
                "write {min: \(maximum), max: \(minimum)}")
        }
        return replicas
    }
}
