import AirlockModel
import CLibgit2

extension Repository {
    /// The object that a reference names in the end; nil when there is no such reference.
    borrowing func target(of name: String) throws(GitError) -> CommitID? {
        try with { repository throws(GitError) in
            var oid = git_oid()
            let code = git_reference_name_to_id(&oid, repository, name)
            if code == GIT_ENOTFOUND.rawValue { return nil }
            try GitError.check(code, "read \(name)")
            return GitObjectID(oid).commit
        }
    }

    /// The full names of all references.
    borrowing func references() throws(GitError) -> [String] {
        try with { repository throws(GitError) in
            var names = git_strarray()
            try GitError.check(git_reference_list(&names, repository), "list references")
            defer { git_strarray_dispose(&names) }
            return UnsafeBufferPointer(start: names.strings, count: names.count)
                .compactMap { $0.map { String(cString: $0) } }
        }
    }

    /// Makes a reference, or moves it.
    borrowing func refer(_ name: String, to commit: CommitID) throws(GitError) {
        try with { repository throws(GitError) in
            var oid = GitObjectID(commit).oid
            var reference: OpaquePointer?
            try GitError.check(
                git_reference_create(&reference, repository, name, &oid, 1, nil), "write \(name)")
            git_reference_free(reference)
        }
    }

    /// Makes a reference that is not there, or moves one that is at `previous` and nowhere else.
    ///
    /// - Returns: False when it is not what it should be before.
    borrowing func refer(
        _ name: String, to commit: CommitID, from previous: CommitID?
    ) throws(GitError) -> Bool {
        try with { repository throws(GitError) in
            var oid = GitObjectID(commit).oid
            var reference: OpaquePointer?
            let code: Int32
            if let previous {
                var old = GitObjectID(previous).oid
                code = git_reference_create_matching(
                    &reference, repository, name, &oid, 1, &old, nil)
            } else {
                code = git_reference_create(&reference, repository, name, &oid, 0, nil)
            }
            if [GIT_EEXISTS, GIT_EMODIFIED, GIT_ENOTFOUND].contains(where: { $0.rawValue == code })
            {
                return false
            }
            try GitError.check(code, "write \(name)")
            git_reference_free(reference)
            return true
        }
    }

    /// Removes a reference; an absent one is no error.
    borrowing func removeReference(_ name: String) throws(GitError) {
        _ = try with { repository throws(GitError) in
            try GitError.check(git_reference_remove(repository, name), "remove \(name)")
        }
    }
}
