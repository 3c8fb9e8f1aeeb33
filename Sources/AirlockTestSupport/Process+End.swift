package import Foundation
import Glibc

extension Process {
    /// Waits until the program has ended.
    ///
    /// Foundation's own wait spins for ever when it missed the end, as it does now and then where many
    /// programs start and end at the same time. Whoever collects the process first knows how it ended.
    ///
    /// - Returns: Its exit code, or 128 and the number of the signal that ended it; 127 where it never began.
    package func end() -> Int32 {
        guard processIdentifier > 0 else { return 127 }
        var status: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(processIdentifier, &status, 0) } while found < 0 && errno == EINTR
        guard found == processIdentifier else {
            // Foundation collected it and is about to say so.
            while isRunning { sched_yield() }
            return terminationReason == .exit ? terminationStatus : 128 + terminationStatus
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
