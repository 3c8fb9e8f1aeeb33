import AirlockModel

extension FormatTable {
    static let release = Record([
        .required(
            "artifact", .text(.artifact), "The image by digest; a tag can be moved and is refused.",
            example: "registry.example/checkout@sha256:<64 hex>"),
        .optional(
            "version", .scalar, "What people call the artifact; decides nothing.", example: "1.8.0"),
        .required(
            "replicas", .either(.integer(0...ManifestLimits.replicas), bounds),
            "How many instances, or bounds inside which a count is not drift.", example: "12"),
        .optional(
            "config", .table(key: .configKey, value: .either(.scalar, secret)),
            "Configuration: texts, numbers and booleans as they are spelled, or secrets by name.",
            example: "{LOG_LEVEL: info, DB_PASSWORD: {secret: checkout-db}}"),
        .optional(
            "strategy", .either(.text(.choice(["allAtOnce", "canary", "blueGreen"])), strategies),
            "How a change is carried out; `allAtOnce` when left out.",
            example: "{canary: {steps: [1%, 5%, 25%, 100%], hold: 10m}}"),
        .optional(
            "rollback", .record(rollback),
            "Bounds of the new slot at which a canary or a blue-green switch goes back at once; refused where nothing serves beside it, "
                + "as with `allAtOnce`.",
            example: "{errorRate: {above: 2%, for: 30s}}"),
        .optional(
            "rollout", .either(.text(.choice(["proceed", "hold", "abort"])), rolloutBound),
            "The state of the rollout that git asks for; `proceed` when left out. It changes no release.",
            example: "{upTo: 25%}"),
        .optional(
            "watch", .either(.text(.delay), watch),
            "How long the lane is watched after a change settled, by what it was like before, at most 7d; not at all when left out or 0s.",
            example: "{for: 30m, onAlarm: rollback}"),
        .later("migration", "A job that runs before the new slot serves."),
        .later("placement", "Where instances may run."),
        .later("sticky", "What keeps a user on one instance."),
    ])

    private static let bounds = Record([
        .required(
            "min", .integer(0...ManifestLimits.replicas), "The fewest instances.", example: "4"),
        .required(
            "max", .integer(0...ManifestLimits.replicas), "The most instances, at least `min`.",
            example: "20"),
    ])

    private static let watch = Record([
        .required("for", .text(.delay), "How long, at most 7d.", example: "30m"),
        .optional(
            "onAlarm", .text(.choice(WatchPlan.OnAlarm.allCases.map(\.rawValue))),
            "What an alarm does besides being recorded; `alert` when left out. `rollback` goes back for errors or latency and quarantines the slot.",
            example: "rollback"),
        .optional(
            "sensitivity", .text(.choice(WatchPlan.Sensitivity.allCases.map(\.rawValue))),
            "How readily an alarm is raised; `normal` when left out. `low` waits for more, `high` is sooner and oftener wrong.",
            example: "low"),
    ])

    private static let rolloutBound = Record([
        .required(
            "upTo", .text(.share), "The most of the traffic that the new slot may have for now.",
            example: "25%")
    ])

    private static let secret = Record([
        .required(
            "secret", .text(.name("secret name")),
            "The name of a secret; its value is never in git.", example: "checkout-db")
    ])

    private static let strategies = Record(
        [
            .optional(
                "allAtOnce", .record(allAtOnce),
                "Start the new slot, wait for its health, route to it, stop the old one.",
                example: "{deadline: 10m}"),
            .optional(
                "canary", .record(canary),
                "Shift traffic in steps, each judged beside the slot that serves the rest.",
                example: "{steps: [1%, 5%, 25%, 100%], hold: 10m}"),
            .optional(
                "blueGreen", .record(blueGreen),
                "Bring the new slot up idle, switch all traffic at once, keep the old one warm.",
                example: "{keep: 30m}"),
        ], minimum: 1)

    private static let allAtOnce = Record([
        .optional(
            "deadline", .text(.duration),
            "After this time without health the new slot is stopped, the old one goes on; else 10m.",
            example: "10m")
    ])

    private static let canary = Record([
        .optional(
            "steps", .list(of: .either(.text(.share), step), minimum: 1),
            "Growing shares of the traffic in steps of 0.1%, the last 100%; else 1%, 5%, 25%, 100%.",
            example: "[1%, 5%, 25%, 100%]"),
        .optional(
            "hold", .text(.duration), "The least time at each step below 100%; else 10m.",
            example: "10m"),
        .optional(
            "decideWithin", .text(.duration),
            "After this time at a step `onUndecided` says what is done; else 1h.", example: "1h"),
        .optional(
            "onUndecided", .text(.choice(CanaryPlan.Undecided.allCases.map(\.rawValue))),
            "What is done at a step that the evidence leaves open; to be said where today's traffic does not decide in time.",
            example: "hold"),
        .optional(
            "maxExposed", .integer(1...1_000_000_000),
            "An undecided step goes to the next below 100% while fewer users than this met the new slot, each request counted as one; never when left out.",
            example: "5000"),
        .optional(
            "deadline", .text(.duration),
            "After this time without health the new slot is given up; else 10m.", example: "10m"),
        .optional(
            "falseAlarms", .text(.share),
            "The chance of a whole rollout to give up a release that is as good as the old one, at most 50%; else 1%.",
            example: "1%"),
        .optional(
            "compare", .record(compare),
            "What is compared with the old slot, and how much of `falseAlarms` each gets; errors alone "
                + "when left out.", example: "{errors: 2, latencyP90: 1}"),
    ])

