// Parts, delimiters and what stands around them.

import Reactor
import Testing

@Suite struct MultipartParserTests {
    private static let form = """
        --b0undary
        Content-Disposition: form-data; name="title"

        a report
        --b0undary
        Content-Disposition: form-data; name="file"; filename="a.txt"
        Content-Type: text/plain

        one
        --b0undar
        --
        two

        --b0undary--

        """

    @Test func aFormIsTakenApart() {
        let input = MultipartInput(Self.form)
        #expect(input.error == nil)
        #expect(input.hasEnded)
        #expect(
            input.parts == [
                .init(head: MultipartPart(name: "title"), content: Array("a report".utf8), isComplete: true),
                .init(
                    head: MultipartPart(name: "file", filename: "a.txt", contentType: "text/plain"),
                    content: Array("one\r\n--b0undar\r\n--\r\ntwo\r\n".utf8), isComplete: true),
            ])
    }

    @Test func aFormIsTheSameAtEverySplit() {
        let bytes = MultipartInput.bytes("a preamble\n" + Self.form + "an epilogue")
        let whole = MultipartInput(bytes, boundary: MultipartInput.boundary)
        #expect(whole.error == nil)
        #expect(MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: Array(0..<bytes.count)) == whole)
        for first in 0...bytes.count {
            #expect(MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: [first]) == whole, "cut at \(first)")
            for length in 1...3 where first + length <= bytes.count {
                let cuts = [first, first + length]
                #expect(MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: cuts) == whole, "cut at \(cuts)")
            }
        }
    }

    @Test func contentsMayBeEmptyAndEndLikeTheBeginningOfADelimiter() {
        let head = "--b0undary\nContent-Disposition: form-data; name=\"x\"\n\n"
        for content in [
            "", "\r", "\r\n", "\r\n-", "\r\n--", "\r\n--b0undar", "\r\r\n", "\r\n\r\n", "\r\r\n--b\r", "--b0undary", "\n--b0undary",
        ] {
            let bytes = MultipartInput.bytes(head) + Array(content.utf8) + MultipartInput.bytes("\n--b0undary--")
            for cuts in [[], Array(0..<bytes.count)] {
                let input = MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: cuts)
                #expect(input.error == nil, "\(content.debugDescription)")
                #expect(input.parts.map(\.content) == [Array(content.utf8)], "\(content.debugDescription)")
            }
        }
    }

    @Test func whiteSpaceBehindADelimiterIsPadding() {
        let input = MultipartInput("--b0undary \t \nContent-Disposition: form-data; name=\"x\"\n\ny\n--b0undary--")
        #expect(input.error == nil)
        #expect(input.parts.map(\.content) == [Array("y".utf8)])
    }

    @Test func aFormWithoutPartsIsAForm() {
        let input = MultipartInput("--b0undary--\n")
        #expect(input.error == nil)
        #expect(input.hasEnded)
        #expect(input.parts.isEmpty)
    }

    @Test(arguments: [
        "", "--", "nothing of the kind", "--b0undary", "--b0undary\n", "--b0undary-", "--other--",
        "--b0undary\nContent-Disposition: form-data; name=\"x\"\n\n", "--b0undary\nContent-Disposition: form-data; name=\"x\"\n\ny",
        "--b0undary\nContent-Disposition: form-data; name=\"x\"\n\ny\n--b0undary", " --b0undary--",
    ])
    func aBodyWithoutItsLastDelimiterIsRefused(_ body: String) {
        #expect(MultipartInput(body).error == .unexpectedEnd)
    }

    @Test(arguments: ["--b0undaryx", "--b0undary-x", "--b0undary x", "--b0undary\rx", "--b0undary \u{0}"])
    func aDelimiterIsAlone(_ body: String) {
        #expect(MultipartInput(Array(body.utf8), boundary: MultipartInput.boundary).error == .invalidDelimiter)
    }

    @Test func limitsAreKeptToTheByte() {
        var limits = MultipartLimits()
        limits.maxPreambleBytes = 10
        limits.maxEpilogueBytes = 4
        limits.maxPaddingBytes = 3
        limits.maxParts = 2
        let part = "--b0undary\nContent-Disposition: form-data; name=\"x\"\n\ny\n"
        #expect(MultipartInput("1234567890\n--b0undary--", limits: limits).error == nil)
        #expect(MultipartInput("12345678901\n--b0undary--", limits: limits).error == .preambleTooLarge)
        #expect(MultipartInput("--b0undary--1234", limits: limits).error == nil)
        #expect(MultipartInput("--b0undary--12345", limits: limits).error == .epilogueTooLarge)
        #expect(MultipartInput("--b0undary   \n", limits: limits).error == .unexpectedEnd)
        #expect(MultipartInput("--b0undary    \n", limits: limits).error == .invalidDelimiter)
        #expect(MultipartInput(part + part + "--b0undary--", limits: limits).error == nil)
        #expect(MultipartInput(part + part + part + "--b0undary--", limits: limits).error == .tooManyParts)
    }

    @Test func aPreambleIsRefusedBeforeItsEnd() {
        var limits = MultipartLimits()
        limits.maxPreambleBytes = 10
        #expect(MultipartInput(String(repeating: "x", count: 1_000), limits: limits).error == .preambleTooLarge)
    }

    @Test func boundariesAreWhatTheRFCAllows() throws {
        for text in ["a", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "0'()+_,-./:=?", "a b", String(repeating: "x", count: 70)] {
            #expect(throws: Never.self, "\(text)") { try MultipartBoundary(Text(text)) }
        }
        for text in ["", "a ", "é", "a\r", "a\"b", "a;b", String(repeating: "x", count: 71)] {
            #expect(throws: MultipartError.invalidBoundary, "\(text)") { try MultipartBoundary(Text(text)) }
        }
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"), ("multipart/form-data;boundary=\"a b:c\"", "a b:c"),
        ("Multipart/Form-Data; charset=utf-8; BOUNDARY=x", "x"), ("multipart/form-data; boundary=a/b:c=d ; x=y", "a/b:c=d"),
        ("multipart/form-data; boundary=abc;", "abc"), ("multipart/form-data ; ; boundary=abc", "abc"),
    ])
    func boundariesAreFoundInTheContentType(_ contentType: String, _ expected: String) throws {
        try #expect(MultipartBoundary(contentType: Text(contentType)) == MultipartBoundary(Text(expected)))
    }

    @Test(arguments: [
        "multipart/form-data", "", ";boundary=x", "multipart/form-data; boundary", "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=\"a\"b", "multipart/form-data; boundary=a b",
        "multipart/form-data; bound ary=a",
    ])
    func aContentTypeWithoutOneBoundaryIsRefused(_ contentType: String) {
        #expect(throws: MultipartError.missingBoundary) { try MultipartBoundary(contentType: Text(contentType)) }
    }
}
