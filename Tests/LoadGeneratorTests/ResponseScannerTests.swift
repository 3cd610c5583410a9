// Where answers end, at every split.

@testable import Load
import Testing

struct ResponseScannerTests {
    private static func scan(
        _ text: String, pieces: Int, keepsBody: Bool = false, isHead: Bool = false
    ) throws -> (responses: [ResponseScanner.Response], body: String) {
        var scanner = ResponseScanner()
        scanner.keepsBody = keepsBody
        scanner.isHead = isHead
        var responses: [ResponseScanner.Response] = []
        var body = ""
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces)
            let piece = Array(bytes[start..<end])
            var position = 0
            while let response = try scanner.next(piece.span, &position) {
                responses.append(response)
                body += String(decoding: scanner.body, as: UTF8.self)
            }
            start = end
        }
        if let last = scanner.end() { responses.append(last) }
        return (responses, body)
    }

    private static let answers =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhelloHTTP/1.1 100 Continue\r\n\r\n"
        + "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n"
        + "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 503 Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    @Test(arguments: 1...60) func answersAreToldApartAtEverySplit(_ pieces: Int) throws {
        let (responses, body) = try ResponseScannerTests.scan(ResponseScannerTests.answers, pieces: pieces, keepsBody: true)
        #expect(responses.map(\.status) == [200, 404, 204, 503])
        #expect(responses.map(\.bodyBytes) == [5, 19, 0, 0])
        #expect(responses.map(\.isLast) == [false, false, false, true])
        #expect(body == "helloabc0123456789abcdef")
    }

    @Test func anAnswerToHEADHasNoBody() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        #expect(try ResponseScannerTests.scan(text, pieces: 7, isHead: true).responses.count == 2)
    }

    @Test func theConnectionsEndDelimitsAnAnswerOfUnknownLength() throws {
        let responses = try ResponseScannerTests.scan("HTTP/1.1 200 OK\r\n\r\nabc", pieces: 2).responses
        #expect(responses == [ResponseScanner.Response(status: 200, bodyBytes: 3, isLast: true)])
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    ])
    func whatIsNoHTTPIsRefused(_ text: String) {
        #expect(throws: ResponseScanner.Malformed.self) { try ResponseScannerTests.scan(text, pieces: 1_000) }
    }
}
