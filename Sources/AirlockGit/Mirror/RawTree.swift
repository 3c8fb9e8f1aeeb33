import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One folder as git stores it.
struct RawTree {
    let entries: [Entry]

    struct Entry {
        let name: [UInt8]
        let object: GitObjectID
        let mode: UInt32

        var isTree: Bool { mode == GIT_FILEMODE_TREE.rawValue }

        /// Nil for a folder and for a mode that git does not know.
        var kind: TreeEntry.Kind? {
            switch mode {
            case GIT_FILEMODE_BLOB.rawValue, GIT_FILEMODE_BLOB_EXECUTABLE.rawValue, 0o100664: .file
            case GIT_FILEMODE_LINK.rawValue: .symlink
            case GIT_FILEMODE_COMMIT.rawValue: .submodule
            default: nil
            }
        }

        /// Git's order of entries: by bytes, a folder as if its name ended in `/`.
        func precedes(_ other: Entry) -> Bool {
            var (index, left, right) = (0, UInt8(0), UInt8(0))
            while true {
                left = byte(index)
                right = other.byte(index)
                if left != right { return left < right }
                if index >= name.count && index >= other.name.count { return false }
                index += 1
            }
        }

        private func byte(_ index: Int) -> UInt8 {
            if index < name.count { return name[index] }
            return index == name.count && isTree ? UInt8(ascii: "/") : 0
        }
    }

    static let empty = RawTree(entries: [])
    private init(entries: [Entry]) { self.entries = entries }

    /// Reads a tree object of at most `limit` bytes; its entries must be in git's order.
    init(
        _ id: GitObjectID, in repository: borrowing Repository, limit: Int
    ) throws(SourceError) {
        let path = repository.path
        do throws(GitError) {
            guard try repository.size(of: id) <= limit else {
                throw GitError(code: GIT_EINVALID.rawValue, category: GIT_ERROR_NONE, doing: "")
            }
            var oid = id.oid
            entries = try repository.with { repository throws(GitError) in
                let tree = try GitHandle("read folder \(id.object)", release: git_tree_free) {
                    git_tree_lookup(&$0, repository, &oid)
                }
                return tree.with(Self.copy)
            }
        } catch {
            if error.category == Int32(GIT_ERROR_NONE.rawValue) {
                throw .tooLarge(what: "folder object \(id.object)", limit: GitLimits.bytes(limit))
            }
            throw error.reading(path)
        }
        guard zip(entries, entries.dropFirst()).allSatisfy({ $0.precedes($1) }) else {
            throw .failed("folder object \(id.object) is not in git's order; rewrite that commit")
        }
    }

    private static func copy(_ tree: OpaquePointer) -> [Entry] {
        (0..<git_tree_entrycount(tree)).map { index in
            guard let entry = git_tree_entry_byindex(tree, index),
                let name = git_tree_entry_name(entry), let oid = git_tree_entry_id(entry)
            else { preconditionFailure("an index below the count has an entry") }
            let bytes = UnsafeBufferPointer(start: name, count: strlen(name))
            return Entry(
                name: bytes.map(UInt8.init(bitPattern:)), object: GitObjectID(oid.pointee),
                mode: UInt32(git_tree_entry_filemode_raw(entry).rawValue))
        }
    }
}
