import AirlockModel
import AirlockPorts
import CLibgit2

/// A git object that the mirror does not have.
struct NewObject: Hashable {
    /// Git's word for its type.
    enum Kind { case blob, tree, commit }

    let kind: Kind
    let bytes: [UInt8]
}

/// Makes the objects of a new commit in memory: files, the folders above them, the commit itself.
struct CommitBuilder {
    let limits: GitLimits
    /// Everything that is new, each before what refers to it.
    private(set) var objects: [NewObject] = []

    init(limits: GitLimits) { self.limits = limits }

    /// What a folder shall have under one name.
    private enum Edit {
        /// Nil removes the file.
        case file([UInt8]?)
        case folder([String: Edit])
    }

    /// The folders of `parent` with files changed; a folder that gets empty goes.
    ///
    /// - Parameter parent: Nil begins with nothing.
    /// - Throws: ``SourceError/failed(_:)`` for a path that git would not take, or one that names a folder.
    mutating func tree(
        parent: CommitID?, changing files: [String: [UInt8]?], in repository: borrowing Repository
    ) throws(SourceError) -> GitObjectID {
        var base: GitObjectID?
        if let parent {
            base = try GitSource.translating(repository) { repository throws(GitError) in
                try repository.tree(of: parent)
            }
        }
        var edits: [String: Edit] = [:]
        for (path, content) in files {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(
                String.init)
            guard parts.allSatisfy(Self.isPlain), Self.insert(content, at: parts[...], into: &edits)
            else { throw .failed("\(path) cannot be a file of a commit") }
        }
        return try folder(base, edits, in: repository, path: "")
            ?? add(.tree, [])
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.lowercased() != ".git"
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func insert(
        _ content: [UInt8]?, at path: ArraySlice<String>, into edits: inout [String: Edit]
    ) -> Bool {
        guard let name = path.first else { return false }
        guard path.count > 1 else {
            guard edits[name] == nil else { return false }
            edits[name] = .file(content)
            return true
        }
        var inner: [String: Edit] = [:]
        switch edits[name] {
        case .file: return false
        case .folder(let known): inner = known
        case nil: break
        }
        guard insert(content, at: path.dropFirst(), into: &inner) else { return false }
        edits[name] = .folder(inner)
        return true
    }

    /// - Returns: Nil when nothing is left in the folder.
    private mutating func folder(
        _ base: GitObjectID?, _ edits: [String: Edit], in repository: borrowing Repository,
        path: String
    ) throws(SourceError) -> GitObjectID? {
        var entries: [[UInt8]: RawTree.Entry] = [:]
        if let base {
            for entry in try RawTree(base, in: repository, limit: limits.treeBytes).entries {
                entries[entry.name] = entry
            }
        }
        for (name, edit) in edits.sorted(by: { $0.key < $1.key }) {
            let (bytes, old) = (Array(name.utf8), entries[Array(name.utf8)])
            switch edit {
            case .file(let content):
                guard old?.isTree != true else { throw .failed("\(path)\(name) is a folder") }
                entries[bytes] = content.map { content in
                    RawTree.Entry(
                        name: bytes, object: add(.blob, content),
                        mode: old?.kind == .file
                            ? old?.mode ?? 0 : UInt32(GIT_FILEMODE_BLOB.rawValue))
                }
            case .folder(let inner):
                guard old == nil || old?.isTree == true else {
                    throw .failed("\(path)\(name) is a file")
                }
                let made = try folder(
                    old?.object, inner, in: repository, path: "\(path)\(name)/")
                entries[bytes] = made.map {
                    RawTree.Entry(
                        name: bytes, object: $0, mode: UInt32(GIT_FILEMODE_TREE.rawValue))
                }
            }
        }
        guard !entries.isEmpty else { return nil }
        let ordered = entries.values.sorted { $0.precedes($1) }
        return add(.tree, ordered.flatMap(\.spelled))
    }

    /// The bytes of a commit object without a signature.
    static func payload(_ draft: CommitDraft, tree: GitObjectID) -> [UInt8] {
        let person =
            "\(draft.author.name) <\(draft.author.email)> \(draft.time.milliseconds / 1000) +0000"
        var lines = ["tree \(tree.object)"]
        if let parent = draft.parent { lines.append("parent \(parent)") }
        lines += ["author \(person)", "committer \(person)", "", draft.message]
        var text = lines.joined(separator: "\n")
        if !text.hasSuffix("\n") { text += "\n" }
        return Array(text.utf8)
    }

    /// Adds the commit, with its signature as the last header.
    mutating func commit(_ payload: [UInt8], signature: String?) -> CommitID {
        guard let signature, let end = Self.headerEnd(payload) else {
            return add(.commit, payload).commit
        }
        // A header goes on in lines that begin with a space.
        let lines = signature.split(separator: "\n").joined(separator: "\n ")
        let header = Array("gpgsig \(lines)\n".utf8)
        return add(.commit, Array(payload[..<end]) + header + payload[end...]).commit
    }

    /// Where the empty line stands after the headers.
    private static func headerEnd(_ payload: [UInt8]) -> Int? {
        let newline = UInt8(ascii: "\n")
        return payload.indices.dropLast().first {
            payload[$0] == newline && payload[$0 + 1] == newline
        }.map { $0 + 1 }
    }

    private mutating func add(_ kind: NewObject.Kind, _ bytes: [UInt8]) -> GitObjectID {
        let object = NewObject(kind: kind, bytes: bytes)
        if !objects.contains(object) { objects.append(object) }
        return object.name
    }
}

extension RawTree.Entry {
    /// The entry as it stands in a folder object.
    fileprivate var spelled: [UInt8] {
        Array("\(String(mode, radix: 8)) ".utf8) + name + [0] + object.bytes
    }
}

extension NewObject {
    /// The name that git gives these bytes.
    var name: GitObjectID {
        var oid = git_oid()
        let code = bytes.withUnsafeBytes { bytes in
            git_odb_hash(&oid, bytes.baseAddress, bytes.count, kind.type)
        }
        precondition(code == 0, "bytes in memory can be hashed")
        return GitObjectID(oid)
    }
}

extension NewObject.Kind {
    var type: git_object_t {
        switch self {
        case .blob: GIT_OBJECT_BLOB
        case .tree: GIT_OBJECT_TREE
        case .commit: GIT_OBJECT_COMMIT
        }
    }
}
