import AirlockEngine
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("what a notifier is told")
struct AlertLineTests {
    private static let fleet = Build.fleetName("shop")
    private static let checkout = Build.lane("production/checkout")

    private static func moment(_ seconds: Int) -> Moment {
        Moment(
            wall: Timestamp(milliseconds: seconds * 1000), monotonicMilliseconds: seconds * 1000,
            boot: BootID("boot"))
    }

    private static func alert(
        _ kind: Alert.Kind = .rolloutRolledBack, _ lane: LaneID = checkout, since: Int = 0,
        evidence: String = "7 bad of 600"
    ) -> Alert {
        Alert(
            kind, of: .lane(lane), summary: "\(lane)", evidence: evidence, advice: "look",
            since: Timestamp(milliseconds: since * 1000))
    }

    private static func standing(_ alerts: [Alert]) -> [Alert.Key: Alert] {
        Dictionary(uniqueKeysWithValues: alerts.map { ($0.key, $0) })
    }

    /// Tells what is due and notes it.
    private static func tell(
        _ line: inout AlertLine, _ alerts: [Alert], at seconds: Int
    ) -> [AlertNotice] {
        let notices = line.due(standing(alerts), of: fleet, now: moment(seconds))
        line.note(notices, now: moment(seconds))
        return notices
    }

    @Test("an alert is told once when it begins, again as the notifier asks, and when it is over")
    func once() {
        var line = AlertLine(repeats: .seconds(60))
        #expect(Self.tell(&line, [Self.alert()], at: 10).map(\.status) == [.firing])
        for second in 11..<70 {
            let alert = Self.alert(evidence: "\(second) bad")
            #expect(Self.tell(&line, [alert], at: second).isEmpty)
        }
        let again = Self.tell(&line, [Self.alert(evidence: "99 bad")], at: 70)
        #expect(again.map(\.alert.evidence) == ["99 bad"])
        #expect(Self.tell(&line, [], at: 71).map(\.status) == [.resolved])
        #expect(Self.tell(&line, [], at: 72).isEmpty)
    }

    @Test("the same trouble of another time is another alert")
    func anew() {
        var line = AlertLine(repeats: nil)
        #expect(Self.tell(&line, [Self.alert(since: 1)], at: 10).count == 1)
        #expect(Self.tell(&line, [Self.alert(since: 9)], at: 11).count == 1)
        #expect(Self.tell(&line, [Self.alert(since: 9)], at: 100_000).isEmpty)
    }

    @Test("what was not told because the notifier was away is told later, and paid for once")
    func away() {
        var line = AlertLine(repeats: nil)
        for second in 0..<100 {
            let due = line.due(
                Self.standing([Self.alert()]), of: Self.fleet, now: Self.moment(second))
            #expect(due.count == 1 && due[0].suppressed == 0)
        }
        #expect(Self.tell(&line, [Self.alert()], at: 100).count == 1)
        #expect(Self.tell(&line, [Self.alert()], at: 101).isEmpty)
    }

    @Test("a lane that flaps is held back, and what was held back is counted in the next telling")
    func flapping() {
        var line = AlertLine(repeats: nil)
        var told: [AlertNotice] = []
        for second in 0..<600 {
            let alerts = second % 2 == 0 ? [Self.alert(since: second)] : []
            told += Self.tell(&line, alerts, at: second)
        }
        // Six at once, and one in each of ten minutes' halves.
        #expect((6...9).contains(told.count), "\(told.count)")
        let late = Self.tell(&line, [Self.alert(since: 5_000)], at: 5_000)
        #expect(told.contains { $0.suppressed > 100 } || late.contains { $0.suppressed > 100 })
        #expect(Self.tell(&line, [], at: 5_001).allSatisfy { $0.suppressed == 0 })
    }

    @Test("one lane's noise holds up no other, and an outage of hundreds is told at a steady pace")
    func outage() {
        var line = AlertLine(repeats: nil)
        let lanes = (0..<300).map { Self.alert(.laneFailing, Build.lane("production/s\($0)")) }
        let first = Self.tell(&line, lanes, at: 1)
        #expect(first.count <= 64 && first.count >= 50)
        var count = first.count
        for second in 2..<600 { count += Self.tell(&line, lanes, at: second).count }
        #expect(count == 300)
    }

    @Test("pages come before tickets")
    func order() {
        var line = AlertLine(repeats: nil)
        let told = Self.tell(
            &line,
            [
                Self.alert(.signalsDown, since: 1), Self.alert(.rolloutRolledBack, since: 5),
                Self.alert(.rolloutUndecided, since: 0),
            ], at: 10)
        #expect(
            told.map(\.alert.kind) == [.rolloutRolledBack, .rolloutUndecided, .signalsDown])
    }
}
