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
    /// Of versions with this remainder instances fall over after a while.
    private static let crashingVersion = 6
    /// Of services whose releases are judged, versions with this remainder fail most requests.
    private static let harmfulVersion = 4
    /// Services whose releases are judged in some lives, and how: by the one that serves beside them, or
    /// by bounds.
    private static let judged = [
        "api": "{canary: {steps: [20%, 60%, 100%], hold: 4s, decideWithin: 8s, "
            + "onUndecided: promote, deadline: 1m}}",
        "mail": "{blueGreen: {keep: 8s, deadline: 1m}}",
    ]
    private static let previewed =
        "{blueGreen: {keep: 8s, deadline: 1m, preview: {checks: "
        + "[{path: /health}, {path: /ready, failures: 2}], bounds: [memory], hold: 3s}}}"
    private static let names = ["api", "cart", "mail", "search", "store", "web"]

    let environments: [String]
    /// What is asked of its releases beside their rollouts.
    let demands: ReleaseDemands
    let isJudged: Bool
    private(set) var services: [String: Service] = [:]
    private var secretVersion = 1
    private var changing = 20

    /// - Parameter isJudged: Whether some services roll out as a canary or blue-green; a judged rollout is
    ///   looked at every second, so that few lives have many more of them.
    /// - Parameter demands: What else is asked of some services; there is a testing tier where builds have
    ///   to pass first.
    init(_ dice: inout Dice, isJudged: Bool, demands: ReleaseDemands = ReleaseDemands()) {
        self.isJudged = isJudged
        self.demands = demands
        let rest = dice.chance(30) ? ["staging", "production"] : ["production"]
        environments =
            ["development"] + (demands.testsBuilds ? [ReleaseDemands.testing] : []) + rest
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

    /// How many of those there are.
    var laneCount: Int { services.values.reduce(0) { $0 + $1.releases.count } }

    /// The environments in which a service has a release, in order.
    private func environments(of service: String) -> [String] {
        services[service]?.releases.keys.sorted() ?? []
    }

    // MARK: Changing

    /// Does one thing that people do in pull requests.
    mutating func edit(_ dice: inout Dice) {
        guard let (name, environment) = dice.pick(lanes) else { return add(&dice) }
        switch dice.roll(0...9) {
        case 0...3:
            services[name]?.releases[environment]?.version = dice.roll(1...28)
            promote(name, environment, &dice)
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

    /// Where builds have to pass first, people mostly give a lane what testing has.
    private mutating func promote(_ name: String, _ environment: String, _ dice: inout Dice) {
        guard demands.isBound(name, in: environment), dice.chance(75),
            let tested = services[name]?.releases[ReleaseDemands.testing]?.version
        else { return }
        services[name]?.releases[environment]?.version = tested
    }

    /// Gives one lane that version.
    mutating func set(_ service: String, _ environment: String, version: Int) {
        services[service]?.releases[environment]?.version = version
    }

    /// Gives every lane of a service that version.
    mutating func set(_ service: String, version: Int) {
        for environment in environments(of: service) {
            set(service, environment, version: version)
        }
    }

    /// Replaces every artifact that cannot become healthy.
    mutating func heal() {
        for (name, service) in services {
            for (environment, release) in service.releases {
                var version = release.version
                while isBad(name, version) { version += 1 }
                services[name]?.releases[environment]?.version = version
            }
            passOn(name)
        }
        changing = 20
    }

    /// Whether a lane with that version never comes to rest.
    private func isBad(_ service: String, _ version: Int) -> Bool {
        version.isMultiple(of: Self.brokenVersion) || isHarmful(service, version)
            || demands.isBad(service, version)
            || (demands.isWatched(service)
                && version % Self.brokenVersion == Self.crashingVersion)
    }

    /// Gives every environment that builds have to be tested for what testing has.
    private mutating func passOn(_ name: String) {
        let bound = environments(of: name).filter { demands.isBound(name, in: $0) }
        guard let first = bound.first, let release = services[name]?.releases[first] else { return }
        let tested = services[name]?.releases[ReleaseDemands.testing] ?? release
        services[name]?.releases[ReleaseDemands.testing] = tested
        for environment in bound {
            services[name]?.releases[environment]?.version = tested.version
        }
    }

    private func isHarmful(_ service: String, _ version: Int) -> Bool {
        strategy(of: service) != nil && version % Self.brokenVersion == Self.harmfulVersion
    }

    private func strategy(of service: String) -> String? {
        guard isJudged else { return nil }
        return demands.isPreviewed(service) ? Self.previewed : Self.judged[service]
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
            files["services/\(name)/service.yaml"] = text(name, service)
            for (environment, release) in service.releases {
                files["services/\(name)/\(environment).yaml"] = text(
                    name, release, in: environment)
            }
        }
        return files
    }

    /// What is usual is not said: half of what a life costs to read is read for nothing else.
    private func text(_ name: String, _ service: Service) -> String {
        let calls = service.calls.sorted().joined(separator: ", ")
        return "port: \(service.port)\n" + (calls.isEmpty ? "" : "calls: [\(calls)]\n")
            + demands.serviceText(name)
    }

    private func text(
        _ name: String, _ release: Release, in environment: String
    ) -> String {
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
            \(bounds(of: name))
            \(demands.releaseText(name, in: environment))
            """
    }

    private func bounds(of name: String) -> String {
        guard strategy(of: name) != nil else { return "" }
        let memory = demands.isPreviewed(name) ? ", memory: {above: 128Mi, for: 1s}" : ""
        return "rollback: {errorRate: {above: 50%, for: 2s}\(memory)}"
    }

    /// Most artifacts are healthy, of which nothing is said; some are slow, fall over now and then or never
    /// come up.
    private var simulation: String {
        var lines: [String] = []
        let served = lanes.compactMap { name, environment in
            services[name]?.releases[environment].map { (name, $0.version) }
        }
        for (name, version) in served + demands.barred {
            var behaviour: [String] = []
            switch version % Self.brokenVersion {
            case 0: behaviour.append("startup: never")
            case 5: behaviour.append("startup: 15s")
            case Self.crashingVersion: behaviour.append("crash: {after: 40s}")
            case Self.harmfulVersion where isHarmful(name, version):
                behaviour.append("errorRate: 70%")
            default: break
            }
            behaviour += demands.behaviours(of: name, version)
            guard !behaviour.isEmpty else { continue }
            let digest = Name.artifact(name, version).digest
            lines.append("  \"sha256:\(digest)\": {\(behaviour.joined(separator: ", "))}")
        }
        let artifacts =
            lines.isEmpty ? "" : "artifacts:\n" + Set(lines).sorted().joined(separator: "\n") + "\n"
        let traffic =
            isJudged ? "traffic: {api: 400/s, mail: 100/s\(demands.trafficText)}\n" : ""
        return artifacts + traffic + "secrets: {shop-key: \"\(secretVersion)\"}\n"
    }
}
