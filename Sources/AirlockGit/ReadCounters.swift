/// What was read from the object database since the start; it proves that work follows the change.
package struct ReadCounters: Hashable, Sendable {
    /// Tree objects read.
    package var trees = 0
    /// Blob objects read.
    package var blobs = 0

    package init() {}
}
