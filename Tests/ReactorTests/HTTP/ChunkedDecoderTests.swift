// Chunked bodies: good ones in every division, and what each other kind is refused for.

import Reactor
import Testing

private enum Outcome: Equatable {
    /// The body, and how many bytes behind it were left alone.
    case whole(String, rest: Int)
    case needMore(String)
    case refused(HTTPParseError)
}

/// Decodes `pieces`, one after another.
private func decode(_ pieces: [ArraySlice<UInt8>], limits: HTTPLimits = HTTPLimits()) -> Outcome {
    var decoder = ChunkedDecoder(limits: limits)
    var body: [UInt8] = []
    for (index, piece) in pieces.enumerated() {
        let bytes = Array(piece)
        var position = 0
        while position < bytes.count {
            do throws(HTTPParseError) {
                switch try decoder.next(bytes.span.bytes.extracting(position...)) {
                case .needMore(let consumed):
                    position += consumed
                case .data(let range, let consumed):
                    body += bytes[position + range.lowerBound..<position + range.upperBound]
                    position += consumed
                case .end(let consumed):
                    let rest = bytes.count - position - consumed + pieces[(index + 1)...].reduce(0) { $0 + $1.count }
                    return .whole(String(decoding: body, as: UTF8.self), rest: rest)
                }
            } catch {
                return .refused(error)
            }
        }
    }
    return .needMore(String(decoding: body, as: UTF8.self))
}

private func decode(_ text: String, limits: HTTPLimits = HTTPLimits()) -> Outcome {
    decode([Array(text.utf8)[...]], limits: limits)
}

