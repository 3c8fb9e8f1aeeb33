import AirlockPorts
import CLibgit2

/// Takes a pack in pieces, checks it, and ends it when it is too large.
///
/// The pack gets its final name after it was flushed; a kill leaves a temporary file, which
/// ``StateFile/sweep(_:)`` removes at the next fetch.
/// libgit2 calls it on the thread of the fetch, which is the only one that has it.
final class PackReceiver {
    private let indexer: GitHandle
    private let maximumBytes: Int
    private var bytes = 0
    /// Pieces that libgit2 has not seen: a pack comes in two pieces an object, and each call maps the file.
    private var pending: [UInt8] = []
    private var progress = git_indexer_progress()
    private var failure: GitError?
    /// Whether what failed was the writing here, and not the reading of what is packed.
    private(set) var isOwnFailure = false
    /// Which cap was passed; nil while none was.
    private(set) var exceeded: SourceError?

    /// How many bytes are handed over at once.
    private static let batch = 1 << 20

    /// Opens a temporary file in the folder where the pack goes.
    init(into folder: String, maximumBytes: Int) throws(GitError) {
        self.maximumBytes = maximumBytes
        indexer = try GitHandle("write to \(folder)", release: git_indexer_free) {
            git_indexer_new(&$0, folder, 0, nil, nil)
        }
    }

    /// Takes the whole pack that `builder` makes.
    func receive(from builder: OpaquePointer) throws(GitError) {
        let payload = Unmanaged.passUnretained(self).toOpaque()
        let code = withExtendedLifetime(self) {
            git_packbuilder_foreach(
                builder,
                { piece, size, payload in
                    guard let piece, let payload else { return GIT_EUSER.rawValue }
                    return Unmanaged<PackReceiver>.fromOpaque(payload).takeUnretainedValue()
                        .take(piece, size)
                }, payload)
        }
        if let failure { throw failure }
        try GitError.check(code, "copy what is new")
        if append() < 0, let failure { throw failure }
        isOwnFailure = true
        try indexer.with { indexer throws(GitError) in
            _ = try GitError.check(git_indexer_commit(indexer, &progress), "keep what is new")
        }
        isOwnFailure = false
    }

    private func take(_ piece: UnsafeRawPointer, _ size: Int) -> Int32 {
        bytes += size
        guard bytes <= maximumBytes else {
            exceeded = .tooLarge(what: "the fetch", limit: GitLimits.bytes(maximumBytes))
            return GIT_EUSER.rawValue
        }
        pending.append(contentsOf: UnsafeRawBufferPointer(start: piece, count: size))
        return pending.count < Self.batch ? 0 : append()
    }

    /// Hands over what is pending.
    private func append() -> Int32 {
        guard !pending.isEmpty else { return 0 }
        defer { pending.removeAll(keepingCapacity: true) }
        return indexer.with { indexer in
            let code = pending.withUnsafeBytes {
                git_indexer_append(indexer, $0.baseAddress, $0.count, &progress)
            }
            if code < 0 {
                failure = GitError(last: code, doing: "write what is new")
                isOwnFailure = true
            }
            return code
        }
    }
}
