/// Where the mirror and what belongs to it lie in the state directory.
struct MirrorPaths: Hashable, Sendable {
    let state: String

    /// The bare repository that holds what was fetched.
    var repository: String { "\(state)/mirror.git" }
    /// Where the mirror keeps what it received.
    var packs: String { "\(repository)/objects/pack" }
    /// The repository while it is being made.
    var unfinished: String { "\(state)/mirror.git.new" }
    /// The mirror that was found to be damaged last.
    var damaged: String { "\(state)/mirror.git.damaged" }
    /// Held by the one process that writes the mirror.
    var lock: String { "\(state)/mirror.lock" }
    /// What was fetched when.
    var record: String { "\(state)/mirror.json" }
}
