import AirlockModel
import AirlockPorts
import FoundationEssentials

/// One order to the worker: one JSON object on one line.
struct WorkerOrder: Codable, Hashable, Sendable {
    var v = WorkerLine.version
    var id = 0
    let task: Task

    /// What is to be done.
    enum Task: Codable, Hashable, Sendable {
        case fetch(FetchRequest)
        case push(PushRequest)
        case readLog(LogRequest)
    }

    init(_ task: Task) { self.task = task }
}

/// A branch that is to be fetched into the mirror.
struct FetchRequest: Codable, Hashable, Sendable {
    let state: String
    let remote: String
    let branch: BranchName
    let purpose: FetchPurpose
    /// The asker's wall time; it is what the mirror's record says.
    let asked: Timestamp
    let lockPatienceMilliseconds: Int
    let planAgeMilliseconds: Int
    let maximumObjects: Int
    let maximumBytes: Int
    let access: RemoteAccess
}

/// A commit that is to be pushed; the worker makes it again, byte for byte, as the asker did.
struct PushRequest: Codable, Hashable, Sendable {
    let state: String
    let remote: String
    /// The full name of the reference.
    let reference: String
    let commit: CommitID
    /// What the reference shall have before; nil when it shall not be there.
    let previous: CommitID?
    /// The commit whose folders are changed; nil to begin with nothing.
    let base: CommitID?
    let files: [String: Data?]
    /// The commit object without its signature.
    let payload: Data
    let signature: String?
    let lockPatienceMilliseconds: Int
    let access: RemoteAccess
}

/// The reference with the copy of the audit log, which is to be read.
struct LogRequest: Codable, Hashable, Sendable {
    /// The reference on the remote.
    static let reference = "refs/airlock/log"

    let state: String
    let remote: String
    let lockPatienceMilliseconds: Int
    let access: RemoteAccess
}

/// What the worker found or did.
struct WorkerResult: Codable, Hashable, Sendable {
    /// What the remote advertised, or has now; nil where it has nothing of that name.
    var commit: CommitID?
    /// The checkpoint that the commit holds, where one was asked for.
    var note: Data?
    /// How long another writer of the mirror was waited for, where that was counted.
    var waitedMilliseconds: Int?
}

/// The worker's answer to one order.
struct WorkerAnswer: Codable, Hashable, Sendable {
    var v = WorkerLine.version
    let id: Int
    /// What came of it, when it went well.
    var result: WorkerResult?
    /// Why it did not.
    var failure: Failure?
    /// Whether it is no end, but says that the order gets on; nil for no.
    var isProgress: Bool?

    /// A ``SourceError`` as the wire carries it.
    struct Failure: Codable, Hashable, Sendable {
        let kind: Kind
        var text = ""
        var limit: String?

        enum Kind: String, Codable, Sendable {
            case timedOut, unreachable, branchMissing, busy, objectMissing, tooLarge
            case unacceptable, unsupportedRemote, rejected, corrupt, failed
        }

        init(_ error: SourceError) {
            switch error {
            case .timedOut: kind = .timedOut
            case .unreachable(let text): (kind, self.text) = (.unreachable, text)
            case .branchMissing(let text): (kind, self.text) = (.branchMissing, text)
            case .busy: kind = .busy
            case .objectMissing(let text): (kind, self.text) = (.objectMissing, text)
            case .tooLarge(let what, let limit):
                (kind, text, self.limit) = (.tooLarge, what, limit)
            case .unacceptable(let text): (kind, self.text) = (.unacceptable, text)
            case .unsupportedRemote(let text): (kind, self.text) = (.unsupportedRemote, text)
            case .rejected(let text): (kind, self.text) = (.rejected, text)
            case .corrupt(let text): (kind, self.text) = (.corrupt, text)
            case .failed(let text): (kind, self.text) = (.failed, text)
            }
        }

        /// The error that was put in; `elapsed` stands in for the time of a time-out.
        func error(after elapsed: Duration) -> SourceError {
            switch kind {
            case .timedOut: .timedOut(after: elapsed)
            case .unreachable: .unreachable(text)
            case .branchMissing: .branchMissing(text)
            case .busy: .busy
            case .objectMissing: .objectMissing(text)
            case .tooLarge: .tooLarge(what: text, limit: limit ?? "")
            case .unacceptable: .unacceptable(text)
            case .unsupportedRemote: .unsupportedRemote(text)
            case .rejected: .rejected(text)
            case .corrupt: .corrupt(text)
            case .failed: .failed(text)
            }
        }
    }
}

/// The lines between supervisor and worker.
enum WorkerLine {
    /// The version of both messages; a worker of another version refuses.
    static let version = 3
    /// The longest line, in bytes.
    static let maximumBytes = 1 << 20

    /// Spells a message as one line.
    static func encode(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(message)) + [UInt8(ascii: "\n")]
    }

    /// Reads a message from one line without its end.
    static func decode<Message: Decodable>(_ type: Message.Type, _ line: [UInt8]) throws -> Message
    {
        try JSONDecoder().decode(type, from: Data(line))
    }
}

/// Cuts a stream of bytes into bounded lines.
struct LineBuffer {
    private var bytes: [UInt8] = []

    /// Whether the line that has begun is longer than a line may be.
    var isOverfull: Bool { bytes.count > WorkerLine.maximumBytes }

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// The next whole line without its end; nil when there is none yet.
    mutating func next() -> [UInt8]? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { bytes.removeFirst(end + 1) }
        return Array(bytes[..<end])
    }
}
