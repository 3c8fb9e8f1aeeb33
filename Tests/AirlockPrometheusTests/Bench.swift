import AirlockAnalysis
import AirlockModel
import AirlockPorts
import AirlockPrometheus
import AirlockTestSupport
import Foundation
import Synchronization
import Testing

/// A server that says what it is told to, and one question to it.
struct Bench {
    static let lane = Build.lane("production/checkout")
    static let target = Build.slot("checkout", 2).id
    static let base = Build.slot("checkout", 1).id

    let program: ServerProgram
    private let access: MetricsAccess
    let address: HTTPAddress
    let now: Timestamp

    init(_ access: MetricsAccess = MetricsAccess()) throws {
        let now = Timestamp(milliseconds: 1_800_000_002_000)
        self.now = now
        program = try ServerProgram("answers.py", files: ["answer.json": "{}"])
        address = try program.address("answers")
        self.access = access
    }

    /// Servers that nothing is known of yet: one that failed rests.
    func servers() -> PrometheusServers { PrometheusServers(access: access) { [now] in now } }

    /// Seconds since 1970 of the newest step that is asked for.
    var last: Int { now.milliseconds / 1000 - 2 }

    static func queries(
        _ others: [SignalQueries.Signal: SignalQuery] = [:],
        instance: String = SignalQueries.scrapedInstance, named: [SignalQueries.Named] = []
    ) throws -> SignalQueries {
        SignalQueries(
            requests: try SignalQuery("requests_total{slot=\"$slot\"}"),
            errors: try SignalQuery("errors_total{slot=\"$slot\"}"), instance: instance,
            others: others, named: named)
    }

    /// What the server says to a question about the last `steps` steps of 5 s.
    func ask(
        _ answer: [String: Any], steps: Int = 2,
        _ others: [SignalQueries.Signal: SignalQuery] = [:], of servers: PrometheusServers? = nil,
        named: [SignalQueries.Named] = []
    ) async throws -> (target: [SecondCounters], base: [SecondCounters]) {
        try prepare(answer)
        let from = Timestamp(milliseconds: (last - steps * 5) * 1000)
        let source = (servers ?? self.servers()).source(
            at: MetricsServer(address: address, every: .seconds(5)),
            asking: try Self.queries(others, named: named))
        return try await source.counters(
            of: Self.lane,
            for: SignalQuestion(
                target: Self.target, base: Self.base, from: from, to: now,
                sharedSince: Timestamp(milliseconds: from.milliseconds - 60_000)))
    }

    /// What the server says about a target without traffic over the last `steps` steps, and what it was asked.
    func idle(
        _ answer: [String: Any], steps: Int = 2,
        _ others: [SignalQueries.Signal: SignalQuery], named: [SignalQueries.Named]
    ) async throws -> (counters: [SecondCounters], asked: String) {
        try prepare(answer)
        let from = Timestamp(milliseconds: (last - steps * 5) * 1000)
        let source = servers().source(
            at: MetricsServer(address: address, every: .seconds(5)),
            asking: try Self.queries(others, named: named))
        let found = try await source.counters(
            of: Self.lane,
            for: SignalQuestion(
                target: Self.target, base: nil,
                bounded: try ["memory", "queue"].map { try #require(SignalName($0)) }, from: from,
                to: now,
                sharedSince: Timestamp(milliseconds: from.milliseconds - 60_000)))
        #expect(found.base.isEmpty)
        return (found.target, try program.lines(of: "requests.jsonl").map { "\($0)" }.joined())
    }

    /// What the server says about the target by itself over the last `steps` steps.
    func history(
        _ answer: [String: Any], steps: Int, named: [SignalQueries.Named] = []
    ) async throws -> [SecondCounters] {
        try prepare(answer)
        let source = servers().source(
            at: MetricsServer(address: address, every: .seconds(5)),
            asking: try Self.queries(named: named))
        return try await source.counters(
            of: Self.lane, slot: Self.target, from: beginning(of: steps), to: now)
    }

    /// What it says about the target's instances over the last `steps` steps.
    func instances(
        _ answer: [String: Any], steps: Int = 2,
        _ others: [SignalQueries.Signal: SignalQuery] = [:],
        label: String = SignalQueries.scrapedInstance
    ) async throws -> [InstanceCounters]? {
        try prepare(answer)
        let source = servers().source(
            at: MetricsServer(address: address, every: .seconds(5)),
            asking: try Self.queries(others, instance: label))
        return try await source.instances(
            of: Self.lane, slot: Self.target, from: beginning(of: steps), to: now)
    }

    /// When a question about a slot by itself has to begin, to be of that many whole steps.
    private func beginning(of steps: Int) -> Timestamp {
        Timestamp(milliseconds: (last - (steps + 1) * 5) * 1000)
    }

    private func prepare(_ answer: [String: Any]) throws {
        // The server's clock is compared with this one.
        let answer = answer.merging(["time": now.milliseconds / 1000]) { $1 }
        let bytes = try JSONSerialization.data(withJSONObject: answer)
        try program.write(String(decoding: bytes, as: UTF8.self), to: "answer.json")
    }

    /// A matrix; values end at the newest step, and nil is a step without one.
    func matrix(
        _ series: [(mark: String, labels: [String: String], values: [String?])]
    ) throws -> [String: Any] { ["body": try body(series, until: last)] }

    /// The same as text; values end at `end`, in seconds since 1970.
    func body(
        _ series: [(mark: String, labels: [String: String], values: [String?])], until end: Int
    ) throws -> String {
        let rows = series.map { one -> [String: Any] in
            let first = end - (one.values.count - 1) * 5
            let values = one.values.enumerated().compactMap { place, value -> [Any]? in
                value.map { [first + place * 5, $0] }
            }
            return [
                "metric": one.labels.merging(["airlock": one.mark]) { $1 }, "values": values,
            ]
        }
        let body: [String: Any] = [
            "status": "success", "data": ["resultType": "matrix", "result": rows],
        ]
        let bytes = try JSONSerialization.data(withJSONObject: body)
        return String(decoding: bytes, as: UTF8.self)
    }
}
