package import AirlockModel

/// What one file says, whatever its path.
package enum DocumentValue: Hashable, Sendable {
    case fleet(FleetDocument)
    case environment(EnvironmentDocument)
    case service(ServiceDocument)
    case release(Release)
    case simulation(SimulationSpec)
}

/// A value and where it stands.
package struct Located<Value: Hashable & Sendable>: Hashable, Sendable {
    package let value: Value
    package let place: Document.Place
}

/// What `fleet.yaml` says.
package struct FleetDocument: Hashable, Sendable {
    package let name: FleetName
    package let order: [Located<EnvironmentName>]
    package let limits: Limits
}

/// What `environments/ENVIRONMENT.yaml` says.
package struct EnvironmentDocument: Hashable, Sendable {
    package let tier: Located<Tier>
    package let provider: ProviderChoice
    package let healing: HealingPolicy?
    package let signals: MetricsServer?
}

/// What `services/SERVICE/service.yaml` says.
package struct ServiceDocument: Hashable, Sendable {
    package let owner: String?
    package let group: UnitName?
    package let template: Template
    package let calls: [Located<UnitName>]
    package let signals: SignalQueries?
    package let verify: VerifyJob?
}
