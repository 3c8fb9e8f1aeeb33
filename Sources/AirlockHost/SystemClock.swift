package import AirlockModel
import AirlockPorts
import FoundationEssentials
import Glibc

/// The machine's clocks: wall time, and a monotonic clock that goes on while the machine sleeps.
package struct SystemClock: AirlockClock {
    /// Longest wait between two looks at the clocks: how late a sleeper can notice that wall time
    /// was set forward or that the machine was suspended.
    package static let longestSlice: Duration = .seconds(10)

    private static let bootFile = "/proc/sys/kernel/random/boot_id"
    private let boot: BootID

    /// Reads which boot this is.
    ///
    /// - Throws: ``HostError/unreadable(path:reason:)`` where `/proc` is not mounted: without a boot
    ///   id, stored monotonic times of two boots could be mixed up.
    package init() throws(HostError) {
        do {
            let text = try String(contentsOfFile: Self.bootFile, encoding: .utf8)
            boot = BootID(String(text.prefix { !$0.isWhitespace }))
        } catch {
            throw .unreadable(path: Self.bootFile, reason: "\(error)")
        }
    }

    package func now() -> Moment {
        Moment(
            wall: Timestamp(milliseconds: Self.milliseconds(of: CLOCK_REALTIME)),
            monotonicMilliseconds: Self.milliseconds(of: CLOCK_BOOTTIME), boot: boot)
    }

    package func sleep(for duration: Duration) async throws {
        let start = now()
        let wakes = start.wall + duration
        while true {
            let moment = now()
            let remaining = min(duration - moment.elapsed(since: start), wakes - moment.wall)
            guard remaining > .zero else {
                try Task.checkCancellation()
                return
            }
            try await Task.sleep(for: min(remaining, Self.longestSlice))
        }
    }

    private static func milliseconds(of clock: clockid_t) -> Int {
        var time = timespec()
        let code = clock_gettime(clock, &time)
        precondition(code == 0, "clock_gettime refused a clock that every Linux has")
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
