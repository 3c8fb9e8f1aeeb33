import AirlockEngine
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Synchronization
import Testing

@Suite("telling a notifier that refuses something")
struct AlertTellingTests {
    /// Refuses what it is told of some lanes, and is there for so many tellings.
    private final class Picky: Notifier {
        let name = "picky"
        let repeats: Duration? = nil
        private let refuses: Set<String>
        private let tellings: Mutex<(left: Int, taken: [String])>

        init(refuses: Set<String>, tellings: Int = .max) {
            self.refuses = refuses
            self.tellings = Mutex((tellings, []))
        }

        var taken: [String] { tellings.withLock { $0.taken } }

        func tell(_ notices: [AlertNotice]) async throws(NotifierError) {
            let lanes = notices.map(\.alert.summary)
            let isThere = tellings.withLock { tellings in
                tellings.left -= 1
                return tellings.left >= 0
            }
            guard isThere else { throw .unavailable("gone") }
            guard refuses.isDisjoint(with: lanes) else { throw .refused("400") }
            tellings.withLock { $0.taken += lanes }
        }
    }

    private static let lanes = ["production/a", "production/b", "production/c"]

    private static var notices: [AlertNotice] {
        lanes.map { lane in
            AlertNotice(
                fleet: Build.fleetName("shop"),
                alert: Alert(
                    .rolloutRolledBack, of: .lane(Build.lane(lane)), summary: lane, evidence: "x",
                    advice: "look", since: Timestamp(milliseconds: 0)), status: .firing,
                at: Timestamp(milliseconds: 0))
        }
    }

    @Test("what it refuses holds up nothing else, and is given up")
    func one() async {
        let notifier = Picky(refuses: ["production/b"])
        let telling = await AlertTelling(Self.notices, to: notifier)
        #expect(notifier.taken == ["production/a", "production/c"])
        #expect(telling.told.count == 2 && telling.refused.map(\.alert.summary) == ["production/b"])
        #expect(telling.failure == nil)
    }

    @Test("one that refuses everything is told everything again")
    func all() async {
        let telling = await AlertTelling(Self.notices, to: Picky(refuses: Set(Self.lanes)))
        #expect(telling.told.isEmpty && telling.refused.isEmpty)
        #expect(telling.failure == .refused("400"))
        let alone = await AlertTelling([Self.notices[0]], to: Picky(refuses: Set(Self.lanes)))
        #expect(alone.refused.isEmpty && alone.failure == .refused("400"))
    }

    @Test("one that goes away in the middle is told the rest again")
    func away() async {
        let telling = await AlertTelling(
            Self.notices, to: Picky(refuses: ["production/b"], tellings: 3))
        #expect(telling.told.map(\.alert.summary) == ["production/a"])
        #expect(telling.refused.map(\.alert.summary) == ["production/b"])
        #expect(telling.failure == .unavailable("gone"))
    }
}
