import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

/// One folder as git stores it: entries `MODE NAME\0` with 20 bytes of an object's name, in git's order.
///
/// Entries are made of the bytes only where they are asked for: of two folders with 25,000 entries that
/// differ in one, that one is.
struct RawTree {
    private let bytes: [UInt8]
    private let spans: [Span]

    /// Where one entry lies.
    private struct Span {
        let start: Int
        let name: Range<Int>
        let mode: UInt32

        /// The end of the object's name.
        var end: Int { name.upperBound + 1 + RawTree.objectBytes }
    }

    private static let objectBytes = 20

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
    }

    /// How bytes are no folder of git.
    enum Misfit: Error {
        case malformed
        case unordered
    }

    /// Finds the entries in the bytes of a folder.
    init(_ bytes: [UInt8]) throws(Misfit) {
        guard let spans = bytes.withUnsafeBytes({ Self.spans(of: $0) }) else { throw .malformed }
        guard bytes.withUnsafeBytes({ Self.isOrdered(spans, in: $0) }) else { throw .unordered }
        (self.bytes, self.spans) = (bytes, spans)
    }

    /// Reads a tree object of at most `limit` bytes; its entries must be in git's order.
    init(
        _ id: GitObjectID, in repository: borrowing Repository, limit: Int
    ) throws(SourceError) {
        let path = repository.path
        let bytes: [UInt8]
        do throws(GitError) {
            guard try repository.size(of: id) <= limit else {
                throw GitError(code: GIT_EINVALID.rawValue, category: GIT_ERROR_NONE, doing: "")
            }
            let object = try repository.read(id)
            guard object.type == GIT_OBJECT_TREE else {
                throw GitError(
                    code: GIT_EINVALID.rawValue, category: GIT_ERROR_TREE,
                    doing: "read folder \(id.object)", text: "it is not a folder")
            }
            bytes = object.bytes
        } catch {
            if error.category == Int32(GIT_ERROR_NONE.rawValue) {
                throw .tooLarge(what: "folder object \(id.object)", limit: GitLimits.bytes(limit))
            }
            throw error.reading(path)
        }
        do throws(Misfit) { try self.init(bytes) } catch {
            switch error {
            case .malformed:
                throw .corrupt("folder object \(id.object) in \(path) is not what git writes")
            case .unordered:
                throw .unacceptable(
                    "folder object \(id.object) is not in git's order, or has a name twice; "
                        + "commit that folder anew")
            }
        }
    }

    /// The number of entries.
    var count: Int { spans.count }

    /// Every entry, in git's order.
    var entries: [Entry] { spans.map(entry) }

    /// The entries of both folders between those that they begin and end with alike.
    static func differing(_ old: RawTree, _ new: RawTree) -> (old: [Entry], new: [Entry]) {
        var (start, ends) = (0, (old: old.spans.count, new: new.spans.count))
        old.bytes.withUnsafeBytes { oldBytes in
            new.bytes.withUnsafeBytes { newBytes in
                func isSame(_ left: Span, _ right: Span) -> Bool {
                    let length = left.end - left.start
                    guard length == right.end - right.start, let one = oldBytes.baseAddress,
                        let other = newBytes.baseAddress
                    else { return false }
                    return memcmp(one + left.start, other + right.start, length) == 0
                }
                while start < min(ends.old, ends.new), isSame(old.spans[start], new.spans[start]) {
                    start += 1
                }
                while min(ends.old, ends.new) > start,
                    isSame(old.spans[ends.old - 1], new.spans[ends.new - 1])
                {
                    ends = (ends.old - 1, ends.new - 1)
                }
            }
        }
        return (
            old.spans[start..<ends.old].map(old.entry), new.spans[start..<ends.new].map(new.entry)
        )
    }

    private func entry(_ span: Span) -> Entry {
        Entry(
            name: Array(bytes[span.name]),
            object: GitObjectID(bytes: Array(bytes[(span.name.upperBound + 1)..<span.end])),
            mode: span.mode)
    }

    /// Where the entries lie; nil when the bytes are no folder.
    private static func spans(of bytes: UnsafeRawBufferPointer) -> [Span]? {
        var spans: [Span] = []
        // An entry has at least a mode of five digits, a space, a byte of name and a zero.
        spans.reserveCapacity(bytes.count / (objectBytes + 24))
        var place = 0
        while place < bytes.count {
            let start = place
            var mode: UInt32 = 0
            while place < bytes.count, (0x30...0x37).contains(bytes[place]), place - start < 7 {
                mode = mode << 3 | UInt32(bytes[place] - 0x30)
                place += 1
            }
            guard place > start, place < bytes.count, bytes[place] == 0x20 else { return nil }
            place += 1
            guard let base = bytes.baseAddress,
                let end = memchr(base + place, 0, bytes.count - place)
            else { return nil }
            let zero = UnsafeRawPointer(end) - base
            guard zero > place, zero + objectBytes < bytes.count else { return nil }
            spans.append(Span(start: start, name: place..<zero, mode: mode))
            place = zero + 1 + objectBytes
        }
        return spans
    }

    /// Git's order of entries: by bytes, a folder as if its name ended in `/`; none twice.
    private static func isOrdered(_ spans: [Span], in bytes: UnsafeRawBufferPointer) -> Bool {
        zip(spans, spans.dropFirst()).allSatisfy { left, right in
            guard let base = bytes.baseAddress else { return false }
            let shared = min(left.name.count, right.name.count)
            let order = memcmp(
                base + left.name.lowerBound, base + right.name.lowerBound, shared)
            if order != 0 { return order < 0 }
            return next(left, shared, bytes) < next(right, shared, bytes)
        }
    }

    /// The byte that counts in git's order at `offset`: after the name `/` for a folder, else nothing.
    private static func next(
        _ span: Span, _ offset: Int, _ bytes: UnsafeRawBufferPointer
    ) -> UInt8 {
        if offset < span.name.count { return bytes[span.name.lowerBound + offset] }
        return span.mode == GIT_FILEMODE_TREE.rawValue ? UInt8(ascii: "/") : 0
    }
}

extension RawTree.Entry {
    /// Git's order of entries: by bytes, a folder as if its name ended in `/`.
    func precedes(_ other: RawTree.Entry) -> Bool {
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
