import AirlockModel

extension FormatTable {
    /// What the new slot of a switch has to show before it gets traffic.
    static let preview = Record(
        [
            .optional(
                "checks", .list(of: .record(previewCheck), minimum: 1),
                "Requests to the new slot while it has no traffic; all have to be answered rightly, at most "
                    + "\(PreviewPlan.maximumChecks).", example: "[{path: /health, expect: 200}]"),
            .optional(
                "bounds", .list(of: .text(.words), minimum: 1),
                "Bounds of `rollback` that the new slot has to keep to while it has no traffic: `cpu`, `memory` or a signal of your own.",
                example: "[memory, warmup-errors]"),
            .optional(
                "hold", .text(.duration),
                "How long in one go `bounds` have to be kept, at most 5m; else 60s.",
                example: "60s"),
        ], minimum: 1)

    private static let previewCheck = Record([
        .required("path", .text(.urlPath), "What is asked for with GET.", example: "/health"),
        .optional(
            "expect", .integer(100...599),
            "The status of the right answer; else 200. A redirect is an answer and not followed.",
            example: "200"),
        .optional(
            "within", .text(.duration),
            "The longest time for one answer, at most 30s; else 2s. No answer decides nothing: it is asked again until the deadline.",
            example: "2s"),
        .optional(
            "failures", .integer(1...100),
            "After this many wrong answers in a row the new slot is given up; else 3.",
            example: "3"),
    ])
}
