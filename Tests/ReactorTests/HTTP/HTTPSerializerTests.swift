// Responses as bytes; above all, that no name and no value can write a line of its own.

import Reactor
import Testing

private func text(_ buffer: ByteBuffer) -> String {
    String(decoding: (0..<buffer.count).map { buffer.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }, as: UTF8.self)
}

private func head(
    _ status: HTTPStatus = .ok, _ headers: HTTPHeaders = HTTPHeaders(), bodyLength: Int? = 0, isHTTP11: Bool = true,
    connection: HTTPSerializer.ConnectionOption = .implicit, date: String = ""
) -> String {
    var buffer = ByteBuffer()
    HTTPSerializer.appendHead(
        of: HTTPResponse(status: status, headers: headers), bodyLength: bodyLength, isHTTP11: isHTTP11, connection: connection,
        date: Array(date.utf8), to: &buffer)
    return text(buffer)
}

@Suite struct HTTPSerializerTests {
    @Test func headStandsInItsOrder() {
        let written = head(.created, ["X-A": "1", "x-b": "é"], bodyLength: 42, connection: .close, date: "Date: now\r\n")
        #expect(written == "HTTP/1.1 201 Created\r\nDate: now\r\nContent-Length: 42\r\nConnection: close\r\nX-A: 1\r\nx-b: é\r\n\r\n")
    }

    @Test(arguments: [
        (200, "OK"), (201, "Created"), (204, "No Content"), (304, "Not Modified"), (404, "Not Found"),
        (431, "Request Header Fields Too Large"),
        (503, "Service Unavailable"), (599, "Unknown"),
    ])
    func statusLineHasCodeAndPhrase(code: Int, phrase: String) {
        #expect(head(HTTPStatus(code: code)).hasPrefix("HTTP/1.1 \(code) \(phrase)\r\n"))
    }

    @Test func lengthIsLeftOutWhereThereIsNoBody() {
        for code in [101, 204, 304] {
            #expect(head(HTTPStatus(code: code), bodyLength: 0) == head(HTTPStatus(code: code), bodyLength: nil))
            #expect(!head(HTTPStatus(code: code)).contains("Content-Length"))
        }
        #expect(head(bodyLength: 0).contains("Content-Length: 0\r\n"))
    }

    @Test func unknownLengthGoesInChunksToHTTP11Only() {
        #expect(head(bodyLength: nil) == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(head(bodyLength: nil, isHTTP11: false, connection: .close) == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    }

    @Test func connectionIsNamedOnlyWhereItSaysSomething() {
        #expect(!head(connection: .implicit).contains("Connection"))
        #expect(head(connection: .keepAlive).contains("\r\nConnection: keep-alive\r\n"))
        #expect(head(connection: .close).contains("\r\nConnection: close\r\n"))
    }

    @Test(arguments: [
        "a\r\nSet-Cookie: b", "a\r\n\r\n<html>", "a\nb", "a\rb", "a\0b", "a\u{7F}b", "\r\n", "a\r\n b", "a\u{0B}b\u{1F}",
    ])
    func valueCannotSplitTheResponse(_ value: String) {
        let written = head(.ok, ["X-A": value, "X-B": "c"])
        let lines = written.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
        #expect(lines.count == 6, "status, length, two fields, the blank line, nothing")
        #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && !$0.dropLast().contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F } })
        #expect(lines[2].starts(with: Array("X-A: ".utf8)))
        #expect(written.hasSuffix("X-B: c\r\n\r\n"))
    }

    @Test(arguments: ["", "X A", "X\r\nSet-Cookie: b\r\nY", "X:", "X\n", "\r\n", "X\0", "é", "X\u{7F}"])
    func nameThatIsNoTokenIsLeftOut(_ name: String) {
        #expect(head(.ok, [name: "a", "X-B": "c"]) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-B: c\r\n\r\n")
    }

    @Test func chunksCarryTheirSizeAndEnd() {
        var buffer = ByteBuffer()
        for size in [1, 0, 16, 300] { HTTPSerializer.appendChunk([UInt8](repeating: 0x61, count: size).span.bytes, to: &buffer) }
        HTTPSerializer.appendLastChunk(to: &buffer)
        let parts = [("1", 1), ("10", 16), ("12c", 300)].map { "\($0)\r\n\(String(repeating: "a", count: $1))\r\n" }
        #expect(text(buffer) == parts.joined() + "0\r\n\r\n")
    }
}
