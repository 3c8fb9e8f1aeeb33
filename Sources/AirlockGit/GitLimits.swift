/// The most that is ever read from a repository; what is over a limit is refused by name.
package struct GitLimits: Hashable, Sendable {
    /// Bytes of one blob.
    package var blobBytes = 1 << 20
    /// Bytes of all blobs of one ``GitSource/blobs(_:)`` call.
    package var totalBlobBytes = 256 << 20
    /// Bytes of one commit object with its message and signature.
    package var commitBytes = 1 << 20
    /// Bytes of one tree object.
    package var treeBytes = 64 << 20
    /// Levels of folders below the root.
    package var treeDepth = 64
    /// Tree entries looked at in one comparison.
    package var treeEntries = 1_000_000
    /// Bytes of one path.
    package var pathBytes = 4096
    /// Bytes of a name, an e-mail address or a subject that a commit gives; the rest is cut.
    package var textBytes = 512
    /// Parents of one commit.
    package var parents = 256
    /// Objects received in one fetch.
    package var fetchedObjects = 10_000_000
    /// Bytes received in one fetch.
    package var fetchedBytes = 4 << 30
    /// Longest wait for another process that writes the mirror, over all fetches of one plan.
    package var planLockWait = Duration.seconds(10)
    /// Time for which a branch fetched for a plan is kept.
    package var planAge = Duration.seconds(86_400)

    /// The limits that the documentation states.
    package static let standard = GitLimits()

    package init() {}

    /// Spells a number of bytes for a message: `1 MiB`, `300 bytes`.
    static func bytes(_ count: Int) -> String {
        switch count {
        case let count where count >= 1 << 30 && count.isMultiple(of: 1 << 30):
            "\(count >> 30) GiB"
        case let count where count >= 1 << 20 && count.isMultiple(of: 1 << 20):
            "\(count >> 20) MiB"
        case let count where count >= 1 << 10 && count.isMultiple(of: 1 << 10):
            "\(count >> 10) KiB"
        default: "\(count) bytes"
        }
    }
}
