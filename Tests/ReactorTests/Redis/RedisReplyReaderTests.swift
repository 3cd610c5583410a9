// The reply parser: every kind of reply in every division, and replies that no honest server sends.

@testable import Reactor
import Testing

@Suite struct RedisReplyReaderTests {
    private static let stream =
        "+OK\r\n:-42\r\n$5\r\nhel\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n-WRONGTYPE no such luck\r\n"
        + "*3\r\n:1\r\n*2\r\n$1\r\na\r\n-ERR x\r\n$-1\r\n+\r\n:9223372036854775807\r\n"

    private static let values: [RedisValue] = [
        .status("OK"), .integer(-42), .bytes(Array("hel\r\n".utf8)), .bytes([]), .null, .null, .array([]),
        .error(RedisServerError(code: "WRONGTYPE", message: "no such luck")),
        .array([
            .integer(1), .array([.bytes([0x61]), .error(RedisServerError(code: "ERR", message: "x"))]), .null,
        ]),
        .status(""), .integer(.max),
    ]

    private func read(_ chunks: [[UInt8]], limits: RedisReplyLimits = RedisReplyLimits()) throws(RedisError) -> [RedisValue] {
        let reader = RedisReplyReader(limits: limits)
        var values: [RedisValue] = []
        for chunk in chunks {
            try reader.feed(chunk.span.bytes)
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    private func error(of text: String, limits: RedisReplyLimits = RedisReplyLimits()) -> RedisError? {
        do throws(RedisError) {
            _ = try read([Array(text.utf8)], limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsEveryKindOfReply() throws {
        try #expect(read([Array(Self.stream.utf8)]) == Self.values)
    }

    @Test func readsAByteAtATime() throws {
        try #expect(read(Self.stream.utf8.map { [$0] }) == Self.values)
    }

    @Test func readsAtEverySplit() throws {
        let bytes = Array(Self.stream.utf8)
        for split in 0...bytes.count {
            try #expect(read([Array(bytes[..<split]), Array(bytes[split...])]) == Self.values, "split at \(split)")
        }
    }

    @Test func readsALargeBulkStringInPieces() throws {
        let payload = [UInt8](repeating: 0x78, count: 3_000_000)
        let bytes = Array("$3000000\r\n".utf8) + payload + Array("\r\n+OK\r\n".utf8)
        let chunks = stride(from: 0, to: bytes.count, by: 65_536).map { Array(bytes[$0..<min($0 + 65_536, bytes.count)]) }
        try #expect(read(chunks) == [.bytes(payload), .status("OK")])
    }

    @Test func repairsTextThatIsNotUTF8() throws {
        try #expect(read([[0x2B, 0xFF, 0x0D, 0x0A]]) == [.status("\u{FFFD}")])
        try #expect(read([Array("$1\r\n".utf8) + [0xFF, 0x0D, 0x0A]]) == [.bytes([0xFF])])
    }

    @Test(arguments: [
        "?\r\n", "\r\n", "HTTP/1.1 400 Bad Request\r\n", ":\r\n", ":x\r\n", ":1x\r\n", ":9223372036854775808\r\n",
        "$x\r\n", "$-2\r\n", "$\r\n", "$99999999999999999999\r\n", "*x\r\n", "*-2\r\n", "*2147483648\r\n", "*99999999999999999999\r\n",
        "*1\r\n?\r\n", "%1\r\n", "_\r\n", "#t\r\n", "(1\r\n", ">1\r\n", "\0\r\n",
    ])
    func refusesWhatIsNoReply(text: String) {
        guard case .protocolViolation? = error(of: text) else {
            Issue.record("accepted \(text.debugDescription)")
            return
        }
    }

    @Test func refusesAnArrayThatWouldNotFitInMemory() {
        guard case .protocolViolation(let reason)? = error(of: "*2147483647\r\n") else {
            Issue.record("accepted")
            return
        }
        #expect(reason.contains("elements"))
    }

    @Test func chargesNestedArraysToOneBudget() {
        var limits = RedisReplyLimits()
        limits.maxElements = 100
        #expect(error(of: "*90\r\n" + String(repeating: "*10\r\n", count: 2), limits: limits) != nil)
        #expect(error(of: "*90\r\n" + String(repeating: ":1\r\n", count: 90) + "*90\r\n", limits: limits) == nil)
    }

    @Test func refusesDeepNesting() {
        #expect(error(of: String(repeating: "*1\r\n", count: 100_000)) != nil)
        #expect(error(of: String(repeating: "*1\r\n", count: 5) + ":1\r\n") == nil)
    }

    @Test func refusesAnEndlessLine() throws {
        for byte in [UInt8(ascii: "x"), UInt8(ascii: "\r")] {
            var chunks = [[UInt8(ascii: "+")]]
            for _ in 0..<3 { chunks.append([UInt8](repeating: byte, count: 40_000)) }
            #expect(throws: RedisError.self) { try read(chunks) }
        }
    }

    @Test func refusesMoreBytesThanTheLimit() {
        var limits = RedisReplyLimits()
        limits.maxBytes = 100_000
        let megabyte = String(repeating: "y", count: 1_000_000)
        #expect(error(of: "$1000000\r\n" + megabyte + "\r\n", limits: limits) != nil)
        // Declared, and never sent whole.
        #expect(error(of: "$1000000\r\n" + megabyte.dropLast(500_000), limits: limits) != nil)
        // In many small pieces of one reply.
        let element = "$50000\r\n" + String(repeating: "z", count: 50_000) + "\r\n"
        #expect(error(of: "*3\r\n" + element + element + element, limits: limits) != nil)
    }

    @Test func staysFailedAfterAnError() throws {
        let reader = RedisReplyReader()
        let bad = Array("?".utf8)
        let good = Array("+OK\r\n".utf8)
        try reader.feed(bad.span.bytes)
        #expect(throws: RedisError.self) { try reader.next() }
        #expect(throws: RedisError.self) { try reader.feed(good.span.bytes) }
        #expect(throws: RedisError.self) { try reader.next() }
    }

    @Test func survivesEverySingleByteChanged() {
        // Whatever one flipped byte makes of the stream, it is values or an error, and never the end of the process.
        let bytes = Array(Self.stream.utf8)
        for index in bytes.indices {
            for replacement in [0, 0x0A, 0x0D, 0x24, 0x2A, 0x2B, 0x2D, 0x30, 0x39, 0x3A, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = replacement
                _ = try? read([changed])
            }
        }
    }
}
