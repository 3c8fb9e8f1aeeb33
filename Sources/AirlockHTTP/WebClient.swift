import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request to a server of the outside.
package struct WebRequest: Sendable {
    package var method: Method
    /// `http://` or `https://`, complete.
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Nil for none.
    package var body: [UInt8]?
    /// Longest time from the first packet to the last byte of the answer.
    package var limit: Duration
    /// The most bytes of an answer's body that are read.
    package var maximumBytes: Int

    package init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, limit: Duration, maximumBytes: Int
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limit = limit
        self.maximumBytes = maximumBytes
    }

    /// What is asked of the server.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }
}

/// What a server answered, whatever its status.
package struct WebAnswer: Sendable {
    package let status: Int
    /// The media type without its parameters, in lowercase; empty when none was named.
    package let mediaType: String
    /// The server's clock in seconds since 1970; nil when it does not say.
    package let time: Int?
    package let body: [UInt8]

    package init(status: Int, mediaType: String, time: Int?, body: [UInt8]) {
        self.status = status
        self.mediaType = mediaType
        self.time = time
        self.body = body
    }
}

/// Why there is no answer.
package enum WebError: Error, Hashable, Sendable {
    case timedOut(Duration)
    case tooLarge(maximumBytes: Int)
    case unreachable(String)

    /// One phrase.
    package var phrase: String {
        switch self {
        case .timedOut(let limit): "no answer in \(limit)"
        case .tooLarge(let most): "the answer is over \(most) bytes"
        case .unreachable(let why): why
        }
    }
}

/// Speaks HTTP to the outside: bounded in time and bytes. Follows no redirect, which could lead to another
/// server with a credential of this one, and unpacks nothing.
package enum WebClient {
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        // Trying again is the caller's decision.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Sends a request and reads the whole answer.
    ///
    /// - Throws: ``WebError``. An answer with a status of failure is an answer.
    package static func send(_ request: WebRequest) async throws(WebError) -> WebAnswer {
        let result = await withTaskGroup(of: Result<WebAnswer, WebError>?.self) { group in
            group.addTask { await exchange(request) }
            group.addTask {
                do { try await Task.sleep(for: request.limit) } catch { return nil }
                return .failure(.timedOut(request.limit))
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        return try (result ?? .failure(.unreachable("cancelled"))).get()
    }

    private static func exchange(_ request: WebRequest) async -> Result<WebAnswer, WebError> {
        var message = HTTPClientRequest(url: request.url)
        message.method = .init(rawValue: request.method.rawValue)
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if let body = request.body { message.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await client.execute(message, deadline: .distantFuture)
            var body: [UInt8] = []
            for try await piece in response.body {
                guard body.count + piece.readableBytes <= request.maximumBytes else {
                    return .failure(.tooLarge(maximumBytes: request.maximumBytes))
                }
                body.append(contentsOf: piece.readableBytesView)
            }
            let type = response.headers.first(name: "content-type") ?? ""
            let bare = type.prefix { $0 != ";" && $0 != " " }.lowercased()
            return .success(
                WebAnswer(
                    status: Int(response.status.code), mediaType: bare,
                    time: response.headers.first(name: "date").flatMap(HTTPDate.seconds),
                    body: body))
        } catch let error as HTTPClientError {
            return .failure(.unreachable(error.shortDescription))
        } catch {
            return .failure(.unreachable("\(error)"))
        }
    }
}
