import AirlockManifest
import AirlockMemory
import AirlockModel

/// What the repository of one run says, and how a seed changes it.
struct Shop {
    struct Release: Equatable {
        var version: Int
        var minimum: Int
        var maximum: Int
        var level: Int
        var hasSecret: Bool
    }

    struct Service {
        var port: Int
        var calls: Set<String> = []
        var releases: [String: Release] = [:]
    }

    /// Artifacts whose version is a multiple of this never become healthy.
    static let brokenVersion = 7
    /// Of services whose releases are judged, versions with this remainder fail most requests.
    private static let harmfulVersion = 4
    /// Services whose releases are judged in some lives, and how: by the one that serves beside them, or
    /// by bounds.
    private static let judged = [
        "api": "{canary: {steps: [20%, 60%, 100%], hold: 4s, decideWithin: 8s, "
            + "onUndecided: promote, deadline: 1m}}",
        "mail": "{blueGreen: {keep: 8s, deadline: 1m}}",
    ]
    private static let names = ["api", "cart", "mail", "search", "store", "web"]

    let environments: [String]
    private let isJudged: Bool
    private(set) var services: [String: Service] = [:]
    private var secretVersion = 1
    private var changing = 20

    /// - Parameter isJudged: Whether some services roll out as a canary or blue-green; a judged rollout is
    ///   looked at every second, so that few lives have many more of them.
    init(_ dice: inout Dice, isJudged: Bool) {
        self.isJudged = isJudged
        environments =
            dice.chance(30)
            ? ["development", "staging", "production"] : ["development", "production"]
        for (number, name) in Self.names.prefix(dice.roll(3...5)).enumerated() {
            var service = Service(port: 8080 + number)
            for other in services.keys.sorted() where dice.chance(35) {
                service.calls.insert(other)
            }
            for environment in environments where dice.chance(85) {
                service.releases[environment] = Self.release(&dice)
            }
            services[name] = service
        }
        if dice.chance(30), services.count > 2 { services["api"]?.calls.insert("cart") }
    }

    private static func release(_ dice: inout Dice) -> Release {
        let minimum = dice.roll(1...3)
        return Release(
            version: dice.roll(1...6), minimum: minimum,
            maximum: minimum + (dice.chance(20) ? 2 : 0), level: 0, hasSecret: dice.chance(25))
    }

    /// Every (service, environment) that has a release, in order.
    var lanes: [(service: String, environment: String)] {
        services.sorted { $0.key < $1.key }.flatMap { name, service in
            service.releases.keys.sorted().map { (name, $0) }
        }
    }

    // MARK: Changing

    /// Does one thing that people do in pull requests.
    mutating func edit(_ dice: inout Dice) {
        guard let (name, environment) = dice.pick(lanes) else { return add(&dice) }
        switch dice.roll(0...9) {
        case 0...3: services[name]?.releases[environment]?.version = dice.roll(1...28)
        case 4: services[name]?.releases[environment]?.level += 1
        case 5:
            let count = dice.roll(1...4)
            services[name]?.releases[environment]?.minimum = count
            services[name]?.releases[environment]?.maximum = count + (dice.chance(30) ? 1 : 0)
        case 6: remove(name, environment)
        case 7: add(&dice)
        case 8: secretVersion += 1
        default: changing = dice.roll(1...20)
        }
    }

    /// Gives one lane that version.
    mutating func set(_ service: String, _ environment: String, version: Int) {
        services[service]?.releases[environment]?.version = version
    }

    /// Replaces every artifact that cannot become healthy.
    mutating func heal() {
        for (name, service) in services {
            for (environment, release) in service.releases
            where release.version.isMultiple(of: Self.brokenVersion)
                || isHarmful(name, release.version)
            {
                services[name]?.releases[environment]?.version += 1
            }
        }
        changing = 20
    }

    private func isHarmful(_ service: String, _ version: Int) -> Bool {
        strategy(of: service) != nil && version % Self.brokenVersion == Self.harmfulVersion
    }

    private func strategy(of service: String) -> String? {
        isJudged ? Self.judged[service] : nil
    }

    private mutating func remove(_ name: String, _ environment: String) {
        let there = lanes
        guard there.contains(where: { $0.service != name && $0.environment == environment })
        else { return }
        for caller in services.keys { services[caller]?.calls.remove(name) }
        services[name]?.releases[environment] = nil
    }

    private mutating func add(_ dice: inout Dice) {
        guard let name = dice.pick(services.keys.sorted()),
            let environment = dice.pick(environments)
        else { return }
        if services[name]?.releases[environment] == nil {
            services[name]?.releases[environment] = Self.release(&dice)
        }
    }

    // MARK: Files

    /// The files of a commit that says all this.
    var files: MemoryRepository.Files {
        var files: MemoryRepository.Files = [
            "fleet.yaml": """
            airlock: 1
            name: shop
            order: [\(environments.joined(separator: ", "))]
            limits:
              removals: {count: 50, share: 100%}
              changing: {count: \(changing), share: 100%}

            """,
            "simulation.yaml": simulation,
        ]
        for environment in environments {
            files["environments/\(environment).yaml"] = "tier: \(environment)\n"
        }
        for (name, service) in services {
            let calls = service.calls.sorted().joined(separator: ", ")
            files["services/\(name)/service.yaml"] = "port: \(service.port)\ncalls: [\(calls)]\n"
            for (environment, release) in service.releases {
                files["services/\(name)/\(environment).yaml"] = text(name, release)
            }
        }
        return files
    }

    private func text(_ name: String, _ release: Release) -> String {
        let secret = release.hasSecret ? ", KEY: {secret: shop-key}" : ""
        let replicas =
            release.minimum == release.maximum
            ? "\(release.minimum)" : "{min: \(release.minimum), max: \(release.maximum)}"
        return """
            artifact: \(Name.artifact(name, release.version))
            version: \(release.version).0.0
            replicas: \(replicas)
            config: {LEVEL: "\(release.level)"\(secret)}
            strategy: \(strategy(of: name) ?? "{allAtOnce: {deadline: 1m}}")
            \(strategy(of: name) == nil ? "" : "rollback: {errorRate: {above: 50%, for: 2s}}")

            """
    }

    /// Most artifacts are healthy; some are slow, fall over now and then or never come up.
    private var simulation: String {
        var lines: [String] = []
        for (name, environment) in lanes {
            guard let version = services[name]?.releases[environment]?.version else { continue }
            let behaviour =
                switch version % Self.brokenVersion {
                case 0: "startup: never"
                case 5: "startup: 15s"
                case 6: "startup: 1s, crash: {after: 40s}"
                case Self.harmfulVersion where isHarmful(name, version):
                    "startup: 1s, errorRate: 70%"
                default: "startup: 1s"
                }
            lines.append("  \"sha256:\(Name.artifact(name, version).digest)\": {\(behaviour)}")
        }
        let artifacts =
            lines.isEmpty ? "" : "artifacts:\n" + Set(lines).sorted().joined(separator: "\n") + "\n"
        let traffic = isJudged ? "traffic: {api: 400/s, mail: 100/s}\n" : ""
        return artifacts + traffic + "secrets: {shop-key: \"\(secretVersion)\"}\n"
    }
}
