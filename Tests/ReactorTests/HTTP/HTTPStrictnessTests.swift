// Where programs are known to disagree: each of these is read by some as one thing and by others as another, and refused here.
// Also that eight bytes at a time see what one at a time would.

import Reactor
import Testing

private func outcome(of bytes: [UInt8], limits: HTTPLimits = HTTPLimits()) -> Result<Int?, HTTPParseError> {
    var parser = HTTPHeadParser(limits: limits)
    return Result { () throws(HTTPParseError) in try parser.parse(bytes.span.bytes) }
}

private func error(of text: String) -> HTTPParseError? {
    switch outcome(of: Array(text.utf8)) {
    case .success: nil
    case .failure(let error): error
    }
}

@Suite struct HTTPStrictnessTests {
    private static let head = "POST / HTTP/1.1\r\nHost: a\r\n"

    @Test func byteAtAnyPlaceOfALongValueIsSeen() {
        let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX:".utf8)
        let end = Array("\r\n\r\n".utf8)
        for length in 1...24 {
            for place in 0..<length {
                for byte: UInt8 in [0x00, 0x08, 0x0B, 0x1F, 0x7F] {
                    // Neighbours that arithmetic on words could mistake: the highest byte, and those next to the bounds.
                    for neighbour: UInt8 in [0x20, 0x21, 0x7E, 0x80, 0xFF, 0x09] {
                        var value = [UInt8](repeating: neighbour, count: length)
                        let good = start + value + end
                        #expect(outcome(of: good) == .success(good.count), "\(neighbour) times \(length)")
                        value[place] = byte
                        #expect(outcome(of: start + value + end) == .failure(.invalidFieldValue), "\(byte) at \(place) of \(length)")
                    }
                }
            }
        }
    }

    @Test func targetIsMadeOfWhatTheGrammarAndBrowsersWrite() {
        let path = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/[]|".utf8)
        let query = path.union("?{}^`\\%".utf8)
        for byte in UInt8.min ... .max where byte != 0x0A && byte != 0x3F {
            for (prefix, allowed) in [("/", path), ("/?", query)] {
                let bytes = Array("GET \(prefix)".utf8) + [byte] + Array("x HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                let expected: Result<Int?, HTTPParseError> = allowed.contains(byte) ? .success(bytes.count) : .failure(.invalidTarget)
                #expect(outcome(of: bytes) == expected, "byte \(byte) behind \(prefix)")
            }
        }
    }

    @Test func theWorstFaultIsAnsweredInAnyOrder() {
        let head = HTTPStrictnessTests.head
        #expect(error(of: "\(head)Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n") == .contentLengthWithTransferEncoding)
        #expect(error(of: "\(head)Content-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\n") == .contentLengthWithTransferEncoding)
        #expect(error(of: "POST / HTTP/1.1\r\nExpect: x\r\n\r\n") == .missingHost)
        #expect(error(of: "\(head)Expect: x\r\nTransfer-Encoding: gzip\r\n\r\n") == .unknownTransferCoding)
        #expect(error(of: "\(head)Expect: x\r\nX : y\r\n\r\n") == .invalidFieldName)
    }

    @Test(arguments: ["Transfer-Encoding: chunked\t", "Transfer-Encoding: chunked \t ", "Transfer-Encoding: gzip, chunked\t"])
    func noTabBehindATransferCoding(_ field: String) {
        #expect(error(of: "\(HTTPStrictnessTests.head)\(field)\r\n\r\n") == .invalidTransferEncoding)
    }

    @Test(arguments: ["clo\u{80}se", "close;x", "close x", "\"close\"", "a, close\tb", "@"])
    func connectionOptionsAreTokens(_ value: String) {
        #expect(error(of: "\(HTTPStrictnessTests.head)Connection: \(value)\r\n\r\n") == .invalidConnection)
    }

    @Test(arguments: ["CONNECT a:80", "CONNECT [::1]:443"])
    func tunnelsAreRefused(_ line: String) {
        #expect(error(of: "\(line) HTTP/1.1\r\nHost: a\r\n\r\n") == .noTunnels)
    }

    @Test(arguments: ["PRI * HTTP/2.0", "BREW / HTTP/3.0", "CONNECT a:80 HTTP/0.9"])
    func versionComesBeforeMethod(_ line: String) {
        #expect(error(of: "\(line)\r\nHost: a\r\n\r\n") == .unsupportedVersion)
    }

    @Test(arguments: [
        "[::]", "[1::]", "[::8]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::3:4]", "[1:2:3:4:5:6:1.2.3.4]",
        "[::255.255.255.255]", "[64:ff9b::1.2.3.0]", "[ABCD:ef01::]",
    ])
    func acceptsTheIPv6Address(_ host: String) {
        #expect(error(of: "GET / HTTP/1.1\r\nHost: \(host):80\r\n\r\n") == nil)
    }

    @Test(arguments: [
        "[1]", "[1:]", "[:1]", "[:1::]", "[1::2::3]", "[1:::2]", "[12345::]", "[1:2:3:4:5:6:7:8::]", "[1:2:3:4:5:6:7]",
        "[::1:2:3:4:5:6:7:8]",
        "[1.2.3.4]", "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]", "[::1.2.3.4.5]", "[::1.2.3.4:5]", "[::1.2.3.]", "[::g]", "[::1 ]",
        "[[::1]]",
    ])
    func rejectsTheIPv6Address(_ host: String) {
        #expect(error(of: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .invalidHost)
    }

    /// Limits are where a verdict could come to depend on how much had arrived.
    @Test func verdictAtALimitDoesNotDependOnTheCut() {
        var limits = HTTPLimits()
        limits.maxRequestLineBytes = 20
        limits.maxHeaderBytes = 24
        let inputs = [
            "GET /abcd HTTP/1.1\r\nHost: a\r\n\r\n", "GET /abcde HTTP/1.1\r\nHost: a\r\n\r\n", "GET /abcdefghijklmno\0pq HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 23456789\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 2345678901\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 2345678901\r\n\r\n folded", "GET / HTTP/1.1\r\nHost: a\r\nX: 234567890123\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 234567890123456\0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 2345678901234\r\r\n\r\n",
        ]
        for input in inputs {
            let bytes = Array(input.utf8)
            let whole = outcome(of: bytes, limits: limits)
            var parser = HTTPHeadParser(limits: limits)
            var inPieces: Result<Int?, HTTPParseError> = .success(nil)
            for count in 1...bytes.count {
                inPieces = Result { () throws(HTTPParseError) in try parser.parse(bytes.span.bytes.extracting(first: count)) }
                if inPieces != .success(nil) { break }
            }
            #expect(inPieces == whole, "\(input)")
        }
    }

    @Test(arguments: [
        "Content-Length: 9", "content-length: 0", "Transfer-Encoding: chunked", "CONNECTION: close", "Keep-Alive: x", "Date: x",
    ])
    func handlersDoNotFrameTheAnswer(_ field: String) {
        let parts = field.split(separator: ": ")
        var buffer = ByteBuffer()
        HTTPSerializer.appendHead(
            of: HTTPResponse(status: .ok, headers: [String(parts[0]): String(parts[1]), "X": "y"]), bodyLength: 3, isHTTP11: true,
            connection: .implicit, date: [], to: &buffer)
        let written = (0..<buffer.count).map { buffer.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        #expect(String(decoding: written, as: UTF8.self) == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n")
    }
}
