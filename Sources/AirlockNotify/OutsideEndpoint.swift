import AirlockHTTP
package import AirlockModel
import AirlockPorts
import FoundationEssentials

/// Where alerts are sent, and what is shown there.
package struct OutsideEndpoint: Sendable {
    let address: HTTPAddress
    let allowsInsecure: Bool
    let token: (@Sendable () throws -> String)?

    /// - Parameters:
    ///   - allowsInsecure: Whether plain http may leave this machine.
    ///   - token: Read anew each time, so that it can be rotated; nil for none.
    package init(
        _ address: HTTPAddress, allowsInsecure: Bool = false,
        token: (@Sendable () throws -> String)? = nil
    ) {
        self.address = address
        self.allowsInsecure = allowsInsecure
        self.token = token
    }

    /// Sorted keys, so that the same notice is the same bytes.
    static func json(_ value: some Encodable) throws(NotifierError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(value)) } catch {
            throw .refused("it cannot be written as JSON: \(error)")
        }
    }

    /// Posts JSON.
    ///
    /// - Throws: ``NotifierError/unavailable(_:)`` for what may pass by itself: no answer, 429, 5xx.
    func post(
        _ body: [UInt8], to path: String, headers more: [(name: String, value: String)] = [],
        limit: Duration, maximumBytes: Int
    ) async throws(NotifierError) {
        if address.isPlain, !address.isLoopback, !allowsInsecure {
            throw .refused(
                "\(address) would be told over plain http; use https, or set "
                    + "insecureTransport: true")
        }
        var headers = [(name: "Content-Type", value: "application/json")] + more
        if let token {
            do { headers.append((name: "Authorization", value: "Bearer \(try token())")) } catch {
                throw .refused("its token cannot be read: \(error)")
            }
        }
        let answer: WebAnswer
        do throws(WebError) {
            answer = try await WebClient.send(
                WebRequest(
                    .post, "\(address)\(path)", headers: headers, body: body, limit: limit,
                    maximumBytes: maximumBytes))
        } catch {
            throw .unavailable(error.phrase)
        }
        switch answer.status {
        case 200..<300: return
        case 408, 429, 500...: throw .unavailable("it answered \(answer.status)")
        default:
            let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
            throw .refused("it answered \(answer.status) \(text)")
        }
    }
}
