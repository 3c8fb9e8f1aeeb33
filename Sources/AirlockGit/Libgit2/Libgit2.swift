import AirlockPorts
import CLibgit2

/// The library itself: started once per process, with nothing of the machine's configuration.
package enum Libgit2 {
    /// The version of the library that is loaded, such as `1.5.1`.
    package static var version: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        git_libgit2_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    /// Makes the library ready; every door of this target calls it first.
    ///
    /// - Throws: ``SourceError/failed(_:)`` when the library refuses an option.
    static func start() throws(SourceError) {
        if let failure { throw .failed(failure) }
    }

    /// Nil when the library was started with all options set.
    private static let failure: String? = {
        guard git_libgit2_init() >= 0 else { return "libgit2 did not start" }
        // A global `insteadOf` reroutes even a URL given in code, so all four levels are emptied.
        let levels = [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL,
        ]
        var codes = levels.map { alk_git_empty_search_path($0.rawValue) }
        codes += [alk_git_validate_owner(1), alk_git_fsync(1), alk_git_verify_hashes(1)]
        codes += [alk_git_pack_objects(GitLimits.standard.fetchedObjects)]
        return codes.allSatisfy { $0 == 0 } ? nil : "libgit2 \(version) refused an option"
    }()
}
