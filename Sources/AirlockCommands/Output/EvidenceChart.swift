import AirlockAnalysis
import AirlockModel
import AirlockRollout

/// The evidence of one rollout over time, with the limits at which it decides, as SVG.
struct EvidenceChart {
    private let points: [RolloutReplay.Point]
    private let limits: (harm: Double, safety: Double)
    private let shares: [Int]
    private let title: String
    private let span: (from: Int, to: Int)
    private let range: (low: Double, high: Double)

    private static let (width, height) = (960.0, 440.0)
    private static let (left, right, top, bottom) = (64.0, 936.0, 56.0, 388.0)
    /// Points that are drawn at most; more than pixels would show nothing else.
    private static let mostPoints = 1_800

    /// Nil when nothing was judged.
    init?(_ replay: RolloutReplay) {
        guard let policy = replay.policy, let first = replay.points.first,
            let last = replay.points.last,
            let numbers = Judge(policy: policy.policy).metrics.first?.comparison
        else { return nil }
        points = Self.thinned(replay.points)
        limits = (Self.nats(numbers.harm.limit), Self.nats(numbers.safety.limit))
        shares = policy.steps
        let lane = replay.lane?.description ?? "rollout"
        let ending = replay.transitions.last.map { last in
            last.outcome == "step" ? ": came to step \(last.step)" : ": \(last.outcome)"
        }
        title = "\(lane), operation \(replay.operation)\(ending ?? "")"
        span = (first.at, max(last.at, first.at + 1000))
        let values = points.flatMap { [Self.nats($0.harm), Self.nats($0.safety)] }
        let high = max(limits.harm, limits.safety) * 1.25
        range = (
            max(min(values.min() ?? 0, 0), -high), min(max(values.max() ?? 0, high), high * 2)
        )
    }

    /// The picture; times are seconds since the first look.
    var svg: String {
        let body =
            frame + steps + limit(limits.harm, "limit of harm", "#b3261e")
            + limit(limits.safety, "limit of safety", "#1d5fa8")
            + curve("#b3261e") { $0.harm } + curve("#1d5fa8") { $0.safety } + legend
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(Self.left)" y="24" font-size="15" fill="#1c1c1c">\(Self.escaped(title))</text>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    // MARK: Parts

    private var frame: [String] {
        var parts = [
            line(Self.left, Self.bottom, Self.right, Self.bottom, "#8a8a8a"),
            line(Self.left, Self.top, Self.left, Self.bottom, "#8a8a8a"),
            text(Self.left - 8, Self.top - 10, "nats", anchor: "end"),
        ]
        for place in 0...4 {
            let value = range.low + (range.high - range.low) * Double(place) / 4
            parts.append(text(Self.left - 8, y(value) + 4, Self.tenths(value), anchor: "end"))
            let seconds = Double(span.to - span.from) * Double(place) / 4000
            let x = Self.left + (Self.right - Self.left) * Double(place) / 4
            let words = span.to - span.from < 20_000 ? Self.tenths(seconds) : "\(Int(seconds))"
            parts.append(
                text(x, Self.bottom + 20, "\(words) s", anchor: place == 4 ? "end" : "middle"))
        }
        if range.low < 0 { parts.append(line(Self.left, y(0), Self.right, y(0), "#d8d8d8")) }
        return parts
    }

    /// A line where each step began, with its share.
    private var steps: [String] {
        var known: Int?
        return points.flatMap { point -> [String] in
            guard point.step != known else { return [] }
            known = point.step
            let share = shares.indices.contains(point.step) ? shares[point.step] : 0
            return [
                line(x(point.at), Self.top, x(point.at), Self.bottom, "#c4c4c4", dash: "2 4"),
                text(x(point.at) + 4, Self.top + 12, Share(perMille: share).text),
            ]
        }
    }

    private func limit(_ value: Double, _ name: String, _ colour: String) -> [String] {
        [
            line(Self.left, y(value), Self.right, y(value), colour, dash: "6 4"),
            text(
                Self.right, y(value) - 5, "\(name) \(Self.tenths(value))", anchor: "end",
                colour: colour),
        ]
    }

    /// One line for each step: the evidence of safety begins anew with it.
    private func curve(
        _ colour: String, _ value: (RolloutReplay.Point) -> LogEvidence
    ) -> [String] {
        Dictionary(grouping: points, by: \.step).sorted { $0.key < $1.key }.map { _, part in
            let path = part.map {
                let (x, y) = (x($0.at), y(Self.nats(value($0))))
                return "\(Self.tenths(x)),\(Self.tenths(y))"
            }
            return #"<polyline fill="none" stroke="\#(colour)" stroke-width="1.8" "#
                + #"points="\#(path.joined(separator: " "))"/>"#
        }
    }

    private var legend: [String] {
        [
            text(Self.left, Self.height - 12, "evidence of harm", colour: "#b3261e"),
            text(Self.left + 130, Self.height - 12, "evidence of safety", colour: "#1d5fa8"),
        ]
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String,
        dash: String? = nil
    ) -> String {
        #"<line x1="\#(Self.tenths(x1))" y1="\#(Self.tenths(y1))" x2="\#(Self.tenths(x2))" "#
            + #"y2="\#(Self.tenths(y2))" stroke="\#(colour)""#
            + (dash.map { #" stroke-dasharray="\#($0)""# } ?? "") + "/>"
    }

    private func text(
        _ x: Double, _ y: Double, _ words: String, anchor: String = "start",
        colour: String = "#4a4a4a"
    ) -> String {
        #"<text x="\#(Self.tenths(x))" y="\#(Self.tenths(y))" text-anchor="\#(anchor)" "#
            + #"fill="\#(colour)">\#(Self.escaped(words))</text>"#
    }

    // MARK: Numbers

    private func x(_ time: Int) -> Double {
        let part = Double(time - span.from) / Double(span.to - span.from)
        return Self.left + min(max(part, 0), 1) * (Self.right - Self.left)
    }

    private func y(_ value: Double) -> Double {
        let part = (min(max(value, range.low), range.high) - range.low) / (range.high - range.low)
        return Self.bottom - part * (Self.bottom - Self.top)
    }

    private static func nats(_ evidence: LogEvidence) -> Double {
        Double(evidence.millionths) / 1_000_000
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let rest = tenths.magnitude % 10
        return (tenths < 0 ? "-" : "") + "\(tenths.magnitude / 10)" + (rest == 0 ? "" : ".\(rest)")
    }

    private static func thinned(_ points: [RolloutReplay.Point]) -> [RolloutReplay.Point] {
        let every = max(1, points.count / mostPoints)
        return points.indices.filter { $0 % every == 0 || $0 == points.count - 1 }
            .map { points[$0] }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }
}
