import AirlockModel
import AirlockPorts
import NIOCore

/// Carries out each request once, however often it is sent.
actor AnswerMemory {
    /// What tells one request from every other; two users never share an id.
    private struct Key: Hashable {
        let uid: UInt32
        let id: String
    }

    private enum Entry {
        case underWay(ControlRequest.Call, [CheckedContinuation<ByteBuffer, Never>])
        case answered(ControlRequest.Call, ByteBuffer)
    }

    private let limits: ControlLimits
    private var entries: [Key: Entry] = [:]
    /// Answered requests, oldest first.
    private var order: [Key] = []
    private var bytes = 0

    init(limits: ControlLimits) { self.limits = limits }

    /// The line that answers `request`: remembered, waited for, or made by `handler`.
    func answer(
        to request: ControlRequest, from peer: ControlPeer, by handler: any ControlHandler
    ) async -> ByteBuffer {
        let key = Key(uid: peer.uid, id: request.id)
        switch entries[key] {
        case .answered(request.call, let line): return line
        case .underWay(request.call, var waiters):
            return await withCheckedContinuation { continuation in
                waiters.append(continuation)
                entries[key] = .underWay(request.call, waiters)
            }
        case .answered, .underWay:
            return ControlLine.failure(
                id: request.id, message: "another request was sent under the same id",
                advice: "give every request an id of its own")
        case nil:
            entries[key] = .underWay(request.call, [])
            let answer = await handler.handle(request, from: peer)
            let line = ControlLine.encode(answer, limit: limits.lineBytes)
            settle(key, request.call, line)
            return line
        }
    }

    private func settle(_ key: Key, _ call: ControlRequest.Call, _ line: ByteBuffer) {
        if case .underWay(_, let waiters) = entries[key] {
            for waiter in waiters { waiter.resume(returning: line) }
        }
        entries[key] = .answered(call, line)
        order.append(key)
        bytes += line.readableBytes
        while order.count > limits.rememberedAnswers || bytes > limits.rememberedBytes {
            let oldest = order.removeFirst()
            guard case .answered(_, let line) = entries.removeValue(forKey: oldest) else {
                preconditionFailure("an answered request is remembered once")
            }
            bytes -= line.readableBytes
        }
    }
}
