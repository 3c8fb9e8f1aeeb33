/// One value of a release's configuration.
package enum ConfigValue: Hashable, Sendable, Codable {
    case plain(String)
    /// The version of a secret; never its bytes.
    case secret(SecretName, version: String)
}

/// How an instance says that it can serve.
package struct HealthCheck: Hashable, Sendable, Codable {
    package let path: String
    package let every: Duration

    package init(path: String, every: Duration) {
        self.path = path
        self.every = every
    }
}

/// What of a service's description shapes its running; owner and verify are not in it.
package struct Template: Hashable, Sendable, Codable {
    package var port: Int
    package var health: HealthCheck?
    package var resources: Resources
    /// Units that this one calls, sorted; a provider with network rules refuses it everything else.
    package private(set) var calls: [UnitName]
    /// How long a stopping instance may finish its requests.
    package var stopGrace: Duration?

    package init(
        port: Int, health: HealthCheck? = nil, resources: Resources = Resources(),
        calls: [UnitName] = [], stopGrace: Duration? = nil
    ) {
        self.port = port
        self.health = health
        self.resources = resources
        self.calls = calls.sorted()
        self.stopGrace = stopGrace
    }

    /// The lanes beside `lane` that it calls, where it runs there.
    package func callees(of lane: LaneID) -> [LaneID] {
        calls.map {
            LaneID(environment: lane.environment, unit: UnitID(kind: .service, name: $0))
        }
    }

    /// The form that enters digests; absent fields are left out.
    package var canonical: JSONValue {
        .fields([
            "port": .integer(port),
            "health": health.map {
                .fields(["path": .string($0.path), "every": .integer($0.every.milliseconds)])
            },
            "cpu": resources.milliCPU.map(JSONValue.integer),
            "memory": resources.memoryBytes.map(JSONValue.integer),
            "calls": calls.isEmpty ? nil : .array(calls.map(JSONValue.text)),
            "stopGrace": stopGrace.map { .integer($0.milliseconds) },
        ])
    }
}

/// One immutable running copy: started, scaled, routed to and stopped, never edited.
///
/// Copies share one allocation: plans, operations and the journal's copy of every lane hold it.
package struct SlotSpec: Hashable, Sendable, Codable {
    private final class Parts: Sendable {
        let id: SlotID
        let artifact: ArtifactReference
        let config: [String: ConfigValue]
        let template: Template

        init(artifact: ArtifactReference, config: [String: ConfigValue], template: Template) {
            id = SlotID(
                digest: Digest(
                    of: .fields([
                        "v": .integer(1),
                        "artifact": .text(artifact.digest),
                        "config": config.isEmpty
                            ? nil : .object(config.mapValues(SlotSpec.canonical)),
                        "template": template.canonical,
                    ])))
            self.artifact = artifact
            self.config = config
            self.template = template
        }
    }

    private let parts: Parts

    /// The digest of (artifact, config, versions of its secrets, template); computed once, because
    /// plans and rollouts compare it all the time.
    package var id: SlotID { parts.id }
    /// The image that its instances run.
    package var artifact: ArtifactReference { parts.artifact }
    /// What its instances are told, by the name of the variable.
    package var config: [String: ConfigValue] { parts.config }
    /// What shapes its running.
    package var template: Template { parts.template }

    /// Computes the id from the parts.
    package init(
        artifact: ArtifactReference, config: [String: ConfigValue] = [:], template: Template
    ) {
        parts = Parts(artifact: artifact, config: config, template: template)
    }

    package static func == (one: SlotSpec, other: SlotSpec) -> Bool {
        one.parts === other.parts
            || (one.id == other.id && one.artifact == other.artifact && one.config == other.config
                && one.template == other.template)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// Reads the parts; the id is never read, so that it cannot differ from them.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            artifact: try container.decode(ArtifactReference.self, forKey: .artifact),
            config: try container.decode([String: ConfigValue].self, forKey: .config),
            template: try container.decode(Template.self, forKey: .template))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(artifact, forKey: .artifact)
        try container.encode(config, forKey: .config)
        try container.encode(template, forKey: .template)
    }

    private enum CodingKeys: CodingKey {
        case artifact
        case config
        case template
    }

    /// The digest of (artifact, template): what is promoted.
    package var build: BuildID { BuildID(of: artifact, template) }

    /// The configuration as a release asks for it: secrets by name, without their versions.
    package var desiredConfig: [String: DesiredConfigValue] {
        config.mapValues { value in
            switch value {
            case .plain(let text): .plain(text)
            case .secret(let name, _): .secret(name)
            }
        }
    }

    private static func canonical(_ value: ConfigValue) -> JSONValue {
        switch value {
        case .plain(let text): .string(text)
        case .secret(let name, let version):
            .fields(["secret": .text(name), "version": .string(version)])
        }
    }
}

extension BuildID {
    /// The build that an artifact is together with what shapes its running.
    package init(of artifact: ArtifactReference, _ template: Template) {
        self.init(
            digest: Digest(
                of: .fields([
                    "v": .integer(1),
                    "artifact": .text(artifact.digest),
                    "template": template.canonical,
                ])))
    }
}
