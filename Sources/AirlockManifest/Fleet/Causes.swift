package import AirlockModel

/// Which commit of a first-parent line changed each path last.
package struct Causes: Sendable {
    private var paths: [String: (place: Int, commit: CommitID)] = [:]
    private var length = 0

    /// None: whoever asks has one commit for all.
    package init() {}

    /// Notes the next commit of the line and the paths that it changed.
    package mutating func add(_ commit: CommitID, changing changed: some Sequence<String>) {
        for path in changed { paths[path] = (length, commit) }
        length += 1
    }

    /// The commit that came last among those that changed one of `paths`; nil when none did.
    func last(changing paths: some Sequence<String>) -> CommitID? {
        paths.compactMap { self.paths[$0] }.max { $0.place < $1.place }?.commit
    }
}
