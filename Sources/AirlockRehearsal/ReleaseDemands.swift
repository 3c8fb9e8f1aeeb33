import AirlockModel

/// What is asked of the releases of some services beside their rollouts, in most of the judged lives: tests
/// before later environments, answers before traffic, and a watch after the change.
struct ReleaseDemands: Hashable {
    /// The environment in which builds have to pass first.
    static let testing = "testing"
    /// The service whose builds are tested.
    static let tested = "api"
    /// The service whose new slots are asked before they get traffic.
    static let previewed = "mail"
    /// The service that is watched after a change.
    static let watched = "cart"
    /// The versions of the watched service that turn bad after they have settled.
    static let turningVersions = [5, 23]

    /// Of so many versions that follow each other, one has each of the flaws below.
    private static let flaws = 9
    /// Versions that pull requests ask for; later ones are sound.
    private static let versions = 1...28

    private(set) var testsBuilds = false
    private(set) var previews = false
    /// The environment whose lane is watched; nil for none. To learn what a lane is like costs more than
    /// any other step of a life, so that one is enough.
    private(set) var watchedEnvironment: String?

    /// Nothing is asked.
    init() {}

    /// What is asked in the life of a seed: of four judged lives one has none of it and one all.
    init(seed: Int) {
        guard seed.isMultiple(of: SeededRun.judgedEvery) else { return }
        let kind = seed / SeededRun.judgedEvery % 4
        testsBuilds = kind == 1 || kind == 3
        previews = testsBuilds
        if kind == 2 { watchedEnvironment = "development" }
        if kind == 3 { watchedEnvironment = "production" }
    }

    /// Whether a lane takes only builds that passed in the testing tier.
    func isBound(_ service: String, in environment: String) -> Bool {
        testsBuilds && service == Self.tested && environment != Self.testing
            && environment != "development"
    }

    func isPreviewed(_ service: String) -> Bool { previews && service == Self.previewed }

    func isWatched(_ service: String) -> Bool {
        watchedEnvironment != nil && service == Self.watched
    }

    /// Whether a version has a flaw that is asked about.
    func isBad(_ service: String, _ version: Int) -> Bool { flaw(of: service, version) != nil }

    // MARK: Flaws

    /// What `simulation.yaml` says of a version beside how it starts.
    func behaviours(of service: String, _ version: Int) -> [String] {
        if let flaw = flaw(of: service, version) { return [flaw] }
        // A job that takes long and still passes.
        let isSlow = testsBuilds && service == Self.tested && version % Self.flaws == 6
        return isSlow ? ["verify: {takes: 4s}"] : []
    }

    private func flaw(of service: String, _ version: Int) -> String? {
        guard Self.versions.contains(version) else { return nil }
        let place = version % Self.flaws
        if testsBuilds, service == Self.tested {
            if place == 2 { return "verify: {outcome: failed}" }
            if place == 3 { return "verify: {outcome: never}" }
        }
        if isPreviewed(service) {
            if place == 4 { return "preview: fails" }
            if place == 8 { return "preview: silent" }
            if place == 2 { return "memory: 300Mi" }
        }
        if isWatched(service), Self.turningVersions.contains(version) {
            return "poison: {after: 15s, errorRate: 100%}"
        }
        return nil
    }

    /// The versions that must never get past a test or a preview. The world is told of them in every commit,
    /// so that what it said of one holds for as long as anything may ask.
    var barred: [(String, Int)] {
        [Self.tested, Self.previewed].flatMap { service in
            Self.versions.filter { isBad(service, $0) }.map { (service, $0) }
        }
    }

    /// The artifacts of a service that have a flaw.
    func artifacts(of service: String) -> Set<ArtifactReference> {
        Set(Self.versions.filter { isBad(service, $0) }.map { Name.artifact(service, $0) })
    }

    // MARK: Files

    /// What stands in `service.yaml`.
    func serviceText(_ service: String) -> String {
        testsBuilds && service == Self.tested
            ? "verify: {run: [/app/selftest], timeout: 5s}\n" : ""
    }

    /// What stands in a release.
    func releaseText(_ service: String, in environment: String) -> String {
        service == Self.watched && environment == watchedEnvironment
            ? "watch: {for: 1m, onAlarm: rollback}\n" : ""
    }

    /// What stands in `traffic` of `simulation.yaml`, after other services.
    var trafficText: String { watchedEnvironment == nil ? "" : ", \(Self.watched): 20/s" }
}
