/// One libgit2 object that is freed exactly once.
///
/// It never leaves the actor or the synchronous function that made it.
struct GitHandle: ~Copyable {
    private let pointer: OpaquePointer
    private let release: (OpaquePointer?) -> Void

    /// Calls `make`, which fills in the pointer and answers a libgit2 code.
    ///
    /// - Throws: What libgit2 answered.
    init(
        _ doing: @autoclosure () -> String, release: @escaping (OpaquePointer?) -> Void,
        make: (inout OpaquePointer?) -> Int32
    ) throws(GitError) {
        var made: OpaquePointer?
        let code = make(&made)
        guard code >= 0, let made else { throw GitError(last: min(code, -1), doing: doing()) }
        pointer = made
        self.release = release
    }

    deinit { release(pointer) }

    /// Lends the pointer for the time of one call.
    borrowing func with<Value: ~Copyable, Failure>(
        _ body: (OpaquePointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(pointer)
    }
}
