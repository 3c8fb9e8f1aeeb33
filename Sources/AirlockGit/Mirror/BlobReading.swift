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
        let name = GitObjectID(id)
        do throws(GitError) {
            let header = try header(name)
            if header.type == GIT_OBJECT_BLOB && header.bytes <= limits.blobBytes {
                return try read(name)
            }
            guard header.type != GIT_OBJECT_BLOB else {
                throw GitError(code: 0, category: GIT_ERROR_NONE, doing: "")
            }
            throw GitError(
                code: -1, category: GIT_ERROR_NONE, doing: "read object \(id)", text: "not a file")
        } catch {
            if error.code == 0 {
                throw .tooLarge(what: "blob \(id)", limit: GitLimits.bytes(limits.blobBytes))
            }
            throw error.reading(path)
        }
    }
}
