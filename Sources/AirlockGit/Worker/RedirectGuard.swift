import AirlockPorts
import CLibgit2
import Synchronization

/// Keeps a conversation over HTTP at the repository that was named; runs in the worker.
///
/// libgit2 1.5 follows a redirect on the same host whatever it was told, credentials and all, and asks nobody
/// before. It names each request to its trace before it connects and sends, which is where this looks; nothing but
/// the end of the process stops it there.
enum RedirectGuard {
    private struct Conversation {
        /// The server's host.
        let name: String
        /// The repository as libgit2 spells it, taken from the first request: nothing was answered by then.
        var repository: [UInt8]?
    }

    private static let conversation = Mutex<Conversation?>(nil)

    /// What libgit2 appends to the address of a repository.
    private static let services = [
        "/info/refs?service=git-upload-pack", "/git-upload-pack",
        "/info/refs?service=git-receive-pack", "/git-receive-pack",
    ].map { Array($0.utf8) }

    /// How a message begins that names a request.
    private static let beginnings = ["GET", "POST"].map { Array("Sending \($0) request to ".utf8) }

    /// Looks at every request until ``end()``; one for another repository is answered for and ends the process.
    static func begin(with name: String) {
        conversation.withLock { $0 = Conversation(name: name) }
        git_trace_set(GIT_TRACE_DEBUG) { _, message in
            guard let message else { return }
            RedirectGuard.look(at: Array(String(cString: message).utf8))
        }
    }

    /// Whether a request was seen: without one, a library that traces in other words would go unguarded.
    static var hasSeenRequest: Bool { conversation.withLock { $0?.repository != nil } }

    static func end() {
        git_trace_set(GIT_TRACE_NONE, nil)
        conversation.withLock { $0 = nil }
    }

    private static func look(at message: [UInt8]) {
        guard let asked = repository(in: message) else { return }
        let left: String? = conversation.withLock { current in
            guard let named = current?.repository else {
                current?.repository = asked
                return nil
            }
            return named == asked ? nil : current?.name
        }
        guard let left else { return }
        let target = RemoteAddress.shown(String(decoding: asked, as: UTF8.self))
        FetchWorker.end(
            with: .unreachable(
                "\(left) redirects to \(target), and no redirect is followed; when that is the right "
                    + "place, name it as the repository"))
    }

    /// The repository that a request is for, as bytes: two texts can be equal that a server tells apart.
    private static func repository(in message: [UInt8]) -> [UInt8]? {
        guard let beginning = beginnings.first(where: { message.starts(with: $0) }) else {
            return nil
        }
        let address = message.dropFirst(beginning.count)
        let service = services.first { address.suffix($0.count).elementsEqual($0) }
        return Array(address.dropLast(service?.count ?? 0))
    }
}
