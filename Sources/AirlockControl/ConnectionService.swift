import AirlockModel
import AirlockPorts
import Glibc
import NIOCore

/// A connection as both sides see it: bytes in, bytes out.
typealias ControlChannel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

/// `struct ucred` of `<sys/socket.h>`, which the Glibc module does not show.
private struct KernelCredentials: Sendable {
    let pid: Int32
    let uid: UInt32
    let gid: UInt32
}

/// Serves one connection after the other has been accepted: its requests in order, each answered.
struct ConnectionService: Sendable {
    let handler: any ControlHandler
    let limits: ControlLimits
    let memory: AnswerMemory
    let admission: @Sendable (ControlPeer) -> Bool

    /// Answers requests until the peer ends, is refused, is too slow or sends what is no request.
    ///
    /// Never throws: a fault of one connection is that connection's end.
    func serve(_ connection: ControlChannel, isFull: Bool) async {
        do {
            try await connection.executeThenClose { inbound, _ in
                let peer = try await Self.peer(of: connection.channel)
                let refusal = isFull ? Self.full : admission(peer) ? nil : Self.stranger(peer)
                if let refusal {
                    try await send(Self.line(refusal), on: connection.channel)
                } else {
                    try await answerAll(inbound, on: connection.channel, from: peer)
                }
            }
        } catch {
            // The peer went away, was too slow or the listener ends: nobody is left to tell.
            connection.channel.close(promise: nil)
        }
    }

    private func answerAll(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, on channel: any Channel,
        from peer: ControlPeer
    ) async throws {
        var lines = LineBuffer(limit: limits.lineBytes)
        var alarm = closing(channel, saying: Self.line(Self.late(limits.transfer)))
        defer { alarm.cancel() }
        do {
            for try await bytes in inbound {
                lines.append(bytes)
                while let line = try lines.next() {
                    alarm.cancel()
                    let request = try ControlLine.request(in: line, limits: limits)
                    try await send(memory.answer(to: request, from: peer, by: handler), on: channel)
                    alarm = closing(channel, saying: Self.line(Self.late(limits.transfer)))
                }
            }
            if lines.isHalfway { throw Self.cutShort }
        } catch let refusal as ControlLine.Refusal {
            try await send(Self.line(refusal), on: channel)
        } catch is LineBuffer.TooLong {
            try await send(Self.line(Self.tooLong(limits.lineBytes)), on: channel)
        }
    }

    /// Returns when the kernel has the bytes; a peer that does not take them in time is cut off.
    private func send(_ line: ByteBuffer, on channel: any Channel) async throws {
        let alarm = closing(channel, saying: nil)
        defer { alarm.cancel() }
        try await channel.writeAndFlush(line).get()
    }

    /// Closes the connection after the transfer limit, unless it is cancelled before.
    private func closing(_ channel: any Channel, saying last: ByteBuffer?) -> Scheduled<Void> {
        let limit = TimeAmount.milliseconds(Int64(limits.transfer.milliseconds))
        return channel.eventLoop.scheduleTask(in: limit) {
            if let last { channel.writeAndFlush(last, promise: nil) }
            channel.close(promise: nil)
        }
    }

    /// The process at the other end, as the kernel recorded it when the connection was made.
    private static func peer(of channel: any Channel) async throws -> ControlPeer {
        guard let socket = channel as? any SocketOptionProvider else {
            preconditionFailure("a Unix socket has socket options")
        }
        let credentials: KernelCredentials = try await socket.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED)
        ).get()
        return ControlPeer(uid: credentials.uid, pid: credentials.pid)
    }
}

extension ConnectionService {
    private static let full = ControlLine.Refusal(
        message: "the reconciler serves as many control connections as it may",
        advice: "try again in a moment")

    private static let cutShort = ControlLine.Refusal(
        message: "the connection ended in the middle of a request",
        advice: "end every request with a line end")

    private static func stranger(_ peer: ControlPeer) -> ControlLine.Refusal {
        ControlLine.Refusal(
            message: "uid \(peer.uid) is neither the reconciler's user nor root",
            advice: "run this as the user of airlock run")
    }

    private static func late(_ limit: Duration) -> ControlLine.Refusal {
        ControlLine.Refusal(
            message: "no whole request arrived within \(limit.milliseconds) ms",
            advice: "send each request in one go and end it with a line end")
    }

    private static func tooLong(_ limit: Int) -> ControlLine.Refusal {
        ControlLine.Refusal(
            message: "the request is over \(limit) bytes", advice: "ask for less at once")
    }

    private static func line(_ refusal: ControlLine.Refusal) -> ByteBuffer {
        ControlLine.failure(id: refusal.id, message: refusal.message, advice: refusal.advice)
    }
}
