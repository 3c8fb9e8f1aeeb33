import AirlockControl
import AirlockHost
import AirlockModel
import AirlockPorts
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Answers `done` with the request's id and counts what it is asked; waits at its gate when it has one.
final class CountingHandler: ControlHandler {
    struct Log {
        var calls: [String: Int] = [:]
        var peers: Set<ControlPeer> = []
    }

    let log = Mutex(Log())
    let gate: Gate?
    private let reply: @Sendable (ControlRequest) -> String

    init(gate: Gate? = nil, reply: @escaping @Sendable (ControlRequest) -> String = { $0.id }) {
        self.gate = gate
        self.reply = reply
    }

    func handle(_ request: ControlRequest, from peer: ControlPeer) async -> ControlAnswer {
        log.withLock { log in
            log.calls[request.id, default: 0] += 1
            log.peers.insert(peer)
        }
        if let gate { await gate.pass() }
        return ControlAnswer(id: request.id, result: .done(message: reply(request)))
    }

    var total: Int { log.withLock { $0.calls.values.reduce(0, +) } }
}

/// Holds whoever comes until it is opened; says when the first has come.
actor Gate {
    private var isOpen = false
    private var held: [CheckedContinuation<Void, Never>] = []
    private var watchers: [CheckedContinuation<Void, Never>] = []
    private var hasVisitor = false

    func pass() async {
        hasVisitor = true
        for watcher in watchers { watcher.resume() }
        watchers = []
        if isOpen { return }
        await withCheckedContinuation { held.append($0) }
    }

    func visited() async {
        if hasVisitor { return }
        await withCheckedContinuation { watchers.append($0) }
    }

    func open() {
        isOpen = true
        for one in held { one.resume() }
        held = []
    }
}

/// A temporary directory with a listener's socket in it.
enum Stage {
    static func withDirectory<Value>(
        _ body: (String) async throws -> Value
    ) async throws -> Value {
        let files = FileManager.default
        let path = files.temporaryDirectory.path + "/alk-" + RandomIdentity.make()
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer {
            do { try files.removeItem(atPath: path) } catch { Issue.record(error) }
        }
        return try await body(path)
    }

    /// Runs a listener while `body` runs, and stops it.
    static func withListener(
        _ handler: any ControlHandler = CountingHandler(), limits: ControlLimits = .ample,
        admission: (@Sendable (ControlPeer) -> Bool)? = nil,
        _ body: (String) async throws -> Void
    ) async throws {
        try await withDirectory { directory in
            let path = directory + "/control.sock"
            let listener = ControlListener(
                path: path, handler: handler, limits: limits, admission: admission)
            let (listening, started) = AsyncStream.makeStream(of: Void.self)
            let running = Task { try await listener.run { started.yield() } }
            for await _ in listening { break }
            do { try await body(path) } catch {
                running.cancel()
                throw error
            }
            running.cancel()
            try await running.value
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// A connection that says nothing; it stands as soon as it waits to be accepted.
    static func connect(to path: String) throws -> Int32 {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        return socket
    }

    static func request(_ id: String, _ call: ControlRequest.Call = .health) -> ControlRequest {
        ControlRequest(id: id, call: call)
    }

    /// Sends bytes as they are and returns the lines that come back until the other side closes.
    static func exchange(
        _ bytes: [UInt8], endingInput: Bool = true, with path: String
    ) async throws -> [ControlAnswer] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        var received = ByteBuffer()
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
            if endingInput { outbound.finish() }
            for try await bytes in inbound { received.writeImmutableBuffer(bytes) }
        }
        return try received.readableBytesView.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(ControlAnswer.self, from: Data($0))
        }
    }

    static func isFailure(_ answer: ControlAnswer?, saying text: String = "") -> Bool {
        guard let answer, case .failed(let message, let advice) = answer.result else {
            return false
        }
        return (text.isEmpty || message.contains(text)) && !advice.isEmpty
    }
}

/// A generator whose numbers depend on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension ControlLimits {
    /// The limits of a reconciler with time for a machine that is slow.
    static var ample: ControlLimits {
        var limits = ControlLimits()
        limits.transfer = .seconds(600)
        return limits
    }
}
