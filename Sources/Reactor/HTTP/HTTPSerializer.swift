// Responses as bytes (RFC 9112 4 to 7). Pure: appends to a buffer.

/// Writes response heads and chunks.
public enum HTTPSerializer {
    /// What a head says about its connection.
    public enum ConnectionOption: Sendable {
        /// Nothing: HTTP/1.1 connections live on by default.
        case implicit
        case keepAlive
        case close
    }

    /// Appends a response head, blank line included.
    /// - Parameters:
    ///   - bodyLength: in bytes; nil for a body in chunks (HTTP/1.1) or up to the connection's end (HTTP/1.0). A HEAD's answer
    ///     has the length that the GET's body would have.
    ///   - date: the whole Date field, line ending included.
    public static func appendHead(
        of response: HTTPResponse, bodyLength: Int?, isHTTP11: Bool, connection: ConnectionOption, date: [UInt8],
        to buffer: inout ByteBuffer
    ) {
        appendStatusLine(response.status, to: &buffer)
        buffer.append(date)
        if let bodyLength {
            // RFC 9110 8.6: 1xx and 204 have no Content-Length; a 304's would be that of the answer it stands for.
            if response.status.allowsBody {
                buffer.append("Content-Length: " as StaticString)
                buffer.append(decimal: bodyLength)
                buffer.append("\r\n" as StaticString)
            }
        } else if isHTTP11, response.status.allowsBody {
            buffer.append("Transfer-Encoding: chunked\r\n" as StaticString)
        }
        switch connection {
        case .implicit: break
        case .keepAlive: buffer.append("Connection: keep-alive\r\n" as StaticString)
        case .close: buffer.append("Connection: close\r\n" as StaticString)
        }
        for (name, value) in response.headers { append(name, value, to: &buffer) }
        buffer.append("\r\n" as StaticString)
    }

    /// Appends one chunk. Empty bytes would end the body, and are left out.
    public static func appendChunk(_ bytes: RawSpan, to buffer: inout ByteBuffer) {
        guard bytes.byteCount > 0 else { return }
        buffer.append(hexadecimal: bytes.byteCount)
        buffer.append("\r\n" as StaticString)
        buffer.append(bytes)
        buffer.append("\r\n" as StaticString)
    }

    /// Appends what ends a body in chunks.
    public static func appendLastChunk(to buffer: inout ByteBuffer) {
        buffer.append("0\r\n\r\n" as StaticString)
    }

    private static func appendStatusLine(_ status: HTTPStatus, to buffer: inout ByteBuffer) {
        switch status.code {
        case 200: buffer.append("HTTP/1.1 200 OK\r\n" as StaticString)
        case 201: buffer.append("HTTP/1.1 201 Created\r\n" as StaticString)
        case 204: buffer.append("HTTP/1.1 204 No Content\r\n" as StaticString)
        case 304: buffer.append("HTTP/1.1 304 Not Modified\r\n" as StaticString)
        case 400: buffer.append("HTTP/1.1 400 Bad Request\r\n" as StaticString)
        case 401: buffer.append("HTTP/1.1 401 Unauthorized\r\n" as StaticString)
        case 403: buffer.append("HTTP/1.1 403 Forbidden\r\n" as StaticString)
        case 404: buffer.append("HTTP/1.1 404 Not Found\r\n" as StaticString)
        case 422: buffer.append("HTTP/1.1 422 Unprocessable Content\r\n" as StaticString)
        case 429: buffer.append("HTTP/1.1 429 Too Many Requests\r\n" as StaticString)
        case 503: buffer.append("HTTP/1.1 503 Service Unavailable\r\n" as StaticString)
        default:
            buffer.append("HTTP/1.1 " as StaticString)
            buffer.append(decimal: status.code)
            buffer.append(UInt8(ascii: " "))
            buffer.append(status.phrase)
            buffer.append("\r\n" as StaticString)
        }
    }

    /// A name or value that could break out of its line would let whoever chose it write the rest of the answer (response
    /// splitting): such bytes are replaced by a space, and a field whose name is no token is left out. So are the fields that
    /// frame the answer: a second Content-Length from a handler would be the same attack on ourselves.
    private static func append(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        let nameSpan = name.utf8.span
        let valueSpan = value.utf8.span
        // SAFETY: the bytes of both strings are initialized, as those of every string are.
        let nameBytes = unsafe nameSpan.bytes
        let valueBytes = unsafe valueSpan.bytes
        let wholeName = 0..<nameBytes.byteCount
        guard nameBytes.isToken(wholeName), !isServersOwn(nameBytes, wholeName) else { return }
        if valueBytes.firstControl(in: 0..<valueBytes.byteCount) == valueBytes.byteCount {
            buffer.append(field: nameBytes, valueBytes)
        } else {
            buffer.append(nameBytes)
            buffer.append(": " as StaticString)
            for byte in value.utf8 { buffer.append(HTTPCharacters.isFieldValue(byte) ? byte : 0x20) }
            buffer.append("\r\n" as StaticString)
        }
    }

    private static func isServersOwn(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        switch name.count {
        case 4: bytes.equals("date", in: name)
        case 10: bytes.equals("connection", in: name) || bytes.equals("keep-alive", in: name)
        case 14: bytes.equals("content-length", in: name)
        case 17: bytes.equals("transfer-encoding", in: name)
        default: false
        }
    }
}
