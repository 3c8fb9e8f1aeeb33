package import AirlockModel

/// The first repository that `airlock init` makes.
package enum StarterRepository {
    /// Its files, sorted by path; they validate without a diagnostic.
    package static func files(name: FleetName) -> [(path: String, contents: String)] {
        [
            ("README.md", readme(name)),
            ("environments/production.yaml", environment(.production)),
            ("environments/staging.yaml", environment(.staging)),
            ("fleet.yaml", fleet(name)),
            ("services/api/production.yaml", release("api", "1.0.0", replicas: "{min: 2, max: 4}")),
            ("services/api/service.yaml", api),
            ("services/api/staging.yaml", release("api", "1.1.0", replicas: "1")),
            ("services/web/production.yaml", release("web", "1.0.0", replicas: "2")),
            ("services/web/service.yaml", web),
            ("services/web/staging.yaml", release("web", "1.0.0", replicas: "1")),
            ("simulation.yaml", simulation),
        ]
    }

    /// A digest as an image of that version could have.
    private static func digest(_ service: String, _ version: String) -> String {
        "sha256:\(Digest(of: "\(service):\(version)".utf8))"
    }

    private static func fleet(_ name: FleetName) -> String {
        """
        # What this fleet is called and in which order its environments are promoted.
        airlock: 1
        name: \(name)
        order: [staging, production]

        # How many lanes of one environment may be removed, or be in change, at once.
        # Of count and share the smaller holds, and at least 1.
        limits:
          removals: {count: 1, share: 10%}
          changing: {count: 10, share: 50%}

        """
    }

    private static func environment(_ tier: Tier) -> String {
        """
        # The file name is the environment's name. Tiers: development, testing, staging, production.
        tier: \(tier.rawValue)
        provider: {simulated: {}}

        """
    }

    private static let web = """
        # What is the same for this service everywhere. The folder name is its name.
        owner: team-web
        port: 8080
        health: {path: /healthz, every: 5s}
        resources: {cpu: 250m, memory: 128Mi}
        calls: [api]  # it goes after what it calls

        """

    private static let api = """
        owner: team-api
        port: 9090
        health: {path: /healthz, every: 5s}
        resources: {cpu: 500m, memory: 256Mi}

        """

    private static func release(_ service: String, _ version: String, replicas: String) -> String {
        let secret =
            service == "api" ? "\n  DB_PASSWORD: {secret: api-db}  # by name, never by value" : ""
        return """
            # What runs in this environment. Change the digest, merge, and it is deployed.
            artifact: registry.example/\(service)@\(digest(service, version))
            version: \(version)
            replicas: \(replicas)
            config:
              LOG_LEVEL: info\(secret)
            strategy: {allAtOnce: {deadline: 2m}}

            """
    }

    private static let simulation = """
        # Only the built-in simulator reads this. An artifact that is not named here is healthy.
        artifacts:
          "\(digest("api", "1.0.0"))": {startup: 1s, latencyP99: 40ms}
          "\(digest("api", "1.1.0"))": {startup: 2s, latencyP99: 35ms, errorRate: 0.1%}
        traffic: {web: 20/s}
        secrets: {api-db: "1"}

        """

    private static func readme(_ name: FleetName) -> String {
        """
        # \(name)

        What runs in every environment of this fleet is what the main branch of this repository says.

        - `fleet.yaml`: the fleet's name, the order of promotion, limits
        - `environments/`: places to run things
        - `services/NAME/service.yaml`: what is the same for a service everywhere
        - `services/NAME/ENVIRONMENT.yaml`: what runs there
        - `simulation.yaml`: how artifacts behave in the built-in simulator

        Check it with `airlock validate`. See what would happen with `airlock plan`. Deploy by merging.

        """
    }
}
