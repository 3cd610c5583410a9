// A command on its way to the server, already in the form that goes on the wire. A value; any thread.
//
// hiredis could format it (redisFormatCommandArgv), but wants an array of pointers and an array of lengths, allocates its
// answer with malloc, and has it copied a second time into our write buffer. A RESP array of bulk strings is a header and, per
// argument, a length: writing it here gives the same bytes with one allocation and no pointer.

/// One argument of a command.
public enum RedisArgument: Sendable, ExpressibleByStringLiteral {
    case text(Text)
    case bytes([UInt8])
    case integer(Int)

    public init(stringLiteral value: String) {
        self = .text(value)
    }

    /// The same for a string of the program's own.
    public static func text(_ string: String) -> RedisArgument { .text(Text(string)) }

    /// How much room it takes in a command, at most: two line ends, a dollar sign and a length go with it.
    var wireBytes: Int {
        switch self {
        case .text(let text): text.utf8.count + 16
        case .bytes(let bytes): bytes.count + 16
        case .integer: 32
        }
    }
}

/// A command and its arguments.
public struct RedisCommand: Sendable, CustomStringConvertible {
    /// The command's name, for messages: arguments may be secrets, and are never described.
    public let name: StaticString

    private var argumentCount = 1
    private var body = ByteBuffer()

    /// - Parameters:
    ///   - name: one word, such as `GET`; of a two-word command the second word is the first argument.
    ///   - arguments: binary safe.
    public init(_ name: StaticString, _ arguments: RedisArgument...) {
        self.init(name, arguments)
    }

    public init(_ name: StaticString, _ arguments: [RedisArgument]) {
        self.init(name, reserving: arguments.reduce(0) { $0 + $1.wireBytes })
        for argument in arguments { append(argument) }
    }

    /// - Parameter count: of bytes that its arguments will take; about right is right enough.
    init(_ name: StaticString, reserving count: Int) {
        self.name = name
        body.reserve(32 + count)
        body.append(UInt8(ascii: "$"))
        body.append(decimal: name.utf8CodeUnitCount)
        body.appendLineEnd()
        body.append(name)
        body.appendLineEnd()
    }

    public mutating func append(_ argument: RedisArgument) {
        argumentCount += 1
        body.append(UInt8(ascii: "$"))
        switch argument {
        case .text(let text):
            body.append(decimal: text.utf8.count)
            body.appendLineEnd()
            body.append(text)
        case .bytes(let bytes):
            body.append(decimal: bytes.count)
            body.appendLineEnd()
            body.append(bytes)
        case .integer(let value):
            body.append(decimal: RedisCommand.decimalLength(value))
            body.appendLineEnd()
            body.append(decimal: value)
        }
        body.appendLineEnd()
    }

    /// Appends the command to what a connection is about to write.
    func write(to buffer: inout ByteBuffer) {
        buffer.append(UInt8(ascii: "*"))
        buffer.append(decimal: argumentCount)
        buffer.appendLineEnd()
        buffer.append(body.bytes)
    }

    /// How many bytes `append(decimal:)` writes.
    private static func decimalLength(_ value: Int) -> Int {
        var length = value < 0 ? 2 : 1
        var rest = value.magnitude / 10
        while rest > 0 {
            length += 1
            rest /= 10
        }
        return length
    }

    public var description: String { "\(name) with \(argumentCount - 1) arguments" }
}

extension ByteBuffer {
    fileprivate mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
