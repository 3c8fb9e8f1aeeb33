import AirlockModel
import FoundationEssentials
import NIOCore

/// The wire form: one JSON text per line.
enum ControlLine {
    /// What every version of the protocol has, read first so that another version gets its answer.
    private struct Envelope: Decodable {
        let v: Int
        let id: String
    }

    /// Why a line is not a request that can be carried out.
    struct Refusal: Error {
        var id = ""
        let message: String
        let advice: String
    }

    /// The answer as a line; a note that it was too large when it is over `limit` bytes.
    static func encode(_ answer: ControlAnswer, limit: Int) -> ByteBuffer {
        do {
            let line = try line(of: answer)
            if line.readableBytes <= limit { return line }
            return failure(
                id: answer.id,
                message: "the request was carried out, but its answer is over \(limit) bytes",
                advice: "see airlock status for what was done")
        } catch {
            preconditionFailure("a control answer is always JSON: \(error)")
        }
    }

    /// The answer `failed` as a line.
    static func failure(id: String, message: String, advice: String) -> ByteBuffer {
        let answer = ControlAnswer(id: id, result: .failed(message: message, advice: advice))
        return encode(answer, limit: .max)
    }

    /// Reads a request.
    static func request(in line: ByteBuffer, limits: ControlLimits) throws(Refusal)
        -> ControlRequest
    {
        let bytes = Data(line.readableBytesView)
        guard let envelope = decode(Envelope.self, bytes) else {
            throw Refusal(
                message: "the line is not a control request: JSON with v, id and call is expected",
                advice: "use the airlock command line")
        }
        guard (1...limits.idBytes).contains(envelope.id.utf8.count) else {
            throw Refusal(
                message: "the request's id must have 1 to \(limits.idBytes) bytes",
                advice: "give every request an id of its own")
        }
        guard envelope.v == ControlRequest.version else {
            throw Refusal(
                id: envelope.id,
                message: "the request has version \(envelope.v) of the control protocol, "
                    + "the reconciler speaks version \(ControlRequest.version)",
                advice: "use the same version of airlock as the running reconciler")
        }
        guard let request = decode(ControlRequest.self, bytes) else {
            throw Refusal(
                id: envelope.id, message: "the reconciler does not know this call",
                advice: "use the same version of airlock as the running reconciler")
        }
        return request
    }

    /// Writes a request or an answer as one line.
    static func line(of value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var buffer = ByteBuffer(bytes: try encoder.encode(value))
        buffer.writeInteger(UInt8(ascii: "\n"))
        return buffer
    }

    /// The value, or nil when the bytes are anything else.
    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: Data) -> Value? {
        do { return try JSONDecoder().decode(type, from: bytes) } catch { return nil }
    }
}
