import AirlockPorts
import CLibgit2
import Glibc

/// What libgit2 answered to one call.
///
/// Decisions look at the code and the class, never at the text, which chooses words alone.
struct GitError: Error, Hashable {
    let code: Int32
    let category: Int32
    /// What was being done, such as `read commit 4f0c…`.
    let doing: String
    let text: String

    init(code: Int32, category: git_error_t, doing: String, text: String = "") {
        self.code = code
        self.category = Int32(category.rawValue)
        self.doing = doing
        self.text = text
    }

    /// Reads the thread's last error; call it in the same synchronous function as the failed call.
    init(last code: Int32, doing: String) {
        self.code = code
        self.doing = doing
        if let error = git_error_last() {
            category = error.pointee.klass
            text = error.pointee.message.map { GitText.clean($0, bytes: 300) } ?? ""
        } else {
            category = Int32(GIT_ERROR_NONE.rawValue)
            text = ""
        }
    }

    /// Throws when `code` is negative; returns it otherwise.
    @discardableResult
    static func check(
        _ code: Int32, _ doing: @autoclosure () -> String
    ) throws(GitError) -> Int32 {
        if code < 0 { throw GitError(last: code, doing: doing()) }
        return code
    }

    /// Whether libgit2 refused a repository because another user owns it.
    ///
    /// Version 1.5 looks up `safe.directory`, finds no configuration and answers "not found" in class
    /// CONFIG instead of the code made for it.
    var isForeignOwner: Bool {
        code == GIT_EOWNER.rawValue
            || code == GIT_ENOTFOUND.rawValue && category == Int32(GIT_ERROR_CONFIG.rawValue)
    }

    /// Whether the object, reference or repository is not there.
    var isMissing: Bool { code == GIT_ENOTFOUND.rawValue && !isForeignOwner }

    /// The error of a call that read the mirror at `path`.
    func reading(_ path: String) -> SourceError {
        if isForeignOwner { return .failed(Self.foreignOwner(path)) }
        let damaged = [
            GIT_ERROR_ODB, GIT_ERROR_ZLIB, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_INDEXER,
            GIT_ERROR_SHA, GIT_ERROR_CONFIG, GIT_ERROR_REPOSITORY, GIT_ERROR_REFERENCE,
        ].map { Int32($0.rawValue) }
        if isMissing && category == Int32(GIT_ERROR_ODB.rawValue) {
            return .objectMissing("\(doing) in \(path): the object is not there")
        }
        if code == GIT_EMISMATCH.rawValue || damaged.contains(category) {
            return .corrupt(
                "\(doing) in \(path): \(text); remove that folder and fetch again, it is only a copy"
            )
        }
        return .failed("\(doing) in \(path): \(text)")
    }

    /// The error of a call that asked the remote at `path`.
    func asking(_ path: String) -> SourceError {
        if isForeignOwner { return .unreachable(Self.foreignOwner(path)) }
        if let tooLarge { return tooLarge }
        if isMissing && category == Int32(GIT_ERROR_REPOSITORY.rawValue) {
            return .unreachable("\(path) is not a git repository; check --repo")
        }
        return .unreachable("\(doing) at \(path): \(text)")
    }

    /// What an order was over when the worker's memory did not suffice; nil for any other error.
    var tooLarge: SourceError? {
        guard category == Int32(GIT_ERROR_NOMEMORY.rawValue) else { return nil }
        return .tooLarge(
            what: "an object of the fetch",
            limit: "\(GitLimits.bytes(FetchWorker.maximumMemory)) of memory")
    }

    /// The status with which a server refused over HTTP; nil for any other error. It is in the text alone, and
    /// chooses words alone.
    var httpStatus: Int? {
        let before = "unexpected http status code: "
        guard category == Int32(GIT_ERROR_HTTP.rawValue), text.hasPrefix(before) else { return nil }
        return Int(text.dropFirst(before.count))
    }

    private static func foreignOwner(_ path: String) -> String {
        "\(path) belongs to another user than uid \(geteuid()), so git refuses it; "
            + "run Airlock as its owner or change its owner"
    }
}
