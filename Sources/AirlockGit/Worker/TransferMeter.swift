import AirlockPorts
import CLibgit2

/// Counts what a remote sends and ends the transfer when it is too much.
///
/// libgit2 calls it on the thread of the fetch, which is the only one that has it.
final class TransferMeter {
    private let maximumObjects: Int
    private let maximumBytes: Int
    /// Which cap was passed; nil while none was.
    private(set) var exceeded: SourceError?

    init(maximumObjects: Int, maximumBytes: Int) {
        self.maximumObjects = maximumObjects
        self.maximumBytes = maximumBytes
    }

    /// Sets the callback; the meter must live until the transfer has ended.
    func watch(_ callbacks: inout git_remote_callbacks) {
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.transfer_progress = { progress, payload in
            guard let progress, let payload else { return 0 }
            let meter = Unmanaged<TransferMeter>.fromOpaque(payload).takeUnretainedValue()
            return meter.note(progress.pointee)
        }
    }

    private func note(_ progress: git_indexer_progress) -> Int32 {
        let objects = Int(max(progress.total_objects, progress.received_objects))
        if objects > maximumObjects {
            exceeded = .tooLarge(what: "the fetch", limit: "\(maximumObjects) objects")
        } else if progress.received_bytes > maximumBytes {
            exceeded = .tooLarge(what: "the fetch", limit: GitLimits.bytes(maximumBytes))
        }
        return exceeded == nil ? 0 : GIT_EUSER.rawValue
    }
}
