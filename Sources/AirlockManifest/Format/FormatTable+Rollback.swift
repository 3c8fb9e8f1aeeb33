extension FormatTable {
    static let rollback = Record(
        [
            .optional(
                "errorRate", .record(upper(.share, "2%")), "Share of requests that fail.",
                example: "{above: 2%, for: 30s}"),
            .optional(
                "latencyP99", .record(upper(.duration, "400ms")),
                "The time within which 99 of 100 requests are answered.",
                example: "{above: 400ms, for: 1m}"),
            .optional(
                "cpu", .record(bounds(.share, most: "85%", least: "5%")), "Use of the CPU limit.",
                example: "{above: 85%, for: 5m}"),
            .optional(
                "memory", .record(bounds(.memory, most: "200Mi", least: "20Mi")),
                "Memory of the largest instance.", example: "{above: 200Mi, for: 1m}"),
        ], minimum: 1,
        others: Record.Others(
            form: .signalName,
            key: .optional(
                "*", .record(bounds(.number, most: "100", least: "5")),
                "A signal of your own, by the name that `signals.named` of the service gives it.",
                example: "{above: 100, for: 30s}")))

    /// One of a signal of which less is never worse.
    private static func upper(_ form: Form, _ most: String) -> Record {
        Record(
            [
                .required("above", .text(form), "What may not be exceeded.", example: most),
                time,
            ],
            absent: [
                "below":
                    "fewer errors and faster answers are no harm; to find a slot that answers "
                    + "nothing, bound a signal of your own"
            ])
    }

    private static func bounds(_ form: Form, most: String, least: String) -> Record {
        Record(
            [
                .optional("above", .text(form), "What may not be exceeded.", example: most),
                .optional("below", .text(form), "What is the least.", example: least),
                time,
            ], oneOf: ["above", "below"])
    }

    private static var time: Record.Key {
        .optional(
            "for", .text(.delay), "For how long in one go; at once when left out.", example: "30s")
    }

    /// How a signal goes in the simulator.
    static let course = Record([
        .required(
            "value", .text(.number), "Its value when the slot is started.", example: "20"),
        .optional(
            "perMinute", .text(.number), "What each minute adds; nothing when left out.",
            example: "5"),
    ])
}
