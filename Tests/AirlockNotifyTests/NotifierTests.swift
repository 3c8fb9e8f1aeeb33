import AirlockHTTP
import AirlockModel
import AirlockNotify
import AirlockPorts
import AirlockTestSupport
import Crypto
import Foundation
import Testing

/// Alerts as they leave: what is in them, and what comes of an answer that is none.
@Suite("notifiers")
struct NotifierTests {
    private static let commit = Build.commit(10)

    private static func notice(
        _ status: AlertNotice.Status = .firing, at seconds: Int = 1_000_000, suppressed: Int = 0
    ) -> AlertNotice {
        AlertNotice(
            fleet: Build.fleetName("shop"),
            alert: Alert(
                .rolloutRolledBack, of: .lane(Build.lane("production/checkout")), commit: commit,
                summary: "production/checkout was rolled back",
                evidence: "error-rate: 7 bad of 600 on the canary, 290 of 59400 on stable",
                advice: "`airlock rollout retry production/checkout`",
                since: Timestamp(milliseconds: 999_000_000)), status: status,
            at: Timestamp(milliseconds: seconds * 1000), suppressed: suppressed)
    }

    private static func program(_ answer: String) throws -> ServerProgram {
        try ServerProgram("answers.py", files: ["answer.json": answer])
    }

    private static func asked(_ program: ServerProgram) throws -> (
        path: String, headers: [String: String], body: String
    ) {
        let line = try #require(try program.lines(of: "requests.jsonl").last)
        return (
            try #require(line["path"] as? String),
            try #require(line["headers"] as? [String: String]),
            try #require(line["body"] as? String)
        )
    }

    @Test("Alertmanager gets labels that stay the same, an end that lies ahead, and what to do")
    func alertmanager() async throws {
        let program = try Self.program("{}")
        let notifier = AlertmanagerNotifier(
            OutsideEndpoint(try program.address("answers")) { "sesame" })
        var labels: Set<String> = []
        for (notice, end) in [
            (Self.notice(), 1_000_240), (Self.notice(at: 1_000_060, suppressed: 3), 1_000_300),
            (Self.notice(.resolved, at: 1_000_090), 1_000_090),
        ] {
            try await notifier.tell([notice])
            let asked = try Self.asked(program)
            #expect(asked.path == "/api/v2/alerts")
            #expect(asked.headers["Authorization"] == "Bearer sesame")
            let alerts = try #require(
                JSONSerialization.jsonObject(with: Data(asked.body.utf8)) as? [[String: Any]])
            let alert = try #require(alerts.first)
            let named = try #require(alert["labels"] as? [String: String])
            labels.insert("\(named.sorted { $0.key < $1.key })")
            #expect(named["alertname"] == "RolloutRolledBack" && named["severity"] == "page")
            #expect(named["service"] == "checkout" && named["environment"] == "production")
            let annotations = try #require(alert["annotations"] as? [String: String])
            #expect(annotations["commit"] == Self.commit.description)
            #expect(annotations["description"]?.contains("7 bad of 600") == true)
            #expect(annotations["action"]?.contains("airlock rollout retry") == true)
            #expect(annotations["suppressed"] == (notice.suppressed > 0 ? "3" : nil))
            #expect(
                Timestamp(rfc3339: alert["endsAt"] as? String ?? "")?.milliseconds == end * 1000)
        }
        #expect(labels.count == 1)
    }

    @Test("each page of what is paged again is an alert of its own; all else is one as it stands")
    func pages() async throws {
        let program = try Self.program("{}")
        let notifier = AlertmanagerNotifier(OutsideEndpoint(try program.address("answers")))
        func labels(
            _ kind: Alert.Kind, since seconds: Int, at: Int
        ) async throws -> [String: String] {
            let alert = Alert(
                kind, of: nil, summary: "it stands", evidence: "", advice: "look",
                since: Timestamp(milliseconds: seconds * 1000))
            try await notifier.tell([
                AlertNotice(
                    fleet: Build.fleetName("shop"), alert: alert, status: .firing,
                    at: Timestamp(milliseconds: at * 1000))
            ])
            let body = Data(try Self.asked(program).body.utf8)
            let alerts = try #require(
                JSONSerialization.jsonObject(with: body) as? [[String: Any]])
            return try #require(alerts.first?["labels"] as? [String: String])
        }
        for kind in Alert.Kind.allCases {
            let first = try await labels(kind, since: 1_000_000, at: 1_000_000)
            #expect(try await labels(kind, since: 1_000_000, at: 1_000_600) == first)
            let second = try await labels(kind, since: 1_000_900, at: 1_000_900)
            let isPagedAnew = kind == .fleetStopped || kind == .healingNeedsPerson
            #expect((second != first) == isPagedAnew, "\(kind)")
            #expect(first["page"] == (isPagedAnew ? "1970-01-12T13:46:40.000Z" : nil))
        }
    }

    @Test(
        "a webhook's signature is HMAC-SHA256 over its time and its body, and its id stays the same"
    )
    func webhook() async throws {
        let program = try Self.program("{\"status\": 204}")
        let secret = Array("0123456789abcdef0123456789abcdef".utf8)
        let notifier = WebhookNotifier(
            OutsideEndpoint(try program.address("answers")), secret: { secret },
            now: { Timestamp(milliseconds: 1_700_000_000_500) })
        var ids: [String] = []
        for notice in [Self.notice(), Self.notice(at: 2_000_000), Self.notice(.resolved)] {
            try await notifier.tell([notice])
            let asked = try Self.asked(program)
            let signature = try #require(asked.headers["Airlock-Signature"])
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("1700000000.\(asked.body)".utf8), using: SymmetricKey(data: secret))
            #expect(signature == "t=1700000000,v1=\(Hex.encode(Array(code)))")
            let body = try #require(
                JSONSerialization.jsonObject(with: Data(asked.body.utf8)) as? [String: Any])
            #expect(body["v"] as? Int == 1)
            let alert = try #require((body["alerts"] as? [[String: Any]])?.first)
            ids.append(try #require(alert["id"] as? String))
        }
        #expect(ids[0] == ids[1] && ids[1] != ids[2])
    }

    @Test(
        "an answer that may pass by itself is told from one that never will",
        arguments: [
            (500, true), (503, true), (429, true), (400, false), (401, false), (302, false),
        ])
    func answers(_ status: Int, _ mayPass: Bool) async throws {
        let program = try Self.program("{\"status\": \(status), \"body\": \"why\"}")
        let notifier = AlertmanagerNotifier(OutsideEndpoint(try program.address("answers")))
        do {
            try await notifier.tell([Self.notice()])
            Issue.record("\(status) was taken for good")
        } catch {
            if case .unavailable = error {
                #expect(mayPass)
            } else {
                #expect(!mayPass)
            }
        }
    }

    @Test("nothing leaves this machine over plain http unless it may")
    func plain() async throws {
        let far = try #require(HTTPAddress("http://192.0.2.1:9093"))
        await #expect(throws: NotifierError.self) {
            try await AlertmanagerNotifier(OutsideEndpoint(far)).tell([Self.notice()])
        }
    }
}

