import AirlockModel

/// The kinds of files that a fleet repository is made of.
package enum ManifestKind: String, Hashable, Sendable, CaseIterable {
    case fleet
    case environment
    case service
    case release
    case simulation

    /// Where files of this kind lie.
    package var path: String {
        switch self {
        case .fleet: "fleet.yaml"
        case .environment: "environments/ENVIRONMENT.yaml"
        case .service: "services/SERVICE/service.yaml"
        case .release: "services/SERVICE/ENVIRONMENT.yaml"
        case .simulation: "simulation.yaml"
        }
    }

    /// A file of this kind, for messages.
    var noun: String {
        switch self {
        case .fleet: "a fleet file"
        case .environment: "an environment file"
        case .service: "a service file"
        case .release: "a release file"
        case .simulation: "a simulation file"
        }
    }

    /// What a file of this kind says, in one sentence.
    package var sentence: String {
        switch self {
        case .fleet: "The name of the fleet, the order of promotion and how much may move at once."
        case .environment: "A place to run things; the file name is its name."
        case .service: "What is the same for a service everywhere; the folder name is its name."
        case .release: "What one service shall be in one environment."
        case .simulation:
            "How artifacts behave in the built-in simulator; only it reads this. Another behaviour of an artifact is that of "
                + "slots which start from then on; `traffic` applies at once."
        }
    }

    /// Its keys.
    package var record: Record {
        switch self {
        case .fleet: FormatTable.fleet
        case .environment: FormatTable.environment
        case .service: FormatTable.service
        case .release: FormatTable.release
        case .simulation: FormatTable.simulation
        }
    }
}

/// The format, described once: the decoder, `airlock schema` and docs/format.md are made from it.
enum FormatTable {
    static let fleet = Record([
        .required("airlock", .integer(1...1), "The version of this format.", example: "1"),
        .required(
            "name", .text(.name("fleet name")),
            "The name of the fleet; it is also the origin of the audit log.", example: "shop"),
        .required(
            "order", .list(of: .text(.name("environment name")), minimum: 1),
            "The environments in the order of promotion; each has a file, and tiers never go down.",
            example: "[development, testing, staging, production]"),
        .optional(
            "limits", .record(limits),
            "How much of one environment may move at once; the limits of the commit before hold.",
            example: "{removals: {count: 3, share: 10%}}"),
        .later("trust", "Who may change what, and how commits are signed."),
    ])

    private static let limits = Record(
        [
            .optional(
                "removals", .record(bound),
                "Lanes that one plan may remove; else 3 and 10%.",
                example: "{count: 3, share: 10%}"),
            .optional(
                "changing", .record(bound),
                "Lanes in change at once, first deployments not counted; else 20 and 25%.",
                example: "{count: 20, share: 25%}"),
        ], minimum: 1)

    private static let bound = Record(
        [
            .optional(
                "count", .integer(1...100_000),
                "A number of lanes; the smaller of the two holds, at least 1.",
                example: "3"),
            .optional(
                "share", .text(.share), "A share of the environment's lanes.", example: "10%"),
        ], minimum: 1)

    static let environment = Record([
        .required(
            "tier", .text(.choice(["development", "testing", "staging", "production"])),
            "How strict the environment is.", example: "production"),
        .optional(
            "provider",
            .either(.text(.choice(["simulated"])), providers),
            "What runs the slots; the simulator when left out.", example: "{simulated: {}}"),
        .optional(
            "signals", .record(signals),
            "What measures what runs there; what the provider itself can tell when left out.",
            example: "{prometheus: {url: \"http://127.0.0.1:9090\", every: 15s}}"),
        .later("deploy", "Approvals, windows, soak and drills."),
        .optional(
            "healing", .either(.text(.choice(["off"])), healing),
            "How far what runs there is healed, see docs/healing.md; `off` when left out.",
            example: "{restarts: 3 per 10m, ejectedShare: 10%}"),
        .later("parity", "Which environment this one must resemble."),
        .later("group", "Environments that move together."),
    ])

    private static let healing = Record([
        .optional(
            "restarts", .text(.budget),
            "All that healing of one lane may do in a window, steps of scaling too; else 3 per 10m.",
            example: "3 per 10m"),
        .optional(
            "ejectedShare", .text(.share),
            "The most instances of a slot without traffic, one where others suffice; else 10%.",
            example: "10%"),
        .optional(
            "afterChange", .text(.delay),
            "For this long after a change a fault is the change's and nothing is healed; else 10m.",
            example: "10m"),
        .optional(
            "scale", .record(scale),
            "Use of the CPU limit at which instances are added and taken away.",
            example: "{above: 75%, below: 30%}"),
        .optional(
            "dryRun",
            .list(
                of: .text(.choice(HealingRule.allCases.map(\.rawValue))), minimum: 1),
            "Rules that only say what they would do.", example: "[restart, replace, eject, scale]"),
    ])

    private static let scale = Record([
        .optional(
            "above", .text(.share), "One instance more, up to `replicas.max`; else 75%.",
            example: "75%"),
        .optional(
            "below", .text(.share),
            "One instance less, down to `replicas.min`; at most half of `above`, else 30%.",
            example: "30%"),
    ])

    private static let providers = Record(
        [
            .optional(
                "simulated", .record(Record([])), "The built-in simulator.", example: "{}"),
            .later("swarm", "Docker Swarm."),
            .later("kubernetes", "Kubernetes."),
        ], minimum: 1)

    static let service = Record([
        .optional("owner", .text(.words), "Who answers for the service.", example: "team-payments"),
        .required(
            "port", .integer(1...65_535), "Where each instance serves HTTP.", example: "8080"),
        .optional(
            "health", .record(health), "How an instance says that it can serve.",
            example: "{path: /healthz, every: 5s}"),
        .optional(
            "resources", .record(resources), "What one instance may use.",
            example: "{cpu: 500m, memory: 256Mi}"),
        .optional(
            "calls", .list(of: .text(.name("service name")), minimum: 0),
            "Services that this one calls: they are deployed before it and removed after it. No network rule comes of it yet.",
            example: "[inventory, payments]"),
        .optional(
            "group", .text(.name("group name")),
            "Services of one group roll out and back together, callees first; they have the same strategy.",
            example: "checkout"),
        .optional(
            "stopGrace", .text(.duration),
            "How long a stopping instance may finish its requests.", example: "20s"),
        .optional(
            "signals", .record(queries),
            "How its signals are asked for in environments with `signals` (docs/signals.md).",
            example: queriesExample),
        .optional(
            "verify", .record(verify),
            "The test job that runs for each new build in an environment of the tier `testing`; environments after it wait until it passed (docs/verification.md).",
            example: "{run: [/app/selftest], timeout: 5m}"),
        .later("placement", "Where instances may run."),
        .later("sticky", "What keeps a user on one instance."),
    ])

    private static let verify = Record([
        .required(
            "run", .command, "The program and its arguments, run in the service's own artifact.",
            example: "[/app/selftest]"),
        .optional(
            "timeout", .text(.duration), "After this time the job is ended; else 10m.",
            example: "5m"),
    ])

    private static let health = Record([
        .required(
            "path", .text(.urlPath), "Answered with 200 by an instance that can serve.",
            example: "/healthz"),
        .required("every", .text(.duration), "Time between two checks.", example: "5s"),
    ])

    private static let resources = Record([
        .optional(
            "cpu", .text(.cpu), "Thousandths of a core with `m`, cores without.", example: "500m"),
        .optional(
            "memory", .text(.memory), "Over this an instance is killed.", example: "256Mi"),
    ])
}
