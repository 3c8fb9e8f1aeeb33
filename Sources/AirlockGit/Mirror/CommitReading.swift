import AirlockModel
import AirlockPorts
import CLibgit2
import Glibc

extension Repository {
    /// What a commit says of itself; text of any kind is made harmless and is bounded.
    borrowing func record(
        of id: CommitID, limits: GitLimits
    ) throws(SourceError) -> CommitRecord {
        do throws(GitError) {
            guard try size(of: GitObjectID(id)) <= limits.commitBytes else {
                throw GitError(code: 0, category: GIT_ERROR_NONE, doing: "")
            }
            return try commit(id).with { commit throws(GitError) in
                try Self.record(commit, id, limits)
            }
        } catch {
            if error.code == 0 {
                throw .tooLarge(what: "commit \(id)", limit: GitLimits.bytes(limits.commitBytes))
            }
            throw error.reading(path)
        }
    }

    private static func record(
        _ commit: OpaquePointer, _ id: CommitID, _ limits: GitLimits
    ) throws(GitError) -> CommitRecord {
        guard let author = git_commit_author(commit), let committer = git_commit_committer(commit)
        else { throw GitError(last: -1, doing: "read who made commit \(id)") }
        let parents = min(Int(git_commit_parentcount(commit)), limits.parents)
        func text(_ bytes: UnsafePointer<CChar>?) -> String {
            bytes.map { GitText.clean($0, bytes: limits.textBytes) } ?? ""
        }
        return CommitRecord(
            id: id,
            parents: (0..<parents).compactMap { index in
                git_commit_parent_id(commit, UInt32(index)).map { GitObjectID($0.pointee).commit }
            },
            authorName: text(author.pointee.name), authorEmail: text(author.pointee.email),
            committerEmail: text(committer.pointee.email),
            committed: timestamp(seconds: committer.pointee.when.time),
            subject: subject(git_commit_message(commit), limits))
    }

    /// Seconds outside the years 1970 to 9999 are moved to the nearest of them.
    private static func timestamp(seconds: Int64) -> Timestamp {
        let endOfYear9999: Int64 = 253_402_300_799
        return Timestamp(milliseconds: Int(min(max(seconds, 0), endOfYear9999)) * 1000)
    }

    private static func subject(
        _ message: UnsafePointer<CChar>?, _ limits: GitLimits
    ) -> String {
        guard let message else { return "" }
        let newline = UInt8(ascii: "\n")
        let bytes = UnsafeBufferPointer(start: message, count: strlen(message)).lazy
            .map(UInt8.init(bitPattern:))
        let line = bytes.drop { $0 == newline }.prefix { $0 != newline }
        return GitText.clean(String(decoding: Array(line), as: UTF8.self), bytes: limits.textBytes)
    }

    /// The commits after `base` up to `head` along first parents, oldest first.
    ///
    /// Nil is answered when there are more than `limit` or `base` is not on the line.
    borrowing func firstParentLine(
        from base: CommitID, to head: CommitID, limit: Int
    ) throws(SourceError) -> [CommitID]? {
        var line: [CommitID] = []
        var current = head
        do throws(GitError) {
            while current != base {
                guard line.count < limit else { return nil }
                line.append(current)
                let parent = try commit(current).with { commit in
                    git_commit_parent_id(commit, 0).map { GitObjectID($0.pointee).commit }
                }
                guard let parent else { return nil }
                current = parent
            }
        } catch {
            throw error.reading(path)
        }
        return line.reversed()
    }
}
