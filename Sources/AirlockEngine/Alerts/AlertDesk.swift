import AirlockModel
import AirlockPorts
import Logging

/// Tells notifiers what stands. Nothing waits for it, and no rollout fails by it.
///
/// It asks what stands rather than being told what happened: the answer comes from durable records and
/// from what runs, so that a restart tells the same alerts and a lost telling is made up for.
actor AlertDesk {
    /// What stands in the whole fleet now.
    typealias Question = @Sendable () async -> (fleet: FleetName, alerts: [Alert])?

    /// Time between two looks at what stands.
    private static let interval = Duration.seconds(2)
    /// Alerts that are kept at the most; the first by severity and age.
    private static let most = 10_000

    /// One notifier, and what it has been told.
    private struct Receiver {
        let notifier: any Notifier
        var line: AlertLine
        var backoff = Backoff()
        /// One telling at a time: the next is made of what this one came to.
        let turns = Turns()
    }

    private var receivers: [Receiver]
    private let clock: any AirlockClock
    private let logger: Logger

    init(_ notifiers: [any Notifier], clock: any AirlockClock, logger: Logger) {
        receivers = notifiers.map {
            Receiver(notifier: $0, line: AlertLine(repeats: $0.repeats))
        }
        self.clock = clock
        self.logger = logger
    }

    /// Tells until cancelled; each notifier in its own time.
    func run(_ question: @escaping Question) async {
        await withDiscardingTaskGroup { group in
            for index in receivers.indices {
                group.addTask {
                    while await self.rest(index) { await self.tell(index, question) }
                }
            }
        }
    }

    /// Tells each notifier once what has come up since `start` and what is over, before the process ends. What
    /// stood before is left to a process that stays: one for each commit would tell it each time.
    func tellLast(since start: Timestamp, _ question: @escaping Question) async {
        await withDiscardingTaskGroup { group in
            for index in receivers.indices {
                group.addTask { await self.tell(index, question, since: start) }
            }
        }
    }

    /// - Returns: False when it was cancelled.
    private func rest(_ index: Int) async -> Bool {
        let rest = max(Self.interval, receivers[index].backoff.rest(now: clock.now()))
        do { try await clock.sleep(for: rest) } catch { return false }
        return true
    }

    /// - Parameter start: From when on an alert has to stand to be told; nil for all.
    private func tell(_ index: Int, _ question: Question, since start: Timestamp? = nil) async {
        let (notifier, turns) = (receivers[index].notifier, receivers[index].turns)
        await turns.enter()
        defer { turns.leave() }
        guard let found = await question() else { return }
        let standing = Dictionary(
            found.alerts.sorted(by: AlertLine.isBefore).prefix(Self.most)
                .map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        let notices = receivers[index].line.due(
            standing, of: found.fleet, now: clock.now(), since: start)
        guard !notices.isEmpty else { return }
        let telling = await AlertTelling(notices, to: notifier)
        receivers[index].line.note(telling.told + telling.refused, now: clock.now())
        for notice in telling.refused {
            logger.error(
                "a notice is given up, its receiver takes others and refuses this one",
                metadata: [
                    "notifier": "\(notifier.name)", "alert": "\(notice.alert.kind.rawValue)",
                    "scope": "\(notice.alert.scope.map(String.init(describing:)) ?? "fleet")",
                ])
        }
        guard let failure = telling.failure else {
            receivers[index].backoff = Backoff()
            return
        }
        logger.warning(
            "nobody is told",
            metadata: ["notifier": "\(notifier.name)", "reason": "\(failure.phrase)"])
        receivers[index].backoff.fail(name: notifier.name, now: clock.now())
    }
}
