import Foundation
import Testing

/// Commits that come faster than they can be carried out.
@Suite("a burst of commits") struct BurstTests {
    @Test("of two hundred the newest wins, no lane waits on another's, and nothing is half applied")
    func newestWins() async throws {
        let stage = try await Stage()
        let reconciler = try await stage.startReconciler()
        try await stage.must("reconcile", "--wait", "120s")
        // One lane is on a way that takes an hour; the others must not notice.
        try stage.commit(
            "slow", ["services/web/staging.yaml": Shop.release("api", "9.0.0", deadline: "2h")])
        for number in 0..<200 {
            // The burst is in its midst when the first of its commits is in force.
            if number == 100 {
                try await Wait.until("a commit of the burst is in force") {
                    try await stage.entries("commit.accepted").count > 2
                }
            }
            try stage.commit("\(number)", Shop.api(number.isMultiple(of: 2) ? "1.1.0" : "1.2.0"))
        }
        let head = try stage.git("rev-parse", "HEAD")
        try await Wait.until("the newest commit is settled", within: .seconds(180)) {
            let lane = try await stage.lane("production/api")
            let status = try await stage.must("status", "-o", "json").json()
            return status["commit"] as? String == head && lane["state"] as? String == "settled"
                && lane["version"] as? String == "1.2.0"
        }
        let slow = try await stage.lane("staging/web")
        #expect(slow["state"] as? String == "changing" && slow["version"] as? String == "1.0.0")
        reconciler.signal(SIGTERM)
        #expect(try await reconciler.outcome(within: .seconds(180)).code == 0)
        try await stage.must("audit", "verify")
        try await KillTests.checkEffects(stage)
    }
}
