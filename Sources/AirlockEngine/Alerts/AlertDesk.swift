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

    private let notifiers: [any Notifier]
    private let clock: any AirlockClock
    private let logger: Logger

    init(_ notifiers: [any Notifier], clock: any AirlockClock, logger: Logger) {
        self.notifiers = notifiers
        self.clock = clock
        self.logger = logger
    }

    /// Tells until cancelled; each notifier in its own time.
    func run(_ question: @escaping Question) async {
        await withDiscardingTaskGroup { group in
            for notifier in notifiers {
                group.addTask { await self.tell(notifier, question) }
            }
        }
    }

    private nonisolated func tell(_ notifier: any Notifier, _ question: Question) async {
        var line = AlertLine(repeats: notifier.repeats)
        var backoff = Backoff()
        while !Task.isCancelled {
            let rest = max(Self.interval, backoff.rest(now: clock.now()))
            do { try await clock.sleep(for: rest) } catch { return }
            guard let found = await question() else { continue }
            let standing = Dictionary(
                found.alerts.sorted(by: AlertLine.isBefore).prefix(Self.most)
                    .map { ($0.key, $0) }, uniquingKeysWith: { $1 })
            let notices = line.due(standing, of: found.fleet, now: clock.now())
            guard !notices.isEmpty else { continue }
            let telling = await AlertTelling(notices, to: notifier)
            line.note(telling.told + telling.refused, now: clock.now())
            for notice in telling.refused {
                logger.error(
                    "a notice is given up, its receiver takes others and refuses this one",
                    metadata: [
                        "notifier": "\(notifier.name)", "alert": "\(notice.alert.kind.rawValue)",
                        "scope": "\(notice.alert.scope.map(String.init(describing:)) ?? "fleet")",
                    ])
            }
            guard let failure = telling.failure else {
                backoff = Backoff()
                continue
            }
            logger.warning(
                "nobody is told",
                metadata: ["notifier": "\(notifier.name)", "reason": "\(failure.phrase)"])
            backoff.fail(name: notifier.name, now: clock.now())
        }
    }
}
