package import AirlockModel
package import AirlockPorts
import CLibgit2

/// A new repository with one commit, for `airlock init`.
package enum FirstRepository {
    /// The branch that is made.
    private static let branch = "main"

    /// Makes `folder` a repository and commits files that lie in it.
    ///
    /// - Parameter paths: Relative to `folder`.
    /// - Returns: The commit, which is the fleet's trust root.
    /// - Throws: ``SourceError/failed(_:)``.
    package static func commit(
        _ folder: String, paths: [String], author: (name: String, email: String), message: String
    ) throws(SourceError) -> CommitID {
        try Libgit2.start()
        do throws(GitError) {
            return try make(folder, paths, author, message)
        } catch {
            throw .failed("\(error.doing): \(error.text)")
        }
    }

    private static func make(
        _ folder: String, _ paths: [String], _ author: (name: String, email: String),
        _ message: String
    ) throws(GitError) -> CommitID {
        let repository = try GitHandle(
            "make a repository in \(folder)", release: git_repository_free
        ) { made in
            var options = git_repository_init_options()
            git_repository_init_options_init(
                &options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
            options.flags = GIT_REPOSITORY_INIT_MKPATH.rawValue
            return branch.withCString { name in
                options.initial_head = name
                return git_repository_init_ext(&made, folder, &options)
            }
        }
        let tree = try repository.with { pointer throws(GitError) -> git_oid in
            try Self.tree(pointer, paths)
        }
        let signature = try GitHandle("sign as \(author.name)", release: releaseSignature) { made in
            var signature: UnsafeMutablePointer<git_signature>?
            let code = git_signature_now(&signature, author.name, author.email)
            made = signature.map { OpaquePointer($0) }
            return code
        }
        return try repository.with { pointer throws(GitError) -> CommitID in
            try signature.with { person throws(GitError) -> CommitID in
                try commit(pointer, tree, UnsafePointer(person), message)
            }
        }
    }

    /// Stages the files and gives the tree's name.
    private static func tree(
        _ repository: OpaquePointer, _ paths: [String]
    ) throws(GitError) -> git_oid {
        let index = try GitHandle("open the index", release: git_index_free) {
            git_repository_index(&$0, repository)
        }
        return try index.with { index throws(GitError) -> git_oid in
            for path in paths {
                try GitError.check(git_index_add_bypath(index, path), "add \(path)")
            }
            var name = git_oid()
            try GitError.check(git_index_write_tree(&name, index), "write the tree")
            try GitError.check(git_index_write(index), "write the index")
            return name
        }
    }

    private static func commit(
        _ repository: OpaquePointer, _ tree: git_oid, _ person: UnsafePointer<git_signature>,
        _ message: String
    ) throws(GitError) -> CommitID {
        var name = tree
        let found = try GitHandle("read the tree", release: git_tree_free) {
            git_tree_lookup(&$0, repository, &name)
        }
        return try found.with { tree throws(GitError) -> CommitID in
            var made = git_oid()
            try GitError.check(
                git_commit_create(
                    &made, repository, "HEAD", person, person, nil, message, tree, 0, nil),
                "commit")
            return GitObjectID(made).commit
        }
    }

    private static func releaseSignature(_ pointer: OpaquePointer?) {
        git_signature_free(pointer.map { UnsafeMutablePointer($0) })
    }
}