/// Alertmanager of Debian's package.
@Suite("a real Alertmanager", .serialized)
struct RealAlertmanagerTests {
    @Test("shows one alert however often it is told, and none when it is over")
    func deduplicates() async throws {
        let program = try ServerProgram(
            "monitoring.py", files: ["traffic.json": "{\"slots\": {}}"])
        let address = try program.address("alertmanager")
        let notifier = AlertmanagerNotifier(OutsideEndpoint(address))
        func notice(_ status: AlertNotice.Status) -> AlertNotice {
            let now = Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000))
            return AlertNotice(
                fleet: Build.fleetName("shop"),
                alert: Alert(
                    .laneFailing, of: .lane(Build.lane("production/checkout")),
                    summary: "it fails", evidence: "refused: no", advice: "look",
                    since: Timestamp(milliseconds: now.milliseconds - 60_000)), status: status,
                at: now)
        }
        func shown() async throws -> [[String: Any]] {
            let answer = try await WebClient.send(
                WebRequest(
                    .get, "\(address)/api/v2/alerts?active=true", limit: .seconds(5),
                    maximumBytes: 1 << 20))
            return try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]])
        }
        for _ in 0..<5 { try await notifier.tell([notice(.firing)]) }
        let alerts = try await shown()
        #expect(alerts.count == 1, "\(alerts)")
        let labels = try #require(alerts.first?["labels"] as? [String: String])
        #expect(labels["alertname"] == "LaneFailing" && labels["lane"] == "production/checkout")
        try await notifier.tell([notice(.resolved)])
        #expect(try await shown().isEmpty)
    }

    @Test("tells a person of each page of a stop, and nothing of the tellings between two pages")
    func pages() async throws {
        let program = try ServerProgram(
            "monitoring.py", files: ["traffic.json": "{\"slots\": {}}"])
        let notifier = AlertmanagerNotifier(
            OutsideEndpoint(try program.address("alertmanager")))
        let now = Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000))
        func tell(since: Timestamp) async throws {
            try await notifier.tell([
                AlertNotice(
                    fleet: Build.fleetName("shop"),
                    alert: Alert(
                        .fleetStopped, of: nil, summary: "everything is stopped", evidence: "",
                        advice: "thaw", since: since), status: .firing, at: now)
            ])
        }
        /// The pages in each notification, once there are so many.
        func notified(_ count: Int) async throws -> [[String]] {
            let end = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < end {
                let lines = try program.lines(of: "notified.jsonl")
                if lines.count >= count {
                    return try lines.map { line in
                        let alerts = try #require(line["alerts"] as? [[String: Any]])
                        return alerts.compactMap { ($0["labels"] as? [String: String])?["page"] }
                            .sorted()
                    }
                }
                try await Task.sleep(for: .milliseconds(200))
            }
            Issue.record("there were no \(count) notifications within 60 s")
            return []
        }
        let (first, second) = (now + .seconds(-900), now)
        for _ in 0..<3 { try await tell(since: first) }
        #expect(try await notified(1) == [[first.rfc3339]])
        for _ in 0..<3 { try await tell(since: first) }
        try await tell(since: second)
        #expect(try await notified(2) == [[first.rfc3339], [first.rfc3339, second.rfc3339]])
    }
}
