package import AirlockModel
import AirlockPorts
internal import Synchronization

/// A clock that moves only when a test moves it; sleepers wake in the order of their times.
package final class ManualClock: AirlockClock {
    private struct Sleeper {
        let wakes: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Hands {
        var moment: Moment
        var nextSleeper = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let hands: Mutex<Hands>

    /// Starts at 2026-01-01T00:00:00Z unless told otherwise.
    package init(wall: Timestamp = Timestamp(milliseconds: 1_767_225_600_000)) {
        let moment = Moment(wall: wall, monotonicMilliseconds: 0, boot: BootID("boot-1"))
        hands = Mutex(Hands(moment: moment))
    }

    package func now() -> Moment { hands.withLock { $0.moment } }

    /// How many wait for their time.
    package var sleeping: Int { hands.withLock { $0.sleepers.count } }

    /// Moves wall and monotonic time together and wakes whoever is due.
    package func advance(by duration: Duration) {
        shift(wall: duration, monotonic: duration)
    }

    /// Sets the wall clock without monotonic time passing, as a person or a time server does.
    package func step(wall duration: Duration) { shift(wall: duration, monotonic: .zero) }

    /// Starts monotonic time anew under another boot.
    package func reboot() {
        hands.withLock { hands in
            let boot = BootID(hands.moment.boot.text + "'")
            hands.moment = Moment(wall: hands.moment.wall, monotonicMilliseconds: 0, boot: boot)
        }
    }

    package func sleep(for duration: Duration) async throws {
        let number = hands.withLock { hands in
            hands.nextSleeper += 1
            return hands.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let verdict: Result<Void, any Error>? = hands.withLock { hands in
                    if hands.cancelled.remove(number) != nil {
                        return .failure(CancellationError())
                    }
                    guard duration > .zero else { return .success(()) }
                    let wakes = hands.moment.monotonicMilliseconds + duration.milliseconds
                    hands.sleepers[number] = Sleeper(wakes: wakes, continuation: continuation)
                    return nil
                }
                if let verdict { continuation.resume(with: verdict) }
            }
        } onCancel: {
            let sleeper = hands.withLock { hands in
                let sleeper = hands.sleepers.removeValue(forKey: number)
                if sleeper == nil { hands.cancelled.insert(number) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private func shift(wall: Duration, monotonic: Duration) {
        let due = hands.withLock { hands in
            hands.moment = Moment(
                wall: hands.moment.wall + wall,
                monotonicMilliseconds: hands.moment.monotonicMilliseconds
                    + monotonic.milliseconds,
                boot: hands.moment.boot)
            let due = hands.sleepers
                .filter { $0.value.wakes <= hands.moment.monotonicMilliseconds }
                .sorted { ($0.value.wakes, $0.key) < ($1.value.wakes, $1.key) }
            for (number, _) in due { hands.sleepers[number] = nil }
            return due
        }
        for (_, sleeper) in due { sleeper.continuation.resume() }
    }
}
