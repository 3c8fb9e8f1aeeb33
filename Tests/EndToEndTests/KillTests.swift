import Foundation
import Testing

/// SIGKILL is safe at any moment.
@Suite("kill") struct KillTests {
    /// `Scripts/soak kills` asks for other moments each time.
    private static let salt =
        ProcessInfo.processInfo.environment["AIRLOCK_KILLS_SEED"].flatMap { Int($0) } ?? 0

    /// Where in a deploy the process is killed, in milliseconds after it was asked for.
    private static func moments(_ count: Int) -> [Int] {
        // A fixed sequence that is spread over the first half second (multiplier of Knuth's MMIX).
        var seed = UInt64(20_261 + salt)
        return (0..<count).map { _ in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % 500
        }
    }

    @Test("after a kill at any moment the next start converges, and nothing was done twice")
    func killed() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let versions = ["1.1.0", "1.2.0"]
        for (round, moment) in Self.moments(14).enumerated() {
            let version = versions[round % 2]
            try stage.commit("api \(version), round \(round)", Shop.api(version))
            let victim = try stage.start(["reconcile", "--wait", "120s"])
            try await Task.sleep(for: .milliseconds(moment))
            victim.signal(SIGKILL)
            _ = try await victim.outcome(within: .seconds(180))
            let next = try await stage.airlock("reconcile", "--wait", "120s")
            #expect(next.code == 0, "round \(round), \(moment) ms: \(next.output)\(next.errors)")
            let lane = try await stage.lane("production/api")
            #expect(lane["version"] as? String == version && lane["healthy"] as? Int == 1)
            let verified = try await stage.airlock("audit", "verify")
            #expect(verified.code == 0, "round \(round), \(moment) ms: \(verified.errors)")
        }
        #expect(try await stage.must("plan").output.contains("No changes"))
        try await Self.checkEffects(stage)
    }

    /// Processes that the long test kills; `Scripts/soak kills` asks for other moments.
    private static let kills = 100

    @Test(
        "a hundred kills in deploys, switches, removals and restarts lose nothing and double nothing"
    )
    func hundredKills() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        let web = Shop.files["services/web/staging.yaml"]
        var killed = 0
        // Those that ended before their moment came do not count.
        for (round, moment) in Self.moments(Self.kills * 5).enumerated() where killed < Self.kills {
            let version = round % 2 == 0 ? "1.1.0" : "1.2.0"
            switch round % 4 {
            case 0: try stage.commit("round \(round)", Shop.api(version))
            case 1: try stage.commit("round \(round)", Shop.api(version, strategy: Shop.switching))
            case 2: try stage.commit("round \(round)", ["services/web/staging.yaml": nil])
            default: try stage.commit("round \(round)", ["services/web/staging.yaml": web])
            }
            // Half of the victims are restarts: what they find is what the one before left.
            for _ in 0...(round % 2) {
                let victim = try stage.start(["reconcile", "--wait", "120s"])
                try await Task.sleep(for: .milliseconds(moment))
                victim.signal(SIGKILL)
                if try await victim.outcome(within: .seconds(180)).code == 128 + SIGKILL {
                    killed += 1
                }
            }
            if round % 10 == 9 { try await stage.must("audit", "verify") }
        }
        #expect(killed >= Self.kills, "only \(killed) died by the signal")
        try await stage.must("reconcile", "--wait", "120s")
        #expect(try await stage.must("plan").output.contains("No changes"))
        try await stage.must("audit", "verify")
        try await Self.checkEffects(stage)
    }

    @Test("a running reconciler that is killed again and again loses nothing")
    func runner() async throws {
        let stage = try await Stage()
        for (round, moment) in Self.moments(6).enumerated() {
            let run = try await stage.startReconciler()
            try stage.commit("round \(round)", Shop.api(round % 2 == 0 ? "1.1.0" : "1.2.0"))
            try await Task.sleep(for: .milliseconds(moment))
            run.signal(SIGKILL)
            _ = try await run.outcome(within: .seconds(180))
        }
        #expect(try await stage.airlock("reconcile", "--wait", "120s").code == 0)
        #expect(try await stage.lane("production/api")["version"] as? String == "1.2.0")
        #expect(try await stage.must("audit", "verify").code == 0)
        try await Self.checkEffects(stage)
    }

    /// Holds what the world was told against the audit log.
    static func checkEffects(_ stage: Stage) async throws {
        let world = try String(
            contentsOfFile: stage.state + "/simulator/world.jsonl", encoding: .utf8)
        var applied: [String: Int] = [:]
        var delivered: Set<String> = []
        for line in world.split(separator: "\n")
        where line.contains("\"applied\"") || line.contains("\"noEffect\"") {
            // Each line starts with its checksum.
            let json = line.drop { $0 != "{" }
            let record = try JSONSerialization.jsonObject(with: Data(json.utf8))
            let key = try #require(Self.find("key", in: record) as? String)
            delivered.insert(key)
            if line.contains("\"applied\"") { applied[key, default: 0] += 1 }
        }
        #expect(!applied.isEmpty)
        #expect(applied.values.allSatisfy { $0 == 1 }, "an order was carried out twice")
        let intended = try await stage.entries("intended").compactMap {
            ($0["detail"] as? [String: String])?["key"]
        }
        let unknown = applied.keys.filter { !intended.contains($0) }
        #expect(unknown.isEmpty, "the world was told what the log does not hold")
        let settled = try await stage.entries("settled").compactMap { $0["about"] as? Int }
        #expect(Set(settled).count == settled.count, "an intent was ended twice")
        let done = try await stage.entries("settled").filter {
            ["done", "done before", "seen done"].contains($0["outcome"] as? String)
        }.compactMap { ($0["detail"] as? [String: String])?["key"] }
        let lost = Set(done).subtracting(delivered)
        #expect(lost.isEmpty, "the log calls done what the world was never told")
        let open = try await stage.entries("intended").count - settled.count
        #expect(open == 0, "\(open) intents have no end")
    }

    /// The first value under `name` anywhere in a JSON tree.
    private static func find(_ name: String, in tree: Any) -> Any? {
        if let object = tree as? [String: Any] {
            if let value = object[name] { return value }
            return object.sorted { $0.key < $1.key }.lazy.compactMap { find(name, in: $0.value) }
                .first
        }
        return (tree as? [Any])?.lazy.compactMap { find(name, in: $0) }.first
    }
}
