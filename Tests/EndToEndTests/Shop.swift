import AirlockModel

/// A small fleet whose slots start at once: two environments, `web` calls `api`.
enum Shop {
    /// The artifact of a service at a version.
    static func artifact(_ service: String, _ version: String) -> String {
        "registry.example/\(service)@\(digest(service, version))"
    }

    static func digest(_ service: String, _ version: String) -> String {
        "sha256:\(Digest(of: Array("\(service):\(version)".utf8)))"
    }

    /// A release; `extra` are more lines of it.
    static func release(
        _ service: String, _ version: String, replicas: Int = 1, deadline: String = "20s",
        config: String = "{LOG_LEVEL: info}", strategy: String? = nil
    ) -> String {
        """
        artifact: \(artifact(service, version))
        version: \(version)
        replicas: \(replicas)
        config: \(config)
        strategy: \(strategy ?? "{allAtOnce: {deadline: \(deadline)}}")

        """
    }

    /// A strategy that switches all of the traffic from one slot to another.
    static let switching = "{blueGreen: {keep: 1s, deadline: 20s}}"

    static func service(_ name: String, calls: String = "[]") -> String {
        """
        owner: team-\(name)
        port: 8080
        health: {path: /healthz, every: 5s}
        resources: {cpu: 100m, memory: 64Mi}
        calls: \(calls)

        """
    }

    /// Version 1.9.1 of each service never becomes healthy, 1.5.0 takes two seconds to start.
    static let simulation = """
        artifacts:
          "\(digest("api", "1.0.0"))": {startup: 0s}
          "\(digest("api", "1.1.0"))": {startup: 0s}
          "\(digest("api", "1.2.0"))": {startup: 0s}
          "\(digest("api", "1.5.0"))": {startup: 2s}
          "\(digest("api", "1.9.1"))": {startup: never}
          "\(digest("api", "9.0.0"))": {startup: 1h}
          "\(digest("web", "1.0.0"))": {startup: 0s}
          "\(digest("web", "1.1.0"))": {startup: 0s}
        secrets: {api-db: "1"}

        """

    static let fleet = """
        airlock: 1
        name: shop
        order: [staging, production]
        limits: {removals: {count: 1, share: 50%}, changing: {count: 10, share: 100%}}

        """

    static let files: [String: String] = {
        var files = [
            "fleet.yaml": fleet, "simulation.yaml": simulation,
            "services/api/service.yaml": service("api"),
            "services/web/service.yaml": service("web", calls: "[api]"),
        ]
        for (environment, tier) in [("staging", "staging"), ("production", "production")] {
            files["environments/\(environment).yaml"] = """
                tier: \(tier)
                provider: {simulated: {}}

                """
            files["services/api/\(environment).yaml"] = release(
                "api", "1.0.0", config: "{LOG_LEVEL: info, DB_PASSWORD: {secret: api-db}}")
            files["services/web/\(environment).yaml"] = release("web", "1.0.0", replicas: 2)
        }
        return files
    }()

    /// The shop with so many services more, each in both environments.
    static func files(more count: Int) -> [String: String?] {
        var files = files as [String: String?]
        for number in 0..<count {
            files["services/s\(number)/service.yaml"] = service("s\(number)")
            for environment in ["staging", "production"] {
                files["services/s\(number)/\(environment).yaml"] = release("web", "1.0.0")
            }
        }
        return files
    }

    /// A commit that moves api in production to a version.
    static func api(
        _ version: String, deadline: String = "20s", strategy: String? = nil
    ) -> [String: String?] {
        [
            "services/api/production.yaml": release(
                "api", version, deadline: deadline,
                config: "{LOG_LEVEL: info, DB_PASSWORD: {secret: api-db}}", strategy: strategy)
        ]
    }

    private static let failing = "sha256:\(String(repeating: "e", count: 64))"

    /// A commit after which api has traffic and its artifact of ``failingCanary`` fails 40% of it.
    static let traffic: [String: String?] = [
        "simulation.yaml": """
        artifacts: {"\(failing)": {errorRate: 40%}}
        traffic: {api: 2000/s}
        secrets: {api-db: "1"}

        """
    ]

    /// A commit that brings an artifact to production's api of which a canary finds that it is bad.
    static let failingCanary: [String: String?] = [
        "services/api/production.yaml": """
        artifact: registry.example/api@\(failing)
        version: 9.9.9
        replicas: 1
        config: {LOG_LEVEL: info, DB_PASSWORD: {secret: api-db}}
        strategy: {canary: {steps: [10%, 100%], hold: 1m}}

        """
    ]
}
