import AirlockModel
import CLibgit2

/// The 20 bytes of an object name, as libgit2 passes them.
struct GitObjectID: Hashable {
    let bytes: [UInt8]

    init(_ id: CommitID) { bytes = Hex.decode(id.description) ?? [] }
    init(_ id: ObjectID) { bytes = Hex.decode(id.description) ?? [] }

    /// The name with these 20 bytes.
    init(bytes: [UInt8]) {
        precondition(bytes.count == 20, "a name of 20 bytes")
        self.bytes = bytes
    }

    init(_ oid: git_oid) {
        bytes = withUnsafeBytes(of: oid) { Array($0) }
    }

    var oid: git_oid {
        var oid = git_oid()
        withUnsafeMutableBytes(of: &oid) { $0.copyBytes(from: bytes) }
        return oid
    }

    /// The name in hexadecimal digits, as a commit's.
    var commit: CommitID {
        guard let id = CommitID(Hex.encode(bytes)) else {
            preconditionFailure("a name of 20 bytes")
        }
        return id
    }

    /// The name in hexadecimal digits, as a blob's or a tree's.
    var object: ObjectID {
        guard let id = ObjectID(Hex.encode(bytes)) else {
            preconditionFailure("a name of 20 bytes")
        }
        return id
    }
}
