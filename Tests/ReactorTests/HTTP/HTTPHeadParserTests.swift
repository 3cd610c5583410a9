// The request-head parser: what it takes, what it refuses and why, and each of its limits.

import Reactor
import TestSupport
import Testing

private struct Incomplete: Error {}

/// A head that has to be whole and good, and its text.
private func parse(_ text: String, limits: HTTPLimits = HTTPLimits()) throws -> HTTPRequestHead {
    var parser = HTTPHeadParser(limits: limits)
    let bytes = Array(text.utf8)
    guard let length = try parser.parse(bytes.span.bytes) else { throw Incomplete() }
    #expect(length == bytes.count)
    return parser.head
}

private func error(of bytes: [UInt8], limits: HTTPLimits = HTTPLimits()) -> HTTPParseError? {
    var parser = HTTPHeadParser(limits: limits)
    do throws(HTTPParseError) {
        _ = try parser.parse(bytes.span.bytes)
        return nil
    } catch {
        return error
    }
}

private func error(of text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPParseError? {
    error(of: Array(text.utf8), limits: limits)
}

private func slice(_ text: String, _ range: Range<Int>) -> String {
    String(decoding: Array(text.utf8)[range], as: UTF8.self)
}

@Suite struct HTTPHeadParserTests {
    // MARK: Request line

    @Test(arguments: HTTPMethod.allCases.filter { $0 != .connect })
    func knowsTheMethod(_ method: HTTPMethod) throws {
        try #expect(parse("\(method.rawValue) / HTTP/1.1\r\nHost: a\r\n\r\n").method == method)
    }

    private static let targets: [(target: String, path: String, query: String?)] = [
        ("/", "/", nil), ("/a/b", "/a/b", nil), ("/a?b=c", "/a", "b=c"), ("/?", "/", ""), ("/a?b?c/d", "/a", "b?c/d"),
        ("/%41%7e/..;x=1,2", "/%41%7e/..;x=1,2", nil), ("//a", "//a", nil), ("/a[0]|b?c[]={}|^`\\", "/a[0]|b", "c[]={}|^`\\"),
        ("http://a/b?c", "/b", "c"), ("HTTPS://a.b:8443/", "/", nil), ("http://a", "/", nil), ("http://a?b", "/", "b"),
        ("https://a?", "/", ""),
        ("/?%", "/", "%"), ("/a?b=100%&c=%4", "/a", "b=100%&c=%4"), ("/?%g4%", "/", "%g4%"),
        ("http://[::1]:80/x", "/x", nil),
    ]

    @Test(arguments: targets)
    func dividesTheTarget(target: String, path: String, query: String?) throws {
        let text = "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"
        let head = try parse(text)
        #expect(slice(text, head.target) == target)
        #expect(slice(text, head.path) == path)
        #expect(head.query.map { slice(text, $0) } == query)
    }

    @Test func asteriskIsForOptions() throws {
        try #expect(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").method == .options)
        #expect(error(of: "GET * HTTP/1.1\r\nHost: a\r\n\r\n") == .invalidTarget)
    }

    @Test(arguments: [
        "a", "index.html", "**", "*a", "?a", "/a#b", "/%", "/%4", "/%4g", "/\"", "/<a>", "/a\\b", "/{}", "/é", "/\u{7F}", "/a\tb",
        "/\0",
        "http:///", "http://", "http://a@b/", "http://a:b/", "http://a:65536/", "http://[::1/", "http://a/#b", "ftp://a/", "a:80",
        "mailto:a@b",
    ])
    func rejectsTheTarget(_ target: String) {
        #expect(error(of: "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == .invalidTarget)
    }

    @Test func connectIsKnownAndRefused() {
        #expect(error(of: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n") == .noTunnels)
        #expect(error(of: "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n") == .invalidTarget)
    }

    private static let requestLines: [(String, HTTPParseError)] = [
        ("GET", .invalidMethod), ("GET ", .invalidRequestLine), ("GET /", .invalidRequestLine), ("GET HTTP/1.1", .invalidRequestLine),
        ("GET  HTTP/1.1", .invalidRequestLine), ("GET  / HTTP/1.1", .invalidTarget), ("GET /  HTTP/1.1", .invalidTarget),
        ("GET / x HTTP/1.1", .invalidTarget), ("GET / HTTP/1.1 ", .invalidRequestLine), ("GET\t/ HTTP/1.1", .invalidMethod),
        (" GET / HTTP/1.1", .invalidRequestLine), ("G{T / HTTP/1.1", .invalidMethod), ("G\0T / HTTP/1.1", .invalidMethod),
        ("\rGET / HTTP/1.1", .invalidMethod),
        ("get / HTTP/1.1", .unknownMethod), ("GETS / HTTP/1.1", .unknownMethod), ("BREW / HTTP/1.1", .unknownMethod),
        ("GET / HTTQ/1.1", .invalidVersion), ("GET / http/1.1", .invalidVersion), ("GET / HTTP/1,1", .invalidVersion),
        ("GET / HTTP/1.x", .invalidVersion), ("GET / HTTP/11", .invalidRequestLine), ("GET / HTTP/1.11", .invalidRequestLine),
        ("GET / HTTP/2.0", .unsupportedVersion), ("GET / HTTP/0.9", .unsupportedVersion), ("GET / HTTP/1.1\r", .invalidRequestLine),
    ]

    @Test(arguments: requestLines)
    func rejectsTheRequestLine(line: String, expected: HTTPParseError) {
        #expect(error(of: "\(line)\r\nHost: a\r\n\r\n") == expected)
    }

    @Test func higherMinorVersionIsReadAsTheHighestKnown() throws {
        try #expect(parse("GET / HTTP/1.0\r\n\r\n").minorVersion == 0)
        for minor in 1...9 { try #expect(parse("GET / HTTP/1.\(minor)\r\nHost: a\r\n\r\n").minorVersion == 1) }
    }

    @Test func twoBlankLinesAreSkippedAndNoMore() throws {
        try #expect(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").method == .get)
        #expect(error(of: "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == .invalidRequestLine)
        #expect(error(of: "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == .invalidLineEnding)
    }

    // MARK: Fields

    @Test func fieldsStandWhereTheyWereSent() throws {
        let text =
            "GET / HTTP/1.1\r\nhOsT: a\r\nX-Empty:\r\nX-Blank: \t \r\nx-trimmed:\t b  c \t\r\n!#$%&'*+-.^_`|~09: :\r\nx-empty: 2\r\n\r\n"
        let head = try parse(text)
        #expect(head.fields.map { slice(text, $0.name) } == ["hOsT", "X-Empty", "X-Blank", "x-trimmed", "!#$%&'*+-.^_`|~09", "x-empty"])
        #expect(head.fields.map { slice(text, $0.value) } == ["a", "", "", "b  c", ":", "2"])
        let bytes = Array(text.utf8)
        #expect(head.firstField(named: "host", in: bytes.span.bytes).map { slice(text, $0) } == "a")
        #expect(head.allFields(named: "x-empty", in: bytes.span.bytes).map { slice(text, $0) } == ["", "2"])
        #expect(head.firstField(named: "x-none", in: bytes.span.bytes) == nil)
    }

    @Test func valuesMayHoldBytesThatAreNotASCII() {
        let head = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
        for byte in UInt8.min ... .max where byte != 0x0A {
            let isAllowed = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
            #expect(error(of: head + [0x61, byte, 0x62, 0x0D, 0x0A, 0x0D, 0x0A]) == (isAllowed ? nil : .invalidFieldValue), "byte \(byte)")
        }
    }

    @Test func namesAreTokens() {
        let head = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
        let token = Set("!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        for byte in UInt8.min ... .max where byte != 0x0A && byte != 0x3A {
            let expected: HTTPParseError? = token.contains(byte) ? nil : .invalidFieldName
            #expect(error(of: head + [0x78, byte, 0x79] + Array(": z\r\n\r\n".utf8)) == expected, "byte \(byte)")
        }
    }

    private static let fieldLines: [(String, HTTPParseError)] = [
        ("X : y", .invalidFieldName), ("X\t: y", .invalidFieldName), (": y", .invalidFieldName), ("X", .invalidFieldName),
        ("X y: z", .invalidFieldName),
        (" X: y", .foldedField), ("\tX: y", .foldedField), ("X: y\r\n z", .foldedField), ("X: y\nZ: z", .invalidLineEnding),
        ("X: y\rZ: z", .invalidFieldValue), ("X: y\r", .invalidFieldValue), ("\r", .invalidFieldName), ("X: \0", .invalidFieldValue),
    ]

    @Test(arguments: fieldLines)
    func rejectsTheFieldLine(line: String, expected: HTTPParseError) {
        #expect(error(of: "GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n") == expected)
    }

    @Test func bareLineFeedEndsNothing() {
        #expect(error(of: "GET / HTTP/1.1\nHost: a\r\n\r\n") == .invalidLineEnding)
        #expect(error(of: "GET / HTTP/1.1\r\nHost: a\n\r\n") == .invalidLineEnding)
        #expect(error(of: "GET / HTTP/1.1\r\nHost: a\r\n\n") == .invalidLineEnding)
    }

    // MARK: Host

    @Test(arguments: [
        "a", "a:80", "a:", "A-b_c.d~", "127.0.0.1:65535", "[::1]", "[::1]:8080", "[2001:db8::1:2]", "[::ffff:1.2.3.4]", "a%41b",
        "a!$&'()*+,;=",
    ])
    func acceptsTheHost(_ host: String) throws {
        _ = try parse("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        _ = try parse("GET http://\(host)/ HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    @Test(arguments: [
        "", " ", ":80", "a:b", "a:65536", "a:123456", "a:-1", "a:80:80", "a b", "a/b", "a@b", "a,b c", "a?", "a#", "é", "[", "[]", "[::1",
        "::1", "[::1]a",
        "[:]", "[:::]", "[1.2.3.4]", "[abc]", "[1:2:3:4:5:6:7:8:9]", "[fe80::1%25eth0]", "[v1.a]", "a%", "a%4", "a%4g",
        "[00000000000000000000000000000000000000000000000::1]",
    ])
    func rejectsTheHost(_ host: String) {
        #expect(error(of: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .invalidHost)
    }

    @Test func exactlyOneHostInHTTP11() throws {
        #expect(error(of: "GET / HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(error(of: "GET http://a/ HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(error(of: "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n") == .repeatedHost)
        try #expect(parse("GET / HTTP/1.0\r\n\r\n").fields.isEmpty)
        #expect(error(of: "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == .repeatedHost)
    }

    // MARK: Framing

    private static let framings: [(String, HTTPBodyFraming)] = [
        ("X: y", .none), ("Content-Length: 0", .contentLength(0)), ("content-length:42", .contentLength(42)),
        ("Content-Length: 007 \t", .contentLength(7)),
        ("Content-Length: 9223372036854775807", .contentLength(.max)), ("Transfer-Encoding: chunked", .chunked),
        ("transfer-encoding:\tChunKed ", .chunked),
        ("Transfer_Encoding: chunked", .none), ("Content-Lengthy: 1", .none),
    ]

    @Test(arguments: framings)
    func framesTheBody(field: String, framing: HTTPBodyFraming) throws {
        try #expect(parse("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n").framing == framing)
    }

    private static let refusedFramings: [(String, HTTPParseError)] = [
        ("Content-Length:", .invalidContentLength), ("Content-Length: -1", .invalidContentLength),
        ("Content-Length: +1", .invalidContentLength),
        ("Content-Length: 1 0", .invalidContentLength), ("Content-Length: 1_0", .invalidContentLength),
        ("Content-Length: 0x1", .invalidContentLength),
        ("Content-Length: 1.0", .invalidContentLength), ("Content-Length: 5, 5", .invalidContentLength),
        ("Content-Length: ²", .invalidContentLength),
        ("Content-Length: 9223372036854775808", .invalidContentLength), ("Content-Length: 18446744073709551621", .invalidContentLength),
        ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
        ("Content-Length: 5\r\nContent-Length: 6", .repeatedContentLength),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", .contentLengthWithTransferEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0", .contentLengthWithTransferEncoding),
        ("Transfer-Encoding:", .invalidTransferEncoding), ("Transfer-Encoding: ,chunked", .invalidTransferEncoding),
        ("Transfer-Encoding: chunked,", .invalidTransferEncoding), ("Transfer-Encoding: chunked, chunked", .invalidTransferEncoding),
        ("Transfer-Encoding: chunked, gzip", .invalidTransferEncoding), ("Transfer-Encoding: \"chunked\"", .invalidTransferEncoding),
        ("Transfer-Encoding: chunked;q=1", .invalidTransferEncoding), ("Transfer-Encoding: chun ked", .invalidTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .invalidTransferEncoding),
        ("Transfer-Encoding: gzip, chunked", .unknownTransferCoding), ("Transfer-Encoding: identity", .unknownTransferCoding),
        ("Transfer-Encoding: xchunked", .unknownTransferCoding), ("Transfer-Encoding: chunkedx", .unknownTransferCoding),
    ]

    @Test(arguments: refusedFramings)
    func rejectsTheFraming(fields: String, expected: HTTPParseError) {
        #expect(error(of: "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n") == expected)
    }

    @Test func noTransferCodingsInHTTP10() throws {
        #expect(error(of: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == .invalidTransferEncoding)
        try #expect(parse("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n").framing == .contentLength(3))
    }

    @Test func onlyOneExpectationIsKnown() throws {
        try #expect(parse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expectsContinue)
        try #expect(!parse("POST / HTTP/1.1\r\nHost: a\r\n\r\n").expectsContinue)
        try #expect(!parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expectsContinue)
        for value in ["", "200-ok", "100-continue, x"] {
            #expect(error(of: "POST / HTTP/1.1\r\nHost: a\r\nExpect: \(value)\r\n\r\n") == .unknownExpectation)
        }
    }

    // MARK: The connection

    private static let connections: [(minor: Int, values: [String], isKeepAlive: Bool)] = [
        (1, [], true), (0, [], false), (1, ["close"], false), (1, ["Close"], false), (1, ["foo, CLOSE ,bar"], false), (1, ["closed"], true),
        (1, ["keep-alive"], true), (0, ["keep-alive"], true), (0, ["Keep-Alive, x"], true), (0, ["close"], false), (0, ["x"], false),
        (1, ["keep-alive, close"], false), (0, ["close, keep-alive"], false), (0, ["keep-alive", "close"], false),
        (0, ["close", "keep-alive"], false),
        (1, ["close", "keep-alive"], false), (1, ["upgrade"], true), (1, [", ,"], true), (1, [""], true),
    ]

    @Test(arguments: connections)
    func connectionLivesOn(minor: Int, values: [String], isKeepAlive: Bool) throws {
        let fields = values.map { "Connection: \($0)\r\n" }.joined()
        try #expect(parse("GET / HTTP/1.\(minor)\r\nHost: a\r\n\(fields)\r\n").isKeepAlive == isKeepAlive)
    }

    // MARK: Limits

    @Test func requestLineHasALimit() throws {
        let limits = HTTPLimits()
        let frame = "GET / HTTP/1.1\r\n".utf8.count
        let longest = "GET /\(String(repeating: "a", count: limits.maxRequestLineBytes - frame)) HTTP/1.1\r\nHost: a\r\n\r\n"
        try #expect(parse(longest).target.count == limits.maxRequestLineBytes - frame + 1)
        #expect(error(of: longest.replacing("/a", with: "/aa")) == .requestLineTooLong)
        // What is too long need not come to its end.
        #expect(error(of: String(repeating: "a", count: limits.maxRequestLineBytes)) == nil)
        #expect(error(of: String(repeating: "a", count: limits.maxRequestLineBytes + 1)) == .requestLineTooLong)
    }

    @Test func headerSectionHasALimit() throws {
        let limits = HTTPLimits()
        let line = "GET / HTTP/1.1\r\n"
        let frame = "Host: a\r\nX: \r\n\r\n".utf8.count
        let padding = String(repeating: "x", count: limits.maxHeaderBytes - frame)
        try #expect(parse("\(line)Host: a\r\nX: \(padding)\r\n\r\n").fields.count == 2)
        #expect(error(of: "\(line)Host: a\r\nX: \(padding)x\r\n\r\n") == .headerTooLarge)
        #expect(error(of: "\(line)Host: a\r\nX: \(padding)xxxxx") == .headerTooLarge)
    }

    @Test func fieldsHaveALimit() throws {
        let limits = HTTPLimits()
        let fields = (1..<limits.maxHeaderFields).map { "X-\($0): y\r\n" }.joined()
        try #expect(parse("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").fields.count == limits.maxHeaderFields)
        #expect(error(of: "GET / HTTP/1.1\r\nHost: a\r\n\(fields)Z: y\r\n\r\n") == .tooManyFields)
    }

    @Test func placesReachPast64KiBWhereTheLimitsDo() throws {
        var limits = HTTPLimits()
        limits.maxHeaderBytes = 1_000_000
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 100_000))\r\nY: z\r\n\r\n"
        let head = try parse(text, limits: limits)
        #expect(head.fields.map { slice(text, $0.value).count } == [1, 100_000, 1])
    }

    // MARK: In pieces

    @Test func headInPiecesIsTheSameHead() throws {
        let text = "\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        let bytes = Array(text.utf8)
        var parser = HTTPHeadParser()
        for count in 0..<bytes.count { try #expect(parser.parse(bytes.span.bytes.extracting(first: count)) == nil) }
        try #expect(parser.parse(bytes.span.bytes) == bytes.count)
        #expect(slice(text, parser.head.target) == "/a?b")
        #expect(parser.head.framing == .contentLength(3))
        #expect(!parser.head.isKeepAlive)
    }

    @Test func nothingOfOneHeadIsLeftInTheNext() throws {
        var parser = HTTPHeadParser()
        let first = Array("POST /a?b HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".utf8)
        let second = Array("GET / HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        try #expect(parser.parse(first.span.bytes) == first.count)
        parser.reset()
        try #expect(parser.parse(second.span.bytes) == second.count)
        let head = parser.head
        #expect(head.method == .get && head.minorVersion == 1 && head.framing == .none && head.query == nil)
        #expect(head.isKeepAlive && !head.expectsContinue && head.fields.count == 1)
    }

    @Test func whatFollowsTheHeadIsNotTouched() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n\0\nGET".utf8)
        var parser = HTTPHeadParser()
        try #expect(parser.parse(bytes.span.bytes) == bytes.count - 5)
    }

    @Test func whatCannotBecomeARequestIsNotWaitedFor() {
        #expect(error(of: [0x16, 0x03, 0x01]) == .invalidRequestLine)
        #expect(error(of: " ") == .invalidRequestLine)
        #expect(error(of: "GET / HTTP/1.1\r\n ") == .foldedField)
    }

    @Test func lengthDoesNotHideWhatIsWrongWithTheFirstByte() {
        // In pieces the first byte comes first, so whole it has to be what counts too.
        #expect(error(of: " \(String(repeating: "a", count: 9_000))\r\n") == .invalidRequestLine)
        #expect(error(of: "GET / HTTP/1.1\r\n \(String(repeating: "a", count: 17_000))\r\n") == .foldedField)
    }

    @Test func everyErrorHasAStatus() {
        #expect(HTTPParseError.invalidRequestLine.status == .badRequest)
        #expect(HTTPParseError.contentLengthWithTransferEncoding.status == .badRequest)
        #expect(HTTPParseError.unknownMethod.status == .notImplemented)
        #expect(HTTPParseError.unknownTransferCoding.status == .notImplemented)
        #expect(HTTPParseError.unsupportedVersion.status == .httpVersionNotSupported)
        #expect(HTTPParseError.requestLineTooLong.status == .uriTooLong)
        #expect(HTTPParseError.headerTooLarge.status == .requestHeaderFieldsTooLarge)
        #expect(HTTPParseError.unknownExpectation.status == .expectationFailed)
    }
}
