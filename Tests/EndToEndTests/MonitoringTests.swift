import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

/// The program beside a real Prometheus and a real Alertmanager, with a webhook that keeps what it gets.
@Suite("real monitoring", .serialized) struct MonitoringTests {
    private static let canary = "{canary: {steps: [10%, 100%], hold: 1m}}"

    private static func slot(_ version: String) throws -> SlotID {
        let artifact = try #require(ArtifactReference(Shop.artifact("web", version)))
        let api = try #require(UnitName("api"))
        return SlotSpec(
            artifact: artifact, config: ["LOG_LEVEL": .plain("info")],
            template: Template(
                port: 8080, health: HealthCheck(path: "/healthz", every: .seconds(5)),
                resources: Resources(milliCPU: 100, memoryBytes: 64 << 20), calls: [api])
        ).id
    }

    /// Traffic of 1.0.0 at 500 requests/s and of 1.1.0 at 50, with these errors.
    private static func traffic(errors: Double) throws -> String {
        """
        {"slots": {"\(try slot("1.0.0"))": {"instances": 3, "rate": 500, "errors": 0.01},
                   "\(try slot("1.1.0"))": {"instances": 2, "rate": 50, "errors": \(errors)}},
         "fault": ""}
        """
    }

    private let stage: Stage
    private let program: ServerProgram

    init() async throws {
        stage = try await Stage()
        program = try ServerProgram(
            "monitoring.py", files: ["traffic.json": try Self.traffic(errors: 0.01)])
    }

    /// A reconciler with production/web at 1.0.0, judged by Prometheus, and a canary of 1.1.0 on its way.
    private func release() async throws -> RunningProgram {
        try stage.commit(
            "measured",
            [
                "environments/production.yaml": """
                tier: production
                provider: {simulated: {}}
                signals: {prometheus: {url: "\(try program.address("prometheus"))", every: 1s}}

                """,
                "services/web/service.yaml": Shop.service("web", calls: "[api]") + """
                    signals:
                      requests: 'shop_requests_total{slot="$slot"}'
                      errors: 'sum by (instance) (last_over_time(shop_errors_total{slot="$slot"}[$window]))'
                      memory: 'shop_memory_bytes{slot="$slot"}'

                    """,
            ])
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit(
            "a new one",
            [
                "services/web/production.yaml": Shop.release("web", "1.1.0", replicas: 2)
                    .replacingOccurrences(
                        of: "{allAtOnce: {deadline: 20s}}",
                        with: Self.canary + "\nrollback: {memory: {above: 1Gi, for: 10s}}")
            ])
        let secret = stage.root + "/secret"
        try stage.shell("openssl rand -hex 32 > \(secret) && chmod 600 \(secret)")
        return try await stage.startReconciler(environment: [
            "AIRLOCK_ALERTMANAGER": try program.address("alertmanager").description,
            "AIRLOCK_WEBHOOK": try program.address("webhook").description,
            "AIRLOCK_WEBHOOK_SECRET_FILE": secret,
        ])
    }

    /// The alerts of a kind that Alertmanager shows.
    private func alerts(_ kind: String) throws -> [[String: Any]] {
        let url = "\(try program.address("alertmanager"))/api/v2/alerts?active=true"
        let text = try stage.shell(
            "/usr/bin/python3 -c 'import sys, urllib.request as u; "
                + "print(u.urlopen(sys.argv[1]).read().decode())' '\(url)'")
        let all = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        return try #require(all).filter {
            ($0["labels"] as? [String: String])?["alertname"] == kind
        }
    }

    /// The messages about alerts of a kind that the webhook got, and whether each is signed.
    private func messages(
        _ kind: String
    ) throws -> [(status: String, isSigned: Bool, annotations: [String: String])] {
        try program.lines(of: "webhook.jsonl").flatMap { line in
            let body = try #require(line["body"] as? String)
            let signature = try #require(line["signature"] as? String)
            let parts = signature.split(separator: ",").map(String.init)
            let file = stage.root + "/signed"
            try (parts[0].dropFirst(2) + "." + body)
                .write(toFile: file, atomically: true, encoding: .utf8)
            let code = try stage.shell(
                "openssl dgst -sha256 -hmac \"$(cat \(stage.root)/secret)\" < \(file)")
            let isSigned = "v1=" + (code.split(separator: " ").last ?? "") == parts[1]
            let message = try JSONSerialization.jsonObject(with: Data(body.utf8))
            let alerts = (message as? [String: Any])?["alerts"] as? [[String: Any]] ?? []
            return alerts.filter {
                ($0["labels"] as? [String: String])?["alertname"] == kind
            }.map {
                (
                    $0["status"] as? String ?? "", isSigned,
                    $0["annotations"] as? [String: String] ?? [:]
                )
            }
        }
    }

    @Test("a bad canary goes back, Alertmanager shows it once, the webhook is signed, and it ends")
    func rolledBack() async throws {
        try program.write(try Self.traffic(errors: 0.3), to: "traffic.json")
        let run = try await release()
        let commit = try stage.git("rev-parse", "HEAD")
        try await Wait.until("the canary is given up", within: .seconds(180)) {
            try await stage.must("history", "production/web").output.contains("rolled back")
        }
        let history = try await stage.must("history", "production/web").output
        #expect(history.contains("evidence of harm"), "\(history)")
        try await Wait.until("both are told") {
            try alerts("RolloutRolledBack").count == 1
                && messages("RolloutRolledBack").count == 1
        }
        let alert = try #require(try alerts("RolloutRolledBack").first)
        let labels = try #require(alert["labels"] as? [String: String])
        let annotations = try #require(alert["annotations"] as? [String: String])
        #expect(labels["lane"] == "production/web" && labels["severity"] == "page")
        #expect(annotations["commit"] == commit)
        #expect(annotations["description"]?.contains("bad of") == true, "\(annotations)")
        #expect(annotations["action"]?.contains("airlock rollout retry production/web") == true)
        let message = try #require(try messages("RolloutRolledBack").first)
        #expect(
            message.isSigned && message.status == "firing" && message.annotations == annotations)
        try stage.commit(
            "back", ["services/web/production.yaml": Shop.release("web", "1.0.0", replicas: 2)])
        try await Wait.until("it is over for both") {
            try alerts("RolloutRolledBack").isEmpty
                && messages("RolloutRolledBack").map(\.status) == ["firing", "resolved"]
        }
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
    }

    @Test(
        "a Prometheus that dies in the middle holds the rollout: nothing is promoted or rolled back"
    )
    func killed() async throws {
        let run = try await release()
        func status() async throws -> String {
            try await stage.must("rollout", "status", "production/web").output
        }
        try await Wait.until("it is judged", within: .seconds(180)) {
            try await status().contains("evidence of harm")
        }
        program.command("kill prometheus")
        try await Wait.until("it waits for numbers") {
            try await status().contains("nothing is concluded")
        }
        try program.write(try Self.traffic(errors: 0.9), to: "traffic.json")
        let held = try await status()
        #expect(held.contains("10% of the traffic") && held.contains("undecided"), "\(held)")
        #expect(held.contains("\nmissing  "), "why it did not answer is told: \(held)")
        #expect(!(try await stage.must("history", "production/web").output.contains("rolled back")))
        // When it is back, what the canary does then is judged.
        program.command("start prometheus")
        try await Wait.until("the canary is given up", within: .seconds(180)) {
            try await stage.must("history", "production/web").output.contains("rolled back")
        }
        run.signal(SIGTERM)
        _ = try await run.outcome(within: .seconds(180))
    }
}
