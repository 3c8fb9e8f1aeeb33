/// Where the mirror and what belongs to it lie in the state directory.
struct MirrorPaths: Hashable, Sendable {
    let state: String

    /// The bare repository that holds what was fetched.
    var repository: String { "\(state)/mirror.git" }
    /// Where the mirror keeps what it received.
    var packs: String { "\(repository)/objects/pack" }
    /// The repository while it is being made.
    var unfinished: String { "\(state)/mirror.git.new" }
    /// The first mirror that was put aside, until a commit could be read again; it may be the only one
    /// that holds the last good one.
    var aside: String { "\(state)/mirror.git.aside" }
    /// The mirror that was found to be damaged last.
    var damaged: String { "\(state)/mirror.git.damaged" }
    /// The copies of the audit log's checkpoints that servers have; can be removed and is fetched again.
    var log: String { "\(state)/log.git" }
    /// Which copy of the audit log was seen or pushed last.
    var logSeen: String { "\(state)/log.json" }
    /// Held by the one process that writes the mirror.
    var lock: String { "\(state)/mirror.lock" }
    /// The commit that is read; there only meanwhile, and where the process died of it.
    var reading: String { "\(state)/reading.json" }
    /// What was fetched when.
    var record: String { "\(state)/mirror.json" }
}
