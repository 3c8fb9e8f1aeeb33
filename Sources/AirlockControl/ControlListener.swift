package import AirlockModel
package import AirlockPorts
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Answers control requests at a Unix socket, one JSON request and one answer per line.
///
/// The socket has mode 0600; only its owner and root are heard. Each request is carried out once,
/// also when it is sent again after a lost answer.
package struct ControlListener: Sendable {
    private let path: String
    private let handler: any ControlHandler
    private let limits: ControlLimits
    private let admission: @Sendable (ControlPeer) -> Bool

    /// Prepares a listener; nothing is opened before ``run(onListening:)``.
    ///
    /// - Parameter path: The socket's path, at most 107 bytes long.
    package init(
        path: String, handler: any ControlHandler, limits: ControlLimits = ControlLimits(),
        admission: (@Sendable (ControlPeer) -> Bool)? = nil
    ) {
        self.path = path
        self.handler = handler
        self.limits = limits
        let owner = geteuid()
        self.admission = admission ?? { Self.admits($0, owner: owner) }
    }

    /// Whether a peer is heard: the user that the reconciler runs as, and root.
    package static func admits(_ peer: ControlPeer, owner: UInt32) -> Bool {
        peer.uid == owner || peer.uid == 0
    }

    /// Listens until the task is cancelled; then stops accepting, lets requests under way end (their
    /// tasks are cancelled, their answers are sent) and removes the socket file.
    ///
    /// The caller holds the ledger's lock. Called once.
    /// - Parameter onListening: Called when requests are accepted.
    /// - Throws: ``ControlError`` when the socket cannot be had.
    package func run(onListening: @Sendable () -> Void = {}) async throws {
        let socket = try BoundSocket(replacingStaleAt: path)
        defer { socket.removeFile() }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(socket.descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = try ControlChannel(wrappingChannelSynchronously: channel)
                    // One that comes while the listener ends is served by nobody; let go before it is closed, it
                    // would end the process.
                    channel.closeFuture.whenComplete { _ in withExtendedLifetime(connection) {} }
                    return connection
                }
            }
        onListening()
        let open = OpenConnections()
        let service = ConnectionService(
            handler: handler, limits: limits, memory: AnswerMemory(limits: limits),
            admission: admission)
        do {
            try await server.executeThenClose { arrivals in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in arrivals {
                        let isFull = !open.enter(limit: limits.connections)
                        group.addTask {
                            defer { if !isFull { open.leave() } }
                            await service.serve(connection, isFull: isFull)
                        }
                    }
                }
            }
        } catch is CancellationError {
            return  // the end that was asked for
        }
    }
}

/// Counts the connections that are open.
private final class OpenConnections: Sendable {
    private let count = Mutex(0)

    /// Counts one more, or returns false when `limit` are open.
    func enter(limit: Int) -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
