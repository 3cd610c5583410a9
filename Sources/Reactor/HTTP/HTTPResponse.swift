// What a handler returns. A value; any thread.

/// A response: its head, and its body or the way to make it.
public struct HTTPResponse: Sendable {
    public var status: HTTPStatus
    /// Fields of the handler's own; Date, Content-Length, Transfer-Encoding and Connection are the server's.
    public var headers: HTTPHeaders
    public var body: HTTPResponseBody
    /// For a stream without an end of its own, such as server-sent events: its handler is cancelled as soon as the client has finished
    /// sending or the server stops, and what was sent until then is a whole answer. Any other stream is sent to its end, also to a
    /// client that has finished sending.
    public var endsWithClient = false

    public init(status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: HTTPResponseBody = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The body of a response.
public enum HTTPResponseBody: Sendable {
    case empty
    case bytes([UInt8])
    /// Made while it is sent; `length` in bytes where it is known, else it goes out in chunks. An error, or another number of
    /// bytes than announced, cuts the connection.
    case stream(length: Int?, @Sendable (any HTTPBodyWriter) async throws -> Void)
}

/// Takes the bytes of a streamed body.
public protocol HTTPBodyWriter: AnyObject {
    /// Sends `bytes`; suspends while more than 256 KiB wait for the client.
    /// - Throws: ``HTTPBodyError/clientGone`` when nobody is there to read.
    func write(_ bytes: [UInt8]) async throws
}
