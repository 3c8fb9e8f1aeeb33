import AirlockModel
import CLibgit2

/// An open bare repository with its object database.
struct Repository: ~Copyable {
    let path: String
    private let handle: GitHandle
    private let database: GitHandle

    /// Opens the repository at exactly `path`, never one above it.
    init(opening path: String) throws(GitError) {
        let handle = try GitHandle("open", release: git_repository_free) {
            git_repository_open(&$0, path)
        }
        database = try Self.database(of: handle)
        self.handle = handle
        self.path = path
    }

    /// Makes an empty bare repository, or finishes making one.
    static func create(at path: String) throws(GitError) {
        var made: OpaquePointer?
        try GitError.check(git_repository_init(&made, path, 1), "create")
        git_repository_free(made)
    }

    private static func database(of handle: borrowing GitHandle) throws(GitError) -> GitHandle {
        try handle.with { repository throws(GitError) in
            try GitHandle("open the objects", release: git_odb_free) {
                git_repository_odb(&$0, repository)
            }
        }
    }

    /// From now on new objects are kept in memory by this handle alone; nothing is written to disk.
    borrowing func keepNewObjectsInMemory() throws(GitError) {
        /// Above the priorities of the loose (1) and the packed (2) backend.
        let highest: Int32 = 999
        try database.with { database throws(GitError) in
            var backend: UnsafeMutablePointer<git_odb_backend>?
            try GitError.check(git_mempack_new(&backend), "make a store in memory")
            // The database owns the backend from here on.
            try GitError.check(
                git_odb_add_backend(database, backend, highest), "add a store in memory")
        }
    }

    /// Lends the repository's pointer for the time of one call.
    borrowing func with<Value: ~Copyable, Failure>(
        _ body: (OpaquePointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try handle.with(body)
    }

    /// Adds an object to the store with the highest priority.
    borrowing func write(_ object: NewObject) throws(GitError) {
        var oid = git_oid()
        _ = try database.with { database throws(GitError) in
            let code = object.bytes.withUnsafeBytes { bytes in
                git_odb_write(&oid, database, bytes.baseAddress, bytes.count, object.kind.type)
            }
            try GitError.check(code, "keep an object in memory")
        }
    }

    /// Whether the object is there.
    borrowing func contains(_ id: GitObjectID) -> Bool {
        var oid = id.oid
        return database.with { git_odb_exists($0, &oid) == 1 }
    }

    /// The size in bytes that an object claims, without reading it.
    borrowing func size(of id: GitObjectID) throws(GitError) -> Int {
        var oid = id.oid
        var (size, type) = (0, GIT_OBJECT_INVALID)
        _ = try database.with { database throws(GitError) in
            try GitError.check(
                git_odb_read_header(&size, &type, database, &oid), "read object \(id.object)")
        }
        return size
    }

    /// The largest object, when it is larger than `bytes`; nil where none is, or where they cannot be listed.
    borrowing func largeObject(over bytes: Int) -> (id: GitObjectID, bytes: Int)? {
        struct Found {
            var database: OpaquePointer
            var oid = git_oid()
            var bytes: Int
        }
        return database.with { database in
            var found = Found(database: database, bytes: bytes)
            let code = withUnsafeMutablePointer(to: &found) { found in
                git_odb_foreach(
                    database,
                    { id, payload in
                        guard var oid = id?.pointee, let payload else { return 0 }
                        let found = payload.assumingMemoryBound(to: Found.self)
                        var (size, type) = (0, GIT_OBJECT_INVALID)
                        // One that cannot be looked at is not the one that is looked for.
                        if git_odb_read_header(&size, &type, found.pointee.database, &oid) == 0,
                            size > found.pointee.bytes
                        {
                            (found.pointee.oid, found.pointee.bytes) = (oid, size)
                        }
                        return 0
                    }, found)
            }
            return code == 0 && found.bytes > bytes ? (GitObjectID(found.oid), found.bytes) : nil
        }
    }

    /// The type and the bytes of an object; they are compared with its name.
    borrowing func read(
        _ id: GitObjectID
    ) throws(GitError) -> (type: git_object_t, bytes: [UInt8]) {
        var oid = id.oid
        return try database.with { database throws(GitError) in
            let object = try GitHandle("read object \(id.object)", release: git_odb_object_free) {
                git_odb_read(&$0, database, &oid)
            }
            return object.with { object in
                let bytes = UnsafeRawBufferPointer(
                    start: git_odb_object_data(object), count: git_odb_object_size(object))
                return (git_odb_object_type(object), Array(bytes))
            }
        }
    }

    /// Looks up a commit.
    borrowing func commit(_ id: CommitID) throws(GitError) -> GitHandle {
        var oid = GitObjectID(id).oid
        return try handle.with { repository throws(GitError) in
            try GitHandle("read commit \(id)", release: git_commit_free) {
                git_commit_lookup(&$0, repository, &oid)
            }
        }
    }

    /// The name of a commit's tree.
    borrowing func tree(of commit: CommitID) throws(GitError) -> GitObjectID {
        try self.commit(commit).with { pointer throws(GitError) in
            guard let oid = git_commit_tree_id(pointer) else {
                throw GitError(last: -1, doing: "read commit \(commit)")
            }
            return GitObjectID(oid.pointee)
        }
    }

    /// Whether `commit` has `ancestor` behind it; a commit descends from itself.
    borrowing func descends(
        _ commit: CommitID, from ancestor: CommitID
    ) throws(GitError) -> Bool {
        if commit == ancestor { return true }
        var (from, to) = (GitObjectID(commit).oid, GitObjectID(ancestor).oid)
        return try handle.with { repository throws(GitError) in
            try GitError.check(
                git_graph_descendant_of(repository, &from, &to),
                "compare commits \(commit) and \(ancestor)") == 1
        }
    }
}
