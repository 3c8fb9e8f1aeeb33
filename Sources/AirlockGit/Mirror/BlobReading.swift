import AirlockModel
import AirlockPorts
import CLibgit2

extension Repository {
    /// The bytes of one file.
    ///
    /// - Throws: ``SourceError/tooLarge(what:limit:)`` before anything over the cap is read.
    borrowing func blob(
        _ id: ObjectID, limits: GitLimits
    ) throws(SourceError) -> [UInt8] {
        guard let bytes = try smallBlob(id, limits: limits) else {
            throw .tooLarge(what: "blob \(id)", limit: GitLimits.bytes(limits.blobBytes))
        }
        return bytes
    }

    /// The bytes of one file; nil, with nothing read, where they are over the cap.
    borrowing func smallBlob(
        _ id: ObjectID, limits: GitLimits
    ) throws(SourceError) -> [UInt8]? {
        let name = GitObjectID(id)
        do throws(GitError) {
            guard try size(of: name) <= limits.blobBytes else { return nil }
            let object = try read(name)
            guard object.type == GIT_OBJECT_BLOB else {
                throw GitError(
                    code: GIT_EINVALID.rawValue, category: GIT_ERROR_NONE, doing: "read \(id)",
                    text: "it is not a file")
            }
            return object.bytes
        } catch {
            throw error.reading(path)
        }
    }
}
