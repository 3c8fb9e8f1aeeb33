/// What of a repository is ever looked at: these names at the root and all that is below them.
enum ReadPaths {
    private static let roots: Set<[UInt8]> = Set(
        [
            "fleet.yaml", "network.yaml", "simulation.yaml", "identities", "environments",
            "services", "flags", "experiments", "datasets",
        ].map { Array($0.utf8) })

    /// Whether an entry of the root folder is read.
    static func includes(root name: [UInt8]) -> Bool { roots.contains(name) }
}
