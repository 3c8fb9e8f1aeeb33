package import AirlockModel
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Asks the process that holds a ledger to do something.
package enum ControlClient {
    /// Sends one request and waits for its answer.
    ///
    /// Sending the same request again, with the same id, is safe: it is carried out once.
    /// - Parameter path: The holder's control socket.
    /// - Parameter deadline: Longest wait for the answer; nil waits as long as the holder lives.
    /// - Throws: ``ControlError``; only ``ControlError/noHolder(path:)``,
    ///   ``ControlError/refused(path:)`` and a request that is too large say that nothing was done.
    package static func send(
        _ request: ControlRequest, to path: String, deadline: Duration? = nil
    ) async throws(ControlError) -> ControlAnswer {
        let limit = ControlRequest.maximumBytes
        let line = try encode(request, limit: limit)
        let connection = try await connect(to: path)
        let isLate = Mutex(false)
        let alarm = deadline.map { deadline in
            let amount = TimeAmount.milliseconds(Int64(deadline.milliseconds))
            return connection.channel.eventLoop.scheduleTask(in: amount) {
                isLate.withLock { $0 = true }
                connection.channel.close(promise: nil)
            }
        }
        defer { alarm?.cancel() }
        do {
            let answer = try await exchange(line, over: connection, limit: limit)
            guard answer.id == request.id || answer.id.isEmpty else {
                throw ControlError.garbled("it answers another request")
            }
            return answer
        } catch {
            if let deadline, isLate.withLock({ $0 }) { throw .timedOut(after: deadline) }
            throw translate(error, limit: limit)
        }
    }

    private static func encode(
        _ request: ControlRequest, limit: Int
    ) throws(ControlError) -> ByteBuffer {
        do {
            let line = try ControlLine.line(of: request)
            guard line.readableBytes <= limit else { throw ControlError.tooLarge(limit: limit) }
            return line
        } catch {
            throw translate(error, limit: limit)
        }
    }

    private static func connect(to path: String) async throws(ControlError) -> ControlChannel {
        guard path.utf8.count <= BoundSocket.longestPath else {
            throw .pathTooLong(path: path, limit: BoundSocket.longestPath)
        }
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try ControlChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            switch error.errnoCode {
            case ENOENT, ECONNREFUSED, ENOTDIR: throw .noHolder(path: path)
            case EACCES, EPERM: throw .refused(path: path)
            case ENOTSOCK, EPROTOTYPE: throw .notASocket(path: path)
            default: throw .failed(call: "connect", reason: error.description)
            }
        } catch {
            throw .failed(call: "connect", reason: "\(error)")
        }
    }

    private static func exchange(
        _ line: ByteBuffer, over connection: ControlChannel, limit: Int
    ) async throws -> ControlAnswer {
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(line)
            var lines = LineBuffer(limit: limit)
            for try await bytes in inbound {
                lines.append(bytes)
                guard let line = try lines.next() else { continue }
                let bytes = Data(line.readableBytesView)
                guard let answer = ControlLine.decode(ControlAnswer.self, bytes) else {
                    throw ControlError.garbled(
                        "it is not JSON of version \(ControlRequest.version)")
                }
                return answer
            }
            if Task.isCancelled { throw ControlError.cancelled }
            throw ControlError.closedEarly
        }
    }

    private static func translate(_ error: any Error, limit: Int) -> ControlError {
        switch error {
        case let error as ControlError: error
        case is CancellationError: .cancelled
        case is LineBuffer.TooLong: .tooLarge(limit: limit)
        case is ChannelError: .closedEarly
        case let error as IOError where [EPIPE, ECONNRESET].contains(error.errnoCode): .closedEarly
        default: .failed(call: "control.sock", reason: "\(error)")
        }
    }
}