@Suite struct ChunkedDecoderTests {
    @Test func bodyIsTheSameInEveryDivision() {
        let bytes = Array("5;a=b\r\nhello\r\n00A\r\n, world...\r\n1\r\n!\r\n0\r\nX: y\r\n\r\nGET".utf8)
        let expected = Outcome.whole("hello, world...!", rest: 3)
        #expect(decode([bytes[...]]) == expected)
        for cut in 1..<bytes.count { #expect(decode([bytes[..<cut], bytes[cut...]]) == expected, "cut at \(cut)") }
        #expect(decode(bytes.indices.map { bytes[$0...$0] }) == expected)
    }

    @Test func emptyBodyEndsAtOnce() {
        #expect(decode("0\r\n\r\n") == .whole("", rest: 0))
        #expect(decode("000\r\n\r\nxyz") == .whole("", rest: 3))
    }

    @Test(arguments: ["", "5", "5\r", "5\r\n", "5;a", "5;a=\"", "0", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n"])
    func unfinishedBodyWaits(_ text: String) {
        #expect(decode(text) == .needMore(""))
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-5\r\n", "+5\r\n", " 5\r\n", "0x5\r\n", "0_5\r\n", "5\n", "5\rh", "5h\r\n", ";a\r\n", "5\0\r\n", "5,\r\n",
        "8000000000000000\r\n", "ffffffffffffffff\r\n", "00000000000000001\r\n", "10000000000000000\r\n",
    ])
    func rejectsTheSize(_ text: String) {
        #expect(decode(text) == .refused(.invalidChunkSize))
    }

    @Test func largestSizeDoesNotOverflow() {
        #expect(decode("7fffffffffffffff\r\nabc") == .needMore("abc"))
        #expect(decode("0000000000000001\r\na\r\n0\r\n\r\n") == .whole("a", rest: 0))
    }

    @Test(arguments: ["5\r\nhelloo", "5\r\nhello\n", "5\r\nhello\rx", "5\r\nhello0\r\n\r\n"])
    func chunkEndsWithItsLine(_ text: String) {
        #expect(decode(text) == .refused(.invalidChunkEnd))
    }

    @Test(arguments: [
        ";a", ";a=b", ";a=\"\"", ";a=\"b;\\\"c\\\\\"", ";a;b=c;d", ";a=\"\u{e9}\t\"",
    ])
    func ignoresTheExtension(_ text: String) {
        #expect(decode("5\(text)\r\nhello\r\n0\(text)\r\n\r\n") == .whole("hello", rest: 0))
    }

    @Test(arguments: [
        " ", " ;a", "\t;a", ";\ta", ";a =b", ";a= b", "; a = b", ";a=b ;c", ";", ";;", "; ", ";a;", ";a ", ";=", ";=b", ";a=", ";a= ",
        ";a=b=c", ";a=b c", ";a b", ";a\"b\"", ";a=b\"c\"", ";a=\"b\"c", ";a=\"b\" ", ";a=\"b",
        ";a=\"\\\r", ";a\rb", ";a\nb", ";a=\0", ";a=\u{7F}", ";a=\"\0\"", ";é", ";a=(b)", " 5",
    ])
    func rejectsTheExtension(_ text: String) {
        let outcome = decode("5\(text)\r\nhello\r\n0\r\n\r\n")
        #expect(outcome == .refused(.invalidChunkExtension) || outcome == .refused(.invalidChunkSize))
    }

    @Test func extensionsOfABodyHaveALimitTogether() {
        var limits = HTTPLimits()
        limits.maxChunkExtensionBytes = 10
        #expect(decode("1;abcd\r\na\r\n1;abcd\r\nb\r\n0\r\n\r\n", limits: limits) == .whole("ab", rest: 0))
        #expect(decode("1;abcd\r\na\r\n1;abcd\r\nb\r\n0;\r\n\r\n", limits: limits) == .refused(.chunkExtensionsTooLarge))
        #expect(decode("1;\(String(repeating: "a", count: 20_000))") == .refused(.chunkExtensionsTooLarge))
    }

    @Test func trailersAreReadPast() {
        #expect(decode("0\r\nX: y\r\nZ:\r\n\r\nabc") == .whole("", rest: 3))
    }

    @Test(arguments: ["Transfer-Encoding: chunked", "content-length: 5", "HOST: a", "Connection: close", "Authorization: x", "Trailer: x"])
    func rejectsTheTrailerThatBelongsInTheHead(_ field: String) {
        #expect(decode("0\r\n\(field)\r\n\r\n") == .refused(.forbiddenTrailer))
    }

    private static let trailers: [(String, HTTPParseError)] = [
        ("X : y\r\n", .invalidFieldName), (": y\r\n", .invalidFieldName), ("X\r\n", .invalidFieldName), ("\r\r\n", .invalidFieldName),
        (" X: y\r\n", .foldedField), ("X: y\r\n z\r\n", .foldedField), ("X: y\n", .invalidLineEnding), ("\n", .invalidLineEnding),
        ("X: \0\r\n", .invalidFieldValue), ("X: y\rz\r\n", .invalidFieldValue),
    ]

    @Test(arguments: trailers)
    func rejectsTheTrailer(text: String, expected: HTTPParseError) {
        #expect(decode("0\r\n\(text)\r\n") == .refused(expected))
    }

    @Test func trailerSectionHasALimit() {
        var limits = HTTPLimits()
        limits.maxTrailerBytes = 16
        #expect(decode("0\r\nX: 901234567\r\n\r\n", limits: limits) == .whole("", rest: 0))
        #expect(decode("0\r\nX: 9012345678\r\n\r\n", limits: limits) == .refused(.trailersTooLarge))
        #expect(decode("0\r\nX: 90123456789012", limits: limits) == .refused(.trailersTooLarge))
    }

    @Test func trailerFieldsHaveALimit() {
        let fields = String(repeating: "X: y\r\n", count: HTTPLimits().maxHeaderFields)
        #expect(decode("0\r\n\(fields)\r\n") == .whole("", rest: 0))
        #expect(decode("0\r\n\(fields)X: y\r\n") == .refused(.tooManyFields))
    }
}
