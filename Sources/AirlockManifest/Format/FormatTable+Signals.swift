import AirlockModel

extension FormatTable {
    static let signals = Record(
        [
            .optional(
                "prometheus", .record(prometheus), "A server with Prometheus's HTTP API.",
                example: "{url: \"http://127.0.0.1:9090\"}")
        ], minimum: 1)

    private static let prometheus = Record([
        .required(
            "url", .text(.httpAddress),
            "Where it answers; plain http beyond this machine needs `insecureTransport`.",
            example: "\"http://127.0.0.1:9090\""),
        .optional(
            "every", .text(.duration),
            "Time between two scrapes of an instance, 1s to 30s; 15s when left out.",
            example: "15s"),
    ])

    static let compare = Record([
        .required(
            "errors", .integer(1...100), "The weight of the share of errors.", example: "2"),
        .optional(
            "latencyP50", .integer(1...100),
            "The weight of requests slower than half of the old slot's.", example: "1"),
        .optional(
            "latencyP90", .integer(1...100),
            "The weight of requests slower than 90 of 100 of the old slot's.", example: "1"),
        .optional(
            "latencyP99", .integer(1...100),
            "The weight of requests slower than 99 of 100 of the old slot's.", example: "1"),
    ])

    static let queriesExample =
        "{requests: 'http_requests_total{slot=\"$slot\"}', "
        + "errors: 'http_requests_total{slot=\"$slot\", code=~\"5..\"}'}"

    static let queries = Record([
        .required(
            "requests", .text(.words), "Counters of requests, of each instance.",
            example: "'http_requests_total{slot=\"$slot\"}'"),
        .required(
            "errors", .text(.words), "Counters of the requests among them that failed.",
            example: "'http_requests_total{slot=\"$slot\", code=~\"5..\"}'"),
        .optional(
            "errorsPer", .text(.choice(["request", "client"])),
            "`client` where a client that retries is counted once, which decides faster; else `request`.",
            example: "request"),
        .optional(
            "instance", .text(.words),
            "The label whose value is the instance's id at the provider; `instance` when left out.",
            example: "task"),
        .optional(
            "latencyP99", .text(.words), "Seconds within which 99 of 100 requests are answered.",
            example:
                "'histogram_quantile(0.99, sum by (le) (rate(http_seconds_bucket{slot=\"$slot\"}[$window])))'"
        ),
        .optional(
            "latencyBuckets", .text(.words),
            "Counters of requests by `le`, as of a histogram; for `compare` with a latency.",
            example: "'http_seconds_bucket{slot=\"$slot\"}'"),
        .optional(
            "cpu", .text(.words),
            "Use of the CPU limit, 0 to 1; the highest series counts, and for scaling the mean.",
            example: "'rate(process_cpu_seconds_total{slot=\"$slot\"}[$window]) / 0.5'"),
        .optional(
            "memory", .text(.words), "Bytes of memory; the highest series counts.",
            example: "'process_resident_memory_bytes{slot=\"$slot\"}'"),
        .optional(
            "named", .table(key: .signalName, value: .text(.words)),
            "Signals of your own, for the bounds of `rollback`; each names the slot, `$slot` or `$shortSlot`. At most \(SignalQueries.mostNamed).",
            example: "{queue: 'queue_length{slot=\"$slot\"}'}"),
    ])
}