    private static let step = Record([
        .required("weight", .text(.share), "The share of the traffic.", example: "5%"),
        .optional(
            "hold", .text(.duration), "The least time at this step; else that of the canary.",
            example: "30m"),
        .optional(
            "analysis", .text(.choice(["required", "off"])),
            "`off` lets the step go on without a verdict; harm is taken back all the same.",
            example: "off"),
        .optional(
            "requires", .text(.choice(["approval"])),
            "The step is left when a person runs `airlock rollout resume LANE`.",
            example: "approval"),
    ])

    private static let blueGreen = Record([
        .optional(
            "keep", .text(.delay),
            "How long the old slot stays warm after the switch and the new one is watched, longer than the `for` of each bound; else 30m.",
            example: "30m"),
        .optional(
            "deadline", .text(.duration),
            "After this time without health the new slot is given up; else 10m.", example: "10m"),
        .optional(
            "preview", .record(preview),
            "What the new slot has to show before it gets any traffic.",
            example: "{checks: [{path: /health, expect: 200, within: 2s}]}"),
    ])

    static let simulation = Record([
        .optional(
            "artifacts", .table(key: .digest, value: .record(behaviour)),
            "Behaviour by the artifact's digest; an artifact that is not named is healthy.",
            example: "{\"sha256:<64 hex>\": {startup: 3s, errorRate: 0.5%}}"),
        .optional(
            "traffic", .table(key: .name("service name"), value: .text(.rate)),
            "Requests that arrive at a service.", example: "{checkout: 50/s}"),
        .optional(
            "secrets", .table(key: .name("secret name"), value: .scalar),
            "The current version of each secret.", example: "{checkout-db: \"1\"}"),
    ])

    private static let behaviour = Record([
        .optional(
            "startup", .text(.delayOrNever), "From start to healthy; 1s when left out.",
            example: "3s"),
        .optional(
            "errorRate", .text(.share), "Share of requests that fail; 0% when left out.",
            example: "0.5%"),
        .optional(
            "latencyP99", .text(.delay),
            "99 of 100 requests are answered within this; 50ms when left out.", example: "120ms"),
        .optional(
            "cpu", .text(.share), "Use of the CPU limit; 20% when left out.", example: "40%"),
        .optional(
            "capacity", .text(.rate),
            "Requests at which one instance uses its CPU limit up; then `cpu` does not count.",
            example: "50/s"),
        .optional(
            "memory", .text(.memory), "Memory of one instance after start; 64Mi when left out.",
            example: "96Mi"),
        .optional(
            "leak", .text(.growth), "Growth of memory; none when left out.", example: "10Mi/m"),
        .optional(
            "signals", .table(key: .signalName, value: .record(course)),
            "The service's own signals by name; a name that is left out has no value.",
            example: "{queue: {value: 20, perMinute: 5}}"),
        .optional(
            "crash", .record(crash), "Each instance fails and starts again.",
            example: "{after: 2m}"),
        .optional(
            "poison", .record(poison), "The slot turns bad at an age.",
            example: "{after: 5m, errorRate: 50%}"),
        .optional(
            "verify", .record(verify), "What its test job does; it passes after 1s when left out.",
            example: "{takes: 5s, outcome: failed}"),
        .optional(
            "preview", .text(.choice(ArtifactBehaviour.Preview.allCases.map(\.rawValue))),
            "How preview checks are answered: with the status that is asked for, with 500, or not at all; `passes` when left out.",
            example: "fails"),
        .optional(
            "endpoint", .text(.httpAddress),
            "A server of this machine that is asked in place of the simulated slot.",
            example: "http://127.0.0.1:8080"),
    ])

    private static let verify = Record(
        [
            .optional("takes", .text(.delay), "How long it runs; 1s when left out.", example: "5s"),
            .optional(
                "outcome", .text(.choice(VerifyBehaviour.Outcome.allCases.map(\.rawValue))),
                "How it ends, or that it never does; `passed` when left out.", example: "failed"),
        ], minimum: 1)

    private static let crash = Record([
        .required("after", .text(.duration), "Time from healthy to failed.", example: "2m")
    ])

    private static let poison = Record([
        .required("after", .text(.delay), "The age of the slot.", example: "5m"),
        .optional(
            "errorRate", .text(.share), "Its error rate from then on; 50% when left out.",
            example: "50%"),
    ])
}
