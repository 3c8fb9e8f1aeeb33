import AirlockModel
import AirlockPorts

/// What a process knows of the branch, for those who write to git.
extension SourceKeeper {
    /// What is known of the branch.
    enum Standing {
        /// The remote was not asked yet, or its head is being read.
        case unasked
        case unknown(String)
        /// What is in force is the head that the remote had at the last look, or one before it.
        case known
    }

    /// What is known of the branch now.
    func standing() async -> Standing {
        if let fetchFault { return .unknown(fetchFault) }
        guard let head = fetched?.commit else { return .unasked }
        if head == accepted?.id { return .known }
        guard let refused, refused.commit == head else { return .unasked }
        // One that dropped the root has nothing of what is in force.
        return switch await droppedRoot(of: head) {
        case .success(nil): .known
        case .success: .unknown(refused.why)
        case .failure(let error): .unknown("git: \(error.phrase)")
        }
    }

    /// Whether an environment stays on a commit that the newest one does not descend from.
    func isBehind(_ environment: EnvironmentName) -> Bool {
        fleet(for: environment)?.id != accepted?.id
    }
}
