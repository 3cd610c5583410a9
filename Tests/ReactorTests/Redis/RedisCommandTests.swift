// The bytes of a command.

@testable import Reactor
import Testing

@Suite struct RedisCommandTests {
    private func bytes(_ command: RedisCommand) -> String {
        var buffer = ByteBuffer()
        command.write(to: &buffer)
        return buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    @Test func writesAnArrayOfBulkStrings() {
        #expect(bytes(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(
            bytes(RedisCommand("SET", "k", .bytes([0x61, 0x0D, 0x0A]), "PX", .integer(60_000)))
                == "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\n$2\r\nPX\r\n$5\r\n60000\r\n")
    }

    @Test func countsBytesAndNotCharacters() {
        #expect(bytes(RedisCommand("GET", .text("é"))) == "*2\r\n$3\r\nGET\r\n$2\r\né\r\n")
        #expect(bytes(RedisCommand("GET", "")) == "*2\r\n$3\r\nGET\r\n$0\r\n\r\n")
    }

    @Test(arguments: [0, 9, 10, -1, -10, 1_234_567, Int.max, Int.min])
    func statesTheLengthOfIntegers(value: Int) {
        #expect(bytes(RedisCommand("X", .integer(value))) == "*2\r\n$1\r\nX\r\n$\("\(value)".utf8.count)\r\n\(value)\r\n")
    }

    @Test func describesNoArguments() {
        #expect("\(RedisCommand("AUTH", "hunter2"))" == "AUTH with 1 arguments")
    }
}
