import AirlockAnalysis
import AirlockModel

/// Turns the preview of a release into its value.
enum PreviewReader {
    /// - Parameter plan: The rest of the strategy: its bounds and its deadline.
    static func preview(
        _ given: Document.Value, of plan: BlueGreenPlan
    ) throws(Problem) -> PreviewPlan {
        let items = given["checks"]?.items ?? []
        guard items.count <= PreviewPlan.maximumChecks else {
            throw Problem(
                given["checks"]?.place ?? given.place,
                "a preview has at most \(PreviewPlan.maximumChecks) checks, and this has "
                    + "\(items.count)", "ask for one path that looks at several things")
        }
        var checks: [PreviewCheck] = []
        for item in items { checks.append(try check(item)) }
        return PreviewPlan(checks: checks, bounds: try bounds(given, of: plan))
    }

    private static func bounds(
        _ given: Document.Value, of plan: BlueGreenPlan
    ) throws(Problem) -> PreviewBounds? {
        let hold = try DocumentReader.read(Quantity.duration, "hold", of: given)
        guard let items = given["bounds"]?.items else {
            guard hold != nil else { return nil }
            throw Problem(
                given["hold"]?.place ?? given.place,
                "`hold` is the time for which `bounds` are kept, and there are none",
                "add bounds: [memory], or remove it")
        }
        var named: Set<SignalName> = []
        for item in items {
            named.insert(try signal(item, of: plan))
        }
        // An upper and a lower bound of one signal stand beside each other.
        var bounds = PreviewBounds(signals: [])
        for signal in plan.limits.map(\.signal) where named.remove(signal) != nil {
            bounds.signals.append(signal)
        }
        bounds.hold = hold ?? bounds.hold
        guard bounds.hold <= PreviewPlan.validity else {
            throw Problem(
                given["hold"]?.place ?? given.place,
                "a preview holds for at most 5m: an answer from before that counts no longer",
                "write 5m or less; what comes later is for `rollback` and `watch`")
        }
        return bounds
    }

    /// One of the bounds of the release, of a signal that a slot without requests has too.
    private static func signal(
        _ item: Document.Value, of plan: BlueGreenPlan
    ) throws(Problem) -> SignalName {
        let text = item.text ?? ""
        if let known = HardLimit.Known.allCases.first(where: {
            $0.key == text || $0.rawValue == text
        }), known.isOfRequests {
            throw Problem(
                item.place,
                "`\(text)` is measured by requests, and a slot without traffic has none",
                "write cpu, memory or a signal of your own")
        }
        guard let name = SignalName(text),
            plan.limits.contains(where: PreviewBounds(signals: [name]).includes)
        else {
            if plan.limits.contains(where: { $0.signal.description == text }) {
                throw Problem(
                    item.place,
                    "a slot without traffic uses no CPU, so it breaks any lower bound of `cpu`",
                    "add `above` to the bound, or leave `cpu` out here")
            }
            let near = NearestName.of(text, among: plan.limits.map(\.signal.description))
            throw Problem(
                item.place, "`rollback` of this release has no bound on `\(text)`",
                near.map { "did you mean `\($0)`?" }
                    ?? "add rollback: {\(text): {above: …}}")
        }
        return name
    }

    private static func check(_ given: Document.Value) throws(Problem) -> PreviewCheck {
        let path = try DocumentReader.need(given["path"]?.text, "path", given)
        guard path.utf8.allSatisfy(isOfTarget) else {
            throw Problem(
                given["path"]?.place ?? given.place,
                "a request has no fragment, quotes, brackets or backslash",
                "write /health or /health?deep=1, other characters as %XX")
        }
        var check = PreviewCheck(path: path)
        check.expect =
            try DocumentReader.read(DocumentReader.integer, "expect", of: given) ?? check.expect
        check.failures =
            try DocumentReader.read(DocumentReader.integer, "failures", of: given)
            ?? check.failures
        check.within =
            try DocumentReader.read(Quantity.duration, "within", of: given) ?? check.within
        guard check.within <= PreviewCheck.longest else {
            throw Problem(
                given["within"]?.place ?? given.place,
                "an answer that comes after 30s holds up everything else in its lane",
                "write 30s or less")
        }
        return check
    }

    /// What the target of a request is made of (RFC 3986, sections 3.3 and 3.4).
    private static func isOfTarget(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || "/?-._~%!$&'()*+,;=:@".utf8.contains(byte)
    }
}
