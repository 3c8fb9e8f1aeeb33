package import AirlockModel

/// Identities and values for tests; a literal that is not an identity is a bug of the test.
package enum Build {
    /// A lane of `environment/unit`.
    package static func lane(_ text: String) -> LaneID { need(LaneID(text), text) }
    /// An environment of that name.
    package static func environment(_ text: String) -> EnvironmentName {
        need(EnvironmentName(text), text)
    }
    /// A unit of that name.
    package static func unit(_ text: String) -> UnitName { need(UnitName(text), text) }
    /// The name of a fleet.
    package static func fleetName(_ text: String = "shop") -> FleetName {
        need(FleetName(text), text)
    }
    /// A secret of that name.
    package static func secret(_ text: String) -> SecretName { need(SecretName(text), text) }

    /// A commit id made of one number.
    package static func commit(_ number: Int) -> CommitID {
        let text = String(number, radix: 16)
        return need(CommitID(String(repeating: "0", count: 40 - text.count) + text), text)
    }

    /// An artifact whose digest depends on `name` and `version` alone.
    package static func artifact(_ name: String, _ version: Int = 1) -> ArtifactReference {
        let digest = Digest(of: "\(name):\(version)".utf8)
        return need(ArtifactReference("registry.example/\(name)@sha256:\(digest)"), name)
    }

    /// One number of instances, or bounds.
    package static func replicas(_ minimum: Int, _ maximum: Int? = nil) -> Replicas {
        need(Replicas(minimum: minimum, maximum: maximum ?? minimum), "\(minimum)")
    }

    /// A template with port 8080 that calls units of these names.
    package static func template(calls: [String] = []) -> Template {
        Template(port: 8080, calls: calls.map(unit).sorted())
    }

    /// A slot of that artifact with plain configuration.
    package static func slot(
        _ name: String, _ version: Int = 1, config: [String: String] = [:], calls: [String] = []
    ) -> SlotSpec {
        SlotSpec(
            artifact: artifact(name, version), config: config.mapValues { .plain($0) },
            template: template(calls: calls))
    }

    /// A desired lane; the artifact is that of the unit's name and `version`.
    package static func desired(
        _ lane: String, _ version: Int = 1, replicas count: Int = 2, config: [String: String] = [:],
        calls: [String] = [], deadline: Duration = .seconds(600)
    ) -> DesiredLane {
        let id = self.lane(lane)
        return DesiredLane(
            lane: id, owner: "team-\(id.unit.name)",
            release: Release(
                artifact: artifact(id.unit.name.description, version), version: "\(version).0.0",
                replicas: replicas(count), config: config.mapValues { .plain($0) },
                strategy: .allAtOnce(deadline: deadline)),
            template: template(calls: calls))
    }

    /// A fleet of the given lanes; environments are made from them in the order of their first use.
    package static func fleet(
        _ lanes: [DesiredLane], limits: Limits = Limits(), tiers: [String: Tier] = [:]
    ) -> Fleet {
        var order: [EnvironmentName] = []
        for lane in lanes where !order.contains(lane.lane.environment) {
            order.append(lane.lane.environment)
        }
        let environments = order.map { name in
            (name, Environment(name: name, tier: tiers[name.description] ?? .development))
        }
        return Fleet(
            name: fleetName(), order: order, limits: limits,
            environments: Dictionary(uniqueKeysWithValues: environments),
            lanes: LaneTable(Dictionary(uniqueKeysWithValues: lanes.map { ($0.lane, $0) })),
            serviceFileCount: lanes.count * 2)
    }

    private static func need<Value>(_ value: Value?, _ text: String) -> Value {
        guard let value else { preconditionFailure("not a \(Value.self): \(text)") }
        return value
    }
}
